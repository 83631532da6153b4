// Time left comes from the box: its last signed-in `now` plus this computer's monotonic time. The wall clock of
// the computer is used only after a reload without the box, and then the time is marked as not proven.

export interface Anchor {
  /** The box's time in milliseconds since 1970. */
  server: number;
  /** The computer's wall clock at that moment, for a reload without the box. */
  wall: number;
}

export interface Clocks {
  monotonic(): number;
  wall(): number;
}

const REAL: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() };

const NOISE = 1000;

export class ExamClock {
  private base = 0;
  private mark = 0;
  private trip = Infinity;
  private set = false;
  private told = 0;
  /** False after a reload without the box: only the wall clock bridges the gap. */
  proven = false;

  constructor(private readonly clocks: Clocks = REAL) {}

  get known(): boolean {
    return this.set;
  }

  /** Take a reply's `now`. `sent` is the monotonic time when its request left. */
  hear(now: string, sent: number): void {
    const received = this.clocks.monotonic();
    const trip = received - sent;
    // A slow reply says less about the time than a quick one; a first or much later one is always taken.
    const quick = trip <= this.trip + 50 || received - this.mark > 30_000;
    if (this.set && this.proven && !quick) return;
    this.base = Date.parse(now) + trip / 2;
    this.mark = received;
    this.trip = trip;
    this.set = true;
    this.proven = true;
  }

  /** Go on from what was kept before a reload. */
  resume(anchor: Anchor): void {
    if (this.set) return;
    this.base = anchor.server + Math.max(0, this.clocks.wall() - anchor.wall);
    this.mark = this.clocks.monotonic();
    this.set = true;
  }

  /** The box's time now, in milliseconds since 1970; the wall clock when nothing is known. */
  now(): number {
    return this.set ? this.base + this.clocks.monotonic() - this.mark : this.clocks.wall();
  }

  /** A moment for an answer. A newer word of the box may set the clock back by a few milliseconds of the line's
   * noise: what is made later still never bears an earlier time. A clock that was truly set back is followed. */
  iso(): string {
    const now = this.now();
    this.told = now < this.told && this.told - now < NOISE ? this.told : now;
    return new Date(this.told).toISOString();
  }

  anchor(): Anchor {
    return { server: this.now(), wall: this.clocks.wall() };
  }

  /** Whole seconds until a moment, never below 0. */
  until(moment: string): number {
    return Math.max(0, Math.ceil((Date.parse(moment) - this.now()) / 1000));
  }
}

/** 5025 -> "1:23:45", 65 -> "01:05". */
export function clockFace(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
