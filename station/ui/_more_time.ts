// Minutes the invigilator gave while the exam ran: said once, calmly. What a pause gives back is no gift.

import type { Attempt } from "./_wire";

const SHOWN = 20_000;
const LEAST = 30_000;

export class MoreTime {
  private before: Attempt | null = null;
  private minutes = 0;
  private until = -Infinity;

  /** Take what the box said; `now`: monotonic milliseconds. */
  follow(view: Attempt, now: number): void {
    const before = this.before;
    this.before = { ...view }; // the page itself moves the end of the one it keeps
    const ran = (one: Attempt | null) => one?.phase === "running" && !one.around?.paused && one.attempt === view.attempt;
    if (!before || !ran(before) || !ran(view)) return;
    const more = Date.parse(view.deadline) - Date.parse(before.deadline);
    if (more < LEAST) return;
    this.minutes = this.told(now) + Math.round(more / 60_000);
    this.until = now + SHOWN;
  }

  /** The minutes to tell of at this moment; 0 = none. */
  told(now: number): number {
    return now < this.until ? this.minutes : 0;
  }
}

/** Of this page: the paper and the pause show it what the box said. */
export const moreTime = new MoreTime();
