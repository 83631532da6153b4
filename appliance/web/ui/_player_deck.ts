/** One camera of the player: its video, loaded piece by piece, kept at the player's time. */

import { word } from "./_page";
import { type Alarm, clipAddress, type Films, make, type Piece, placeAt, type Row, timeText } from "./_player_film";
import { damaged } from "./_player_stretch";

const SEEK = 0.5;
/** Seconds off the common time from which a camera is put right at once; below that it runs a little faster or slower. */
const SLACK = 0.03;
const AHEAD = 15_000;
const SHORT = 2000;
/** A film that ends so much before its time was cut from fewer files than there should be. */

export class Deck {
  readonly box = make("figure", "deck");
  piece: Piece | null = null;
  private video = this.fresh();
  private spare: HTMLVideoElement | null = null;
  private spareFor: Piece | null = null;
  private readonly note = make("div", "deck-note");
  private readonly title = make("figcaption");
  private readonly where = make("span");
  /** What the picture of now is besides a picture of then: filled in later, or of a camera something was wrong with. */
  private readonly more = make("span", "deck-more");
  private told = "";
  private broken = false;
  /** Its file is gone or cannot be read, as the page knew or as the player found. */
  private gone = false;
  /** Media time of the picture on the screen. */
  private shown = 0;
  /** Nothing was sought since that picture came. */
  private settled = true;

  constructor(
    private readonly film: Films,
    readonly row: Row,
  ) {
    this.title.append(make("strong", "", row.name), " ", this.where, this.more);
    this.note.hidden = true;
    this.box.append(this.video, this.note, this.title);
  }

  private fresh(): HTMLVideoElement {
    const video = make("video");
    video.muted = true;
    video.playsInline = true;
    video.preload = "auto";
    video.disablePictureInPicture = true;
    const watch = (_now: number, frame: VideoFrameCallbackMetadata): void => {
      if (video === this.video) this.shown = frame.mediaTime;
      if (video === this.video && !video.seeking) this.settled = true;
      video.requestVideoFrameCallback?.(watch);
    };
    video.requestVideoFrameCallback?.(watch);
    video.addEventListener("error", () => video === this.video && void this.fail());
    return video;
  }

  /** Is the candidate (or whatever it is about) in this camera's view? */
  sees(now: number): boolean {
    return this.row.spans.some(([start, end]) => now >= start && now <= end);
  }

  /** Seconds from one picture to the next. */
  get frame(): number {
    return this.piece?.frame ?? 0.04;
  }

  /** The time of the picture that plays. */
  get time(): number {
    return (this.piece?.start ?? 0) + this.video.currentTime * 1000;
  }

  /** The time of the picture on the screen, by the film itself. */
  get pictured(): number {
    return (this.piece?.start ?? 0) + this.shown * 1000;
  }

  /** When the picture of this moment begins; one just sought is not on the screen yet, and is counted from that which is. */
  begins(now: number): number {
    const frame = this.frame * 1000;
    if (Math.abs(this.pictured - this.time) >= 2000) return this.time;
    return this.settled ? this.pictured : this.pictured + Math.floor((now - this.pictured) / frame) * frame;
  }

  get plays(): boolean {
    return this.piece !== null && !this.broken;
  }

  /** Nothing will come of it: it is passed over when no other camera has a picture. */
  get lost(): boolean {
    return this.piece !== null && this.gone;
  }

  get over(): boolean {
    return this.video.ended;
  }

  /** Have the piece of this moment; says what there is instead. */
  load(now: number): void {
    const found = this.row.pieces.find((one) => one.start <= now && now < one.end) ?? this.last(now);
    if (found !== this.piece) this.change(found, now);
    else if (found && this.plays && this.video.ended && found.end - this.time > SHORT) {
      this.gone = true;
      this.stop(word("cut-short", { from: timeText(this.time), to: timeText(found.end) }));
    }
    const place = placeAt(this.row, now);
    if (this.where.textContent !== place) this.where.textContent = place;
    const seen = found && now >= found.end ? found.end - 1 : now;
    const of = (one: Alarm): boolean => one.start <= seen && seen < one.end;
    const bad = (this.row.damaged ?? []).filter(of);
    const alarms = [...this.row.alarms.filter(of), ...bad].map((one) => one.what);
    const more = [...new Set(found?.filled ? [word("filled"), ...alarms] : alarms)].map((one) => ` · ${one}`).join("");
    if (this.more.textContent !== more) this.more.textContent = more;
    this.box.classList.toggle("altered", bad.some((one) => one.altered));
    if (found) return;
    const gap = this.row.gaps.find((one) => one.start <= now && now <= one.end);
    if (gap) this.say(word("gap", { from: timeText(gap.start), to: timeText(gap.end), cause: gap.cause }));
    else this.say(this.sees(now) ? word("later") : word("elsewhere"));
  }

  /** At the very end of what is looked at the last picture stays: it is recorded, only nothing after it is shown. */
  private last(now: number): Piece | null {
    const ends = this.row.spans.some(([, end]) => end === now) && !this.row.gaps.some((one) => one.start <= now && now <= one.end);
    return (ends && this.row.pieces.filter((one) => one.end <= now && now - one.end < 1000).at(-1)) || null;
  }

  private change(piece: Piece | null, now: number): void {
    this.piece = piece;
    this.broken = this.gone = false;
    this.say("");
    this.box.classList.toggle("empty", !piece);
    if (!piece) {
      this.video.pause();
      return;
    }
    if (piece.where) return this.stop(word("disk", { label: piece.where }));
    if (damaged(piece)) {
      this.gone = true;
      return this.stop(word(`lost-${piece.lost || "unreadable"}`, { from: timeText(piece.start), to: timeText(piece.end) }));
    }
    if (piece.codec && !this.video.canPlayType(`video/mp4; codecs="${piece.codec}"`)) {
      this.stop(word("codec", { codec: piece.codec.startsWith("h") ? "H.265" : piece.codec }), piece);
      return;
    }
    if (this.spare && this.spareFor === piece) {
      this.video.replaceWith(this.spare);
      this.video.removeAttribute("src");
      this.video.load();
      this.video = this.spare;
      this.spare = this.spareFor = null;
      if (this.video.error) void this.fail(); // while it was a spare nobody heard of it
    } else {
      this.video.src = clipAddress(this.film, this.row.camera, piece.from, piece.to, piece.run);
    }
    this.video.currentTime = this.within(now);
  }

  private within(now: number): number {
    return Math.max(0, (now - (this.piece?.start ?? 0)) / 1000);
  }

  /** Show the picture of this moment. */
  seek(now: number): void {
    if (this.gone && this.piece && !damaged(this.piece)) this.piece = null; // what lies before the cut can be seen
    this.load(now);
    if (!this.plays) return;
    this.settled = false;
    this.video.currentTime = this.within(now);
  }

  /** Can it go on from here at once? Near its end nothing more will come. */
  ready(now: number): boolean {
    if (this.video.ended || (this.piece && now > this.piece.end - 300)) return true;
    if (this.video.seeking || this.video.readyState < 2) return false;
    if (Math.abs(this.video.currentTime - this.within(now)) > SEEK * Math.max(1, this.video.playbackRate)) {
      this.video.currentTime = this.within(now);
      return false;
    }
    return this.video.readyState >= 3;
  }

  /** Go on at this speed; a camera that is not the leading one closes up to `now`. `heard`: with its sound. */
  run(rate: number, now: number, leads: boolean, heard: boolean): void {
    let speed = rate;
    if (this.video.muted === heard) this.video.muted = !heard;
    const late = this.within(now) - this.video.currentTime;
    if (!leads && Math.abs(late) > SLACK) speed = rate * (1 + Math.max(-0.25, Math.min(0.25, 2 * late)));
    if (Math.abs(this.video.playbackRate - speed) > 0.001) this.video.playbackRate = speed;
    if (this.video.paused && !this.video.ended) void this.video.play().catch(() => undefined);
    this.prepare(now, rate);
  }

  /** Show the picture of this moment when another one is shown. */
  align(now: number): void {
    if (this.plays && Math.abs(this.within(now) - this.video.currentTime) > this.frame) this.seek(now);
  }

  rest(): void {
    if (!this.video.paused) this.video.pause();
  }

  /** The next piece is loaded before it is due: no stop between two pieces. */
  private prepare(now: number, rate: number): void {
    const piece = this.piece;
    if (!piece || piece.end - now > AHEAD * rate) return;
    const next = this.row.pieces.find((one) => one.start >= piece.end - 1 && one.start - piece.end < 2000);
    if (!next || this.spareFor === next || next.where || damaged(next)) return;
    this.spare = this.fresh();
    this.spareFor = next;
    this.spare.src = clipAddress(this.film, this.row.camera, next.from, next.to, next.run);
  }

  private stop(text: string, file?: Piece): void {
    this.broken = true;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.say(text, file);
  }

  /** The browser gave up: the box is asked why. */
  private async fail(): Promise<void> {
    const piece = this.piece;
    if (!piece || this.broken || !this.video.getAttribute("src")) return;
    let text = word("unplayable");
    try {
      const answer = await fetch(this.video.src, { headers: { range: "bytes=0-0", accept: "application/json" } });
      if (!answer.ok) {
        const problem = (await answer.json()) as { detail?: string; title?: string; next?: string };
        text = [problem.title ?? problem.detail ?? text, problem.next ?? ""].join(" ").trim();
      }
    } catch {
      text = word("away");
    }
    if (piece === this.piece) this.stop(text, piece);
  }

  private say(text: string, file?: Piece): void {
    if (text === this.told) return;
    this.told = text;
    this.note.replaceChildren(make("p", "", text));
    this.note.hidden = !text;
    if (!file) return;
    const link = make("a", "button", word("file"));
    link.href = clipAddress(this.film, this.row.camera, file.from, file.to, file.run, "download");
    link.download = "";
    this.note.append(link);
  }
}
