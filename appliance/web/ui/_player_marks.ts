/** The marks as a list: what happened when, each with the way to its record. It follows the player. */

import { word } from "./_page";
import { dayText, type Mark, make, timeText } from "./_player_film";
import { signOf } from "./_player_line";

/** Shown unless somebody wants more: single answers are many. */
const FIRST = ["admission", "refusal", "seat", "deduction", "warning", "violation", "capture", "case", "sitting"];

export class MarkList {
  sorts: Set<string>;
  onSeek: (at: number) => void = () => undefined;
  onSorts: () => void = () => undefined;
  private marks: Mark[] = [];
  private rows: HTMLLIElement[] = [];
  private at = -1;
  private over = false;

  constructor(
    private readonly list: HTMLElement,
    private readonly filter: HTMLElement,
  ) {
    this.sorts = new Set(FIRST);
    list.addEventListener("pointerenter", () => (this.over = true));
    list.addEventListener("pointerleave", () => (this.over = false));
  }

  show(marks: Mark[]): void {
    this.marks = marks;
    const there = [...new Set(marks.map((one) => one.sort))];
    this.filter.replaceChildren(
      ...there.map((sort) => {
        const count = marks.filter((one) => one.sort === sort).length;
        const button = make("button", "sort");
        button.type = "button";
        button.append(signOf(sort), `${word(`sort-${sort}`)} ${count}`);
        button.setAttribute("aria-pressed", String(this.sorts.has(sort)));
        button.addEventListener("click", () => {
          if (!this.sorts.delete(sort)) this.sorts.add(sort);
          button.setAttribute("aria-pressed", String(this.sorts.has(sort)));
          this.draw();
          this.onSorts();
        });
        return button;
      }),
    );
    this.draw();
  }

  private draw(): void {
    let shownDay = "";
    this.rows = this.marks.map((mark) => {
      const row = make("li");
      row.hidden = !this.sorts.has(mark.sort);
      const go = make("button", "mark-at", timeText(mark.at));
      go.type = "button";
      if (dayText(mark.at) !== shownDay) {
        shownDay = dayText(mark.at);
        go.title = shownDay;
      }
      go.addEventListener("click", () => this.onSeek(mark.at));
      const text = make("span", "mark-text");
      text.append(make("strong", "", mark.word));
      for (const more of [mark.who, mark.more]) if (more) text.append(" ", make("span", "soft", more));
      const links = make("span", "mark-links");
      for (const [address, name] of [
        [mark.picture, "picture"],
        [mark.proof, "proof"],
      ] as const) {
        if (!address) continue;
        const link = make("a", "", word(name));
        link.href = address;
        link.target = "_blank";
        link.rel = "noopener";
        links.append(link);
      }
      row.append(go, signOf(mark.sort), text, links);
      return row;
    });
    this.list.replaceChildren(...this.rows);
    if (!this.rows.some((row) => !row.hidden)) this.list.append(make("li", "empty", word("no-marks")));
    this.at = -1;
  }

  /** The last mark before this moment is the one of now. */
  follow(now: number): void {
    let at = -1;
    for (const [number, mark] of this.marks.entries()) if (mark.at <= now + 50 && this.sorts.has(mark.sort)) at = number;
    if (at === this.at) return;
    this.rows[this.at]?.classList.remove("mark-now");
    this.at = at;
    const row = this.rows[at];
    row?.classList.add("mark-now");
    if (row && !this.over && !this.list.contains(document.activeElement)) {
      this.list.scrollTop = row.offsetTop - this.list.clientHeight / 2;
    }
  }

  /** The mark after, or before, a moment. */
  next(now: number, forward: boolean): Mark | undefined {
    const shown = this.marks.filter((one) => this.sorts.has(one.sort));
    return forward ? shown.find((one) => one.at > now + 500) : shown.filter((one) => one.at < now - 1500).at(-1);
  }
}
