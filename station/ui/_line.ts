// The line to the box: whether it answers, and since when it does not.

import type { ExamClock } from "./_clock";
import { NoAnswer } from "./_queue";

export class Line {
  /** Since when the box has not answered; null while it does. */
  lostSince: Date | null = null;
  /** Monotonic moment when it answered again after a silence. */
  restoredAt = 0;

  constructor(private readonly clock: ExamClock) {}

  /** Any reply means that the box is there; silence is remembered with its time. */
  async heard<T>(question: Promise<T>): Promise<T> {
    try {
      const reply = await question;
      this.there();
      return reply;
    } catch (error) {
      if (error instanceof NoAnswer) this.lostSince ??= new Date(this.clock.now());
      else this.there();
      throw error;
    }
  }

  private there(): void {
    if (this.lostSince) this.restoredAt = performance.now();
    this.lostSince = null;
  }
}
