/** The marks as a list: what happened when, each with the way to its record. It follows the player. */

import { word } from "./_page";
import { dayText, type Mark, make, second, timeText } from "./_player_film";
import { signOf } from "./_player_line";

const SOON = 15_000;
/** What happens so soon is in the list's view, too: whoever comes for a case begins shortly before it. */

/** Shown unless somebody wants more: single answers are many. */
const FIRST = ["admission", "refusal", "seat", "deduction", "warning", "violation", "capture", "case", "sitting"];

export class MarkList {
  sorts: Set<string>;
  onSeek: (at: number) => void = () => undefined;
  onSorts: () => void = () => undefined;
  private marks: Mark[] = [];
  private rows: HTMLLIElement[] = [];
  private at = -1;
  private now = 0;
  private over = false;

  constructor(
    private readonly list: HTMLElement,
    private readonly filter: HTMLElement,
  ) {
    this.sorts = new Set(FIRST);
    list.addEventListener("pointerenter", () => (this.over = true));
    list.addEventListener("pointerleave", () => (this.over = false));
    new ResizeObserver(() => this.scroll()).observe(list); // it has what the files below leave
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
      go.addEventListener("click", () => this.onSeek(second(mark.at)));
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
    this.now = now;
    let at = -1;
    for (const [number, mark] of this.marks.entries()) if (second(mark.at) <= now + 50 && this.sorts.has(mark.sort)) at = number;
    if (at === this.at) return;
    this.rows[this.at]?.classList.remove("mark-now");
    this.at = at;
    this.rows[at]?.classList.add("mark-now");
    this.scroll();
  }

  /** The mark of now and what comes soon are in view, unless somebody looks for something in the list. */
  private scroll(): void {
    const row = this.rows[this.at];
    if (!row || this.over || this.list.contains(document.activeElement)) return;
    const until = this.now + SOON;
    const soon = this.rows.filter((one, number) => !one.hidden && number > this.at && (this.marks[number]?.at ?? until) < until).at(-1) ?? row;
    const middle = row.offsetTop - this.list.clientHeight / 2;
    this.list.scrollTop = Math.max(middle, soon.offsetTop + soon.offsetHeight - this.list.clientHeight);
  }

  /** The mark after, or before, a moment. */
  next(now: number, forward: boolean): Mark | undefined {
    const shown = this.marks.filter((one) => this.sorts.has(one.sort));
    return forward ? shown.find((one) => second(one.at) > now + 500) : shown.filter((one) => second(one.at) < now - 1500).at(-1);
  }
}
