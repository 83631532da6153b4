/** Several cameras in step: one time, one speed. The first camera with a picture leads, the others keep to it. */

import { Deck } from "./_player_deck";
import type { Films, Visit } from "./_player_film";
import { damaged } from "./_player_stretch";

export const SPEEDS = [0.5, 1, 2, 4, 8];
const TOGETHER = 4;
/** As many cameras play at once. */
const LAST = 20;
/** So near its end a visit is over. */
const PATIENCE = 300;

export class Player {
  now: number;
  playing = false;
  /** Is the leading camera heard? */
  sound = false;
  rate = 1;
  decks: Deck[] = [];
  hidden = new Set<string>();
  /** Told after every step: the time, and whether it waits for pictures. */
  onStep: (waits: boolean) => void = () => undefined;
  onSkip: (from: number, to: number) => void = () => undefined;
  visit: Visit;
  private lead: string | null = null;
  private waitsSince = 0;
  private stage: string[] = [];

  constructor(
    private readonly film: Films,
    private readonly place: HTMLElement,
    visit: Visit,
    at: number,
  ) {
    this.visit = visit;
    this.now = at;
    this.show(visit, at);
    const turn = (): void => {
      this.step();
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  /** Another visit. */
  show(visit: Visit, at: number): void {
    for (const deck of this.decks) deck.rest();
    this.visit = visit;
    this.decks = visit.rows.map((row) => new Deck(this.film, row));
    this.place.replaceChildren();
    this.stage = [];
    this.seek(at);
  }

  seek(at: number): void {
    this.now = Math.max(this.visit.start, Math.min(at, this.visit.end));
    for (const deck of this.active()) deck.seek(this.now);
    this.onStep(false);
  }

  toggle(on = !this.playing): void {
    if (on && this.now >= this.visit.end - 50) this.seek(this.visit.start);
    const stops = this.playing && !on;
    this.playing = on;
    if (!on) for (const deck of this.decks) deck.rest();
    // Whoever stops to look sees the same moment on every camera, and its time; whoever goes on begins with it.
    const lead = this.active().find((one) => one.plays);
    if (stops && lead && this.now < this.visit.end - LAST) return this.seek(lead.begins(lead.time) + 0.5 * lead.frame * 1000);
    for (const deck of this.active()) deck.align(this.now);
    this.onStep(false);
  }

  faster(by: number): void {
    const at = SPEEDS.indexOf(this.rate);
    this.rate = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + by))] ?? 1;
    this.onStep(false);
  }

  /** One picture forward or back. */
  frame(forward: boolean): void {
    this.toggle(false);
    const deck = this.active().find((one) => one.plays);
    if (!deck) return;
    // The middle of the next picture: wherever its edges truly lie, it is that one which is shown.
    this.seek(deck.begins(this.now) + (forward ? 1.5 : -0.5) * deck.frame * 1000);
  }

  /** The camera that is shown large. */
  enlarge(camera: string): void {
    this.lead = this.lead === camera ? null : camera;
    this.lay(true);
  }

  /** Show a camera or not. */
  choose(camera: string): void {
    if (!this.hidden.delete(camera)) this.hidden.add(camera);
    this.seek(this.now);
  }

  /** Cameras that saw it now and have no room on the stage. */
  get more(): number {
    return this.seeing().length - TOGETHER;
  }

  private seeing(): Deck[] {
    return this.decks.filter((deck) => deck.sees(this.now) && !this.hidden.has(deck.row.camera));
  }

  private active(): Deck[] {
    const found = this.seeing();
    const first = found.findIndex((deck) => deck.row.camera === this.lead);
    if (first > 0) found.unshift(...found.splice(first, 1));
    return found.slice(0, TOGETHER);
  }

  /** The cameras that see it now stand on the stage; the others rest. */
  private lay(always = false): Deck[] {
    const found = this.active();
    const names = found.map((deck) => deck.row.camera);
    if (always || names.join() !== this.stage.join()) {
      for (const deck of this.decks) if (!found.includes(deck)) deck.rest();
      for (const [number, deck] of found.entries()) {
        const there = this.place.children[number];
        if (there !== deck.box) this.place.insertBefore(deck.box, there ?? null);
        deck.box.classList.toggle("large", number === 0 && (found.length === 3 || this.lead === deck.row.camera));
      }
      while (this.place.children.length > found.length) this.place.lastElementChild?.remove();
      this.place.dataset.count = String(found.length);
      this.stage = names;
    }
    return found;
  }

  private step(): void {
    const decks = this.lay();
    for (const deck of decks) deck.load(this.now);
    if (!this.playing) {
      for (const deck of decks) deck.rest();
      return;
    }
    const able = decks.filter((deck) => deck.plays);
    const lead = able[0];
    // What this browser cannot show, or a disk that is away, is not passed over in silence.
    if (!lead) return decks.some((deck) => deck.piece && !deck.lost) ? this.toggle(false) : this.skip();
    if (!able.every((deck) => deck.ready(this.now))) {
      for (const deck of able) deck.rest();
      this.waitsSince ||= performance.now();
      this.onStep(performance.now() - this.waitsSince > PATIENCE);
      return;
    }
    this.waitsSince = 0;
    for (const deck of able) deck.run(this.rate, this.now, deck === lead, this.sound && deck === lead);
    const end = lead.piece?.end ?? this.now;
    this.now = lead.over ? end : Math.max(this.now, Math.min(lead.time, end));
    if (this.now >= this.visit.end - LAST) this.toggle(false);
    this.onStep(false);
  }

  /** Nobody has a picture of now: on to the next moment of which there is one. */
  private skip(): void {
    const shown = this.decks.filter((deck) => !this.hidden.has(deck.row.camera));
    const starts = shown.flatMap((deck) =>
      deck.row.spans.flatMap(([from, to]) =>
        deck.row.pieces.filter((one) => one.end > from && one.start < to && !one.where && !damaged(one)).map((one) => Math.max(one.start, from)),
      ),
    );
    const next = Math.min(...starts.filter((one) => one > this.now));
    if (!Number.isFinite(next)) {
      this.toggle(false);
      return;
    }
    if (next - this.now > 1000) this.onSkip(this.now, next);
    this.seek(next);
  }
}
