// How many pictures of a seat gave way to newer ones because too many waited for the box: told to it once it is back.

const PLACE = "captures-dropped";

export interface Count {
  attempt: string;
  lease: number;
  count: number;
}

export class Dropped {
  private counts: (Count & { told: number })[] = [];

  constructor() {
    try {
      this.counts = JSON.parse(localStorage.getItem(PLACE) ?? "[]") as (Count & { told: number })[];
    } catch {
      this.counts = [];
    }
  }

  add({ attempt, lease }: { attempt: string; lease: number }): void {
    const known = this.counts.find((one) => one.attempt === attempt && one.lease === lease);
    if (known) known.count += 1;
    else this.counts.push({ attempt, lease, count: 1, told: 0 });
    this.keep();
  }

  /** What the box has not heard. */
  untold(): Count[] {
    return this.counts
      .filter((one) => one.count > one.told)
      .map(({ attempt, lease, count }) => ({ attempt, lease, count }));
  }

  told(count: Count): void {
    for (const one of this.counts) {
      if (one.attempt === count.attempt && one.lease === count.lease) one.told = count.count;
    }
    this.counts = this.counts.slice(-4); // of the candidates before nothing is asked any more
    this.keep();
  }

  private keep(): void {
    try {
      localStorage.setItem(PLACE, JSON.stringify(this.counts));
    } catch {
      // Without local storage it is told from memory.
    }
  }
}
