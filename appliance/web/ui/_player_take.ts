/** What can be taken away of the chosen time: a file for each camera and unbroken stretch, and how it is verified elsewhere. */

import { word } from "./_page";
import { clipAddress, dayText, type Films, make, timeText, type Visit } from "./_player_film";
import { filmed, saw, splinter, stretches, unreadable } from "./_player_stretch";

const LONGEST = 30 * 60_000;
/** Longer ones go into a package. */
/** The name the box gives the file (appliance/web/media.py). */
function fileName(camera: string, from: number, again: number): string {
  const which = again ? `-again${again > 1 ? again : ""}` : "";
  return `${camera}-${dayText(from).replaceAll("-", "")}-${timeText(from).replaceAll(":", "")}${which}.mp4`;
}

/** Links of one sort. */
class Links {
  readonly box = make("div", "files");
  readonly all: HTMLAnchorElement[] = [];

  /** The link of this number: the same element as before, or a new one. */
  at(number: number): HTMLAnchorElement {
    const there = this.all[number];
    if (there) return there;
    const made = make("a", number ? "button" : "button primary");
    made.download = "";
    this.all.push(made);
    this.box.append(made);
    return made;
  }

  end(count: number): void {
    for (const link of this.all.splice(count)) link.remove();
  }
}

export class Take {
  private readonly links = { download: new Links(), copy: new Links() };
  private readonly said = make("p", "small");
  private chosen = "";

  constructor(
    private readonly film: Films,
    files: HTMLElement,
    copies: HTMLElement,
    private readonly part: HTMLElement,
    private readonly count: HTMLElement,
    /** How the file pressed last is verified; it stands below the files, which scroll, and is always seen whole. */
    private readonly proof: HTMLElement,
  ) {
    files.append(this.said, this.links.download.box); // what is missing is read before a file is taken for all of it
    copies.append(this.links.copy.box);
    for (const place of [files, copies]) {
      place.addEventListener("click", (event) => {
        const link = (event.target as Element).closest("a");
        if (link?.dataset.file) this.tell((this.chosen = link.dataset.file));
      });
    }
  }

  /** Links stay the same elements while their time moves on: one that is being pressed must not go. */
  show(visit: Visit, hidden: ReadonlySet<string>, from: number, to: number): void {
    this.part.textContent = `${timeText(from)} – ${timeText(to)}`;
    let count = 0;
    const notes: string[] = [];
    const rows = to - from > LONGEST ? [] : visit.rows.filter((row) => !hidden.has(row.camera));
    for (const row of rows) {
      const again = filmed(rows, row);
      const bad = (row.damaged ?? []).filter((one) => one.start < to && one.end > from);
      for (const one of stretches(row, from, to)) {
        if (splinter(one, from, to)) continue;
        const whole = one.from - from < 1000 && to - one.to < 1000;
        const times = whole ? "" : ` ${timeText(one.from)} – ${timeText(one.to)}`;
        for (const how of ["download", "copy"] as const) {
          const link = this.links[how].at(count);
          link.href = clipAddress(this.film, row.camera, new Date(one.from).toISOString(), new Date(one.to).toISOString(), one.run, how) + (again ? `&again=${again}` : "");
          link.dataset.file = (how === "copy" ? "copy-" : "") + fileName(row.camera, one.from, again);
          const wrong = bad.filter((at) => at.start < one.to && at.end > one.from);
          const text = [`${row.name} · ${word(how)}${times}`, ...new Set(wrong.map((at) => at.what))].join(" · ");
          link.dataset.text = text;
          link.classList.toggle("altered", wrong.some((at) => at.altered));
        }
        count += 1;
      }
      if (!saw(row, from, to)) continue;
      const tell = (key: string, start: number, end: number, more: Record<string, string> = {}): void => {
        notes.push(`${row.name}: ${word(key, { from: timeText(start), to: timeText(end), ...more })}`);
      };
      for (const gap of row.gaps) if (gap.start < to && gap.end > from) tell("gap", gap.start, gap.end, { cause: gap.cause });
      for (const [start, end, why] of unreadable(row, from, to)) tell(`lost-${why}`, start, end);
      for (const one of bad) if (!unreadable(row, one.start, one.end).length) tell(one.altered ? "altered" : "found", one.start, one.end, { what: one.what });
      for (const one of row.alarms) if (one.start < to && one.end > from) tell("alarm", one.start, one.end, { what: one.what });
    }
    for (const links of Object.values(this.links)) {
      links.end(count);
      for (const [number, link] of links.all.entries()) {
        // Each says of how many it is one: the list is short, what lies below its edge is not seen.
        const text = (count > 1 ? `${number + 1}/${count} · ` : "") + link.dataset.text;
        if (link.textContent !== text) link.textContent = text;
      }
    }
    if (to - from > LONGEST) notes.push(word("long"));
    else if (!count) notes.push(word("nothing"));
    this.said.textContent = notes.join("\n");
    this.count.textContent = count ? word("count", { count: String(count) }) : "";
    const known = Object.values(this.links).flatMap((links) => links.all);
    if (!known.some((one) => one.dataset.file === this.chosen)) this.tell(known[0]?.dataset.file ?? "");
  }

  private tell(file: string): void {
    this.proof.hidden = !file;
    const command = this.proof.querySelector("code");
    if (command) command.textContent = file ? `examsite recordings verify-clip ${file} --authority authority.pem` : "";
  }
}
