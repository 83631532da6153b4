// Minutes given by the invigilator are told once; what a pause gives back is not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MoreTime } from "../../../station/ui/_more_time";
import type { Attempt, ExamNow } from "../../../station/ui/_wire";

function view(minute: number, more: Partial<Attempt> = {}, paused = false): Attempt {
  const deadline = new Date(Date.UTC(2026, 0, 2, 3, 0) + minute * 60_000).toISOString();
  return { attempt: "a", phase: "running", deadline, around: { paused } as ExamNow, ...more } as Attempt;
}

function told(...views: Attempt[]): number {
  const time = new MoreTime();
  for (const one of views) time.follow(one, 1000);
  return time.told(2000);
}

test("only a growth between two looks at a running exam is told", () => {
  assert.equal(told(view(0)), 0);
  assert.equal(told(view(0), view(0.1)), 0);
  assert.equal(told(view(0), view(3)), 3);
  assert.equal(told(view(0), view(3), view(5)), 5);
  assert.equal(told(view(3), view(0)), 0);
  assert.equal(told(view(0, { phase: "waiting" }), view(3)), 0);
  assert.equal(told(view(0, { attempt: "b" }), view(3)), 0);
  assert.equal(told(view(0), view(4, {}, true), view(5)), 0);
});

test("it is told for a while, also when the page itself moved the end it keeps", () => {
  const time = new MoreTime();
  const kept = view(0);
  time.follow(kept, 0);
  kept.deadline = view(3).deadline;
  time.follow(kept, 10);
  assert.deepEqual([time.told(10), time.told(20_009), time.told(20_011)], [3, 3, 0]);
});
