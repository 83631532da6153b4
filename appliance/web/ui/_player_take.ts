/** What can be taken away of the chosen time: a file for each camera and unbroken stretch, and how it is verified elsewhere. */

import { word } from "./_page";
import { clipAddress, dayText, type Films, make, type Row, timeText, type Visit } from "./_player_film";

const LONGEST = 30 * 60_000;
/** Longer ones go into a package. */
const JOINED = 1500;
/** Pieces of one connection that are not further apart follow one another. */

interface Stretch {
  from: number;
  to: number;
  run: string;
}

/** What a camera has of a time, without a hole. What lies on a disk that is away cannot be taken now. */
export function stretches(row: Row, from: number, to: number): Stretch[] {
  const found: Stretch[] = [];
  for (const piece of row.pieces) {
    const [first, last] = [Math.max(from, piece.start), Math.min(to, piece.end)];
    if (first >= last || piece.where) continue;
    const before = found.at(-1);
    if (before && before.run === (piece.run ?? "") && first - before.to < JOINED) before.to = last;
    else found.push({ from: first, to: last, run: piece.run ?? "" });
  }
  return found;
}

/** The name the box gives the file (appliance/web/media.py). */
function fileName(camera: string, from: number): string {
  return `${camera}-${dayText(from).replaceAll("-", "")}-${timeText(from).replaceAll(":", "")}.mp4`;
}

export class Take {
  private links: HTMLAnchorElement[] = [];
  private readonly files = make("div", "files");
  private readonly said = make("div", "small");
  private readonly command = make("code");
  private chosen = "";

  constructor(
    private readonly film: Films,
    place: HTMLElement,
    private readonly part: HTMLElement,
  ) {
    const proof = make("p", "small proof", word("verify"));
    proof.append(make("br"), this.command);
    place.append(this.files, this.said, proof);
    this.files.addEventListener("click", (event) => {
      const link = (event.target as Element).closest("a");
      if (link?.dataset.file) this.tell((this.chosen = link.dataset.file));
    });
  }

  /** Links stay the same elements while their time moves on: one that is being pressed must not go. */
  show(visit: Visit, hidden: ReadonlySet<string>, from: number, to: number): void {
    this.part.textContent = `${timeText(from)} – ${timeText(to)}`;
    let count = 0;
    const notes: string[] = [];
    const rows = to - from > LONGEST ? [] : visit.rows.filter((row) => !hidden.has(row.camera));
    for (const row of rows) {
      const parts = stretches(row, from, to);
      for (const one of parts) {
        const whole = one.from - from < 1000 && to - one.to < 1000;
        const times = whole ? "" : ` ${timeText(one.from)} – ${timeText(one.to)}`;
        for (const how of ["download", "copy"] as const) {
          const link = this.link(count++);
          link.className = count === 1 ? "button primary" : "button";
          link.href = clipAddress(this.film, row.camera, new Date(one.from).toISOString(), new Date(one.to).toISOString(), one.run, how);
          link.dataset.file = (how === "copy" ? "copy-" : "") + fileName(row.camera, one.from);
          const text = `${row.name} · ${word(how)}${times}`;
          if (link.textContent !== text) link.textContent = text;
        }
      }
      for (const gap of row.gaps.filter((at) => parts.length && at.start < to && at.end > from)) {
        notes.push(`${row.name}: ${word("gap", { from: timeText(gap.start), to: timeText(gap.end), cause: gap.cause })}`);
      }
    }
    for (const link of this.links.splice(count)) link.remove();
    if (to - from > LONGEST) notes.push(word("long"));
    else if (!count) notes.push(word("nothing"));
    this.said.textContent = notes.join(" ");
    if (!this.links.some((one) => one.dataset.file === this.chosen)) this.tell(this.links[0]?.dataset.file ?? "");
  }

  private link(number: number): HTMLAnchorElement {
    const there = this.links[number];
    if (there) return there;
    const made = make("a");
    made.download = "";
    this.links.push(made);
    this.files.append(made);
    return made;
  }

  private tell(file: string): void {
    this.command.textContent = file ? `examsite recordings verify-clip ${file} --authority authority.pem` : "";
  }
}
