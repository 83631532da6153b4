// The off-line queue against a model of the box: random faults, every acknowledged change exactly once, in order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NoAnswer, Queue, StaleRow, type Port } from "../../../station/ui/_queue";
import type { Change } from "../../../station/ui/_wire";

/** Small seeded random numbers (mulberry32): a failing run can be repeated by its seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The box's rule (appliance/flow/save_answers.py): n = last + 1, a replay is skipped, a hole is stale. */
class Box {
  last = 0;
  committed: Change[] = [];
  take(batch: Change[]): number {
    let last = this.last;
    const fresh: Change[] = [];
    for (const change of batch) {
      if (change.n <= last) continue;
      if (change.n !== last + 1) throw new StaleRow(last + 1);
      fresh.push(change);
      last = change.n;
    }
    this.committed.push(...fresh);
    this.last = last;
    return last;
  }
}

class Disk {
  rows: Change[] = [];
  acked = 0;
}

function port(disk: Disk, box: Box, random: () => number, faults: number): Port {
  const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    async keep(change) {
      await tick();
      if (random() < faults / 10) throw new Error("disk full");
      disk.rows.push(change);
    },
    async after(after, limit) {
      await tick();
      return disk.rows.filter((row) => row.n > after).slice(0, limit);
    },
    async acknowledged(n) {
      disk.acked = n;
    },
    async send(batch) {
      await tick();
      if (random() < faults) throw new NoAnswer("cable");
      if (random() < faults / 4) throw new Error("refused for a while");
      const n = box.take(batch);
      await tick();
      if (random() < faults) throw new NoAnswer("reply lost");
      return n;
    },
    pause: tick,
    changed() {},
  };
}

test("random outages, lost replies and reloads: every change once and in order", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = numbers(seed);
    const box = new Box();
    const disk = new Disk();
    const made: Change[] = [];
    const faults = random() * 0.6;
    let queue = new Queue(port(disk, box, random, faults), 0, 0);
    for (let i = 0; i < 40; i++) {
      const position = 1 + Math.floor(random() * 10);
      const value = "ABCD"[Math.floor(random() * 4)];
      const put = queue.put(position, value, `t${i}`);
      if (random() < 0.5) await put;
      made.push({ n: made.length + 1, position, value, at: `t${i}` });
      if (random() < 0.08) {
        await put;
        if (!queue.storageFailed) {
          // The page is reloaded: only the disk and the box remain.
          queue.stop();
          await queue.drained();
          queue = new Queue(port(disk, box, random, faults), Math.max(made.length, box.last), Math.min(disk.acked, box.last));
          queue.kick();
        }
      }
    }
    await queue.drained();
    assert.equal(queue.unsent, 0, `seed ${seed}`);
    assert.deepEqual(box.committed, made, `seed ${seed}`);
  }
});

test("a restored box that knows less gets everything again from where it stands", async () => {
  const box = new Box();
  const disk = new Disk();
  const queue = new Queue(port(disk, box, () => 1, 0), 0, 0);
  for (let i = 1; i <= 10; i++) await queue.put(i, "A", "t");
  await queue.drained();
  box.committed = box.committed.slice(0, 4);
  box.last = 4;
  queue.rewind(4);
  await queue.drained();
  assert.deepEqual(box.committed.map((c) => c.n), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  // Without being told it learns by the refusal of a hole.
  box.committed = [];
  box.last = 0;
  await queue.put(3, "B", "t");
  await queue.drained();
  assert.equal(box.committed.length, 11);
});

test("nothing is sent before it is kept", async () => {
  const box = new Box();
  const disk = new Disk();
  const plain = port(disk, box, () => 1, 0);
  const queue = new Queue(
    {
      ...plain,
      send: (batch) => {
        for (const change of batch) assert.ok(disk.rows.some((row) => row.n === change.n));
        return plain.send(batch);
      },
    },
    0,
    0,
  );
  await Promise.all(Array.from({ length: 50 }, (_, i) => queue.put(1 + (i % 7), "A", "t")));
  await queue.drained();
  assert.equal(box.last, 50);
});

test("long rows go out in batches of at most 200", async () => {
  const box = new Box();
  const disk = new Disk();
  const sizes: number[] = [];
  const plain = port(disk, box, () => 1, 0);
  let open = false;
  const queue = new Queue(
    {
      ...plain,
      send: async (batch) => {
        if (!open) throw new NoAnswer("cable");
        sizes.push(batch.length);
        return plain.send(batch);
      },
    },
    0,
    0,
  );
  for (let i = 0; i < 450; i++) await queue.put(1, "A", "t");
  open = true;
  await queue.drained();
  assert.deepEqual(sizes, [200, 200, 50]);
});
