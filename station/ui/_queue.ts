// The off-line queue of one (attempt, lease): a change is kept first, numbered last + 1, sent in order, and
// counts as delivered only when the box has acknowledged it. No browser in here: it is tested by node.

import type { Change } from "./_wire";

/** The box is at another place in the row: it wants number `expected` next. */
export class StaleRow extends Error {
  constructor(readonly expected: number) {
    super(`expected ${expected}`);
  }
}

/** No answer from the box: cable, box or a proxy in between. Everything else is an answer. */
export class NoAnswer extends Error {}

export interface Port {
  /** Make a change durable. Rejects when this computer cannot keep it. */
  keep(change: Change): Promise<void>;
  /** Kept changes with n > after, in order, at most `limit`. */
  after(after: number, limit: number): Promise<Change[]>;
  /** Remember that everything up to n is committed at the box. */
  acknowledged(n: number): Promise<void>;
  /** Send a batch; resolves with the last number the box has committed. */
  send(batch: Change[]): Promise<number>;
  /** Wait before trying again. Tests pass their own. */
  pause(milliseconds: number): Promise<void>;
  /** Called after every change of state. */
  changed(): void;
}

export const BATCH = 200;
const WAITS = [1000, 2000, 3000, 5000];

export class Queue {
  /** Changes this computer could not make durable; they are sent from memory. */
  private loose: Change[] = [];
  private making = 0;
  private keeping: Promise<unknown> = Promise.resolve();
  private running: Promise<void> | null = null;
  private failures = 0;
  private wake: (() => void) | null = null;
  private stopped = false;
  /** The box did not answer the last time. */
  unreachable = false;
  /** What the box said when it refused the last batch; null when it did not. */
  refusal: Error | null = null;

  constructor(
    private readonly port: Port,
    public last: number,
    public acked: number,
  ) {}

  get unsent(): number {
    return this.last - this.acked;
  }

  /** Changes made that the box has not acknowledged, those included that are only being kept. */
  get unsettled(): number {
    return this.unsent + this.making;
  }

  get storageFailed(): boolean {
    return this.loose.length > 0;
  }

  /** Keep one change and start sending. Resolves when it is kept (not when it is sent). */
  put(position: number, value: string, at: string, proven = true): Promise<Change> {
    this.making += 1;
    const kept = this.keeping.then(async () => {
      const change: Change = { n: this.last + 1, position, value, at, ...(proven ? {} : { proven }) };
      try {
        await this.port.keep(change);
      } catch {
        this.loose.push(change);
      }
      this.last = change.n;
      this.making -= 1;
      this.port.changed();
      this.kick();
      return change;
    });
    this.keeping = kept;
    return kept;
  }

  /** Send now if anything is unsent; also cuts a waiting pause short. */
  kick(): void {
    this.wake?.();
    if (!this.running && !this.stopped && this.unsent > 0) {
      this.running = this.deliver().finally(() => {
        this.running = null;
        if (this.unsent > 0 && !this.stopped) this.kick();
      });
    }
  }

  /** The box holds only up to n (it was restored): send again from there. */
  rewind(n: number): void {
    if (n < this.acked) {
      this.acked = Math.max(0, n);
      this.kick();
    }
  }

  /** Resolves when nothing is kept unsent, or the queue was stopped. */
  async drained(): Promise<void> {
    await this.keeping;
    this.kick();
    while (this.running) await this.running;
  }

  stop(): void {
    this.stopped = true;
    this.wake?.();
  }

  private async batch(): Promise<Change[]> {
    const kept = await this.port.after(this.acked, BATCH).catch(() => [] as Change[]);
    const rest = this.loose.filter((c) => c.n > this.acked);
    const row = [...kept, ...rest].sort((a, b) => a.n - b.n);
    return row.filter((c, i) => c.n === this.acked + 1 + i).slice(0, BATCH);
  }

  private async deliver(): Promise<void> {
    while (this.unsent > 0 && !this.stopped) {
      const batch = await this.batch();
      if (batch.length === 0) {
        await this.wait();
        continue;
      }
      try {
        const n = await this.port.send(batch);
        // A reply never takes an acknowledgement back, and never speaks of changes that were not made.
        this.acked = Math.max(this.acked, Math.min(n, this.last));
        this.failures = 0;
        this.unreachable = false;
        this.refusal = null;
        await this.port.acknowledged(this.acked).catch(() => undefined);
        this.loose = this.loose.filter((c) => c.n > this.acked);
        this.port.changed();
        if (n < batch[0].n) await this.wait();
      } catch (error) {
        if (error instanceof StaleRow && error.expected >= 1 && error.expected <= this.last + 1) {
          // The box is behind (restored) or ahead (a reply was lost): go on exactly where it wants.
          const before = this.acked;
          this.acked = error.expected - 1;
          if (this.acked > before) await this.port.acknowledged(this.acked).catch(() => undefined);
          if (this.acked === before) await this.wait();
          this.port.changed();
          continue;
        }
        this.unreachable = error instanceof NoAnswer;
        this.refusal = this.unreachable ? null : (error as Error);
        this.port.changed();
        await this.wait();
      }
    }
  }

  private async wait(): Promise<void> {
    const time = WAITS[Math.min(this.failures, WAITS.length - 1)];
    this.failures += 1;
    await Promise.race([
      this.port.pause(time),
      new Promise<void>((resolve) => {
        this.wake = resolve;
      }),
    ]);
    this.wake = null;
  }
}
