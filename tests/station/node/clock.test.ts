// Time left follows the box, whatever the computer's wall clock says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ExamClock, clockFace } from "../../../station/ui/_clock";
import { WORDS } from "../../../station/ui/_words";

function clocks() {
  const state = { mono: 1000, wall: Date.parse("2020-01-01T00:00:00Z") };
  return { state, clock: new ExamClock({ monotonic: () => state.mono, wall: () => state.wall }) };
}

test("a computer whose clock is wrong by years shows the box's time", () => {
  const { state, clock } = clocks();
  clock.hear("2026-11-21T01:00:00Z", state.mono);
  assert.equal(clock.until("2026-11-21T03:00:00Z"), 7200);
  state.mono += 60_000;
  state.wall -= 86_400_000;
  assert.equal(clock.until("2026-11-21T03:00:00Z"), 7140);
  assert.ok(clock.proven);
});

test("a slow reply does not push a better time aside, a later quick one does", () => {
  const { state, clock } = clocks();
  clock.hear("2026-11-21T01:00:00Z", state.mono);
  state.mono += 4000;
  clock.hear("2026-11-21T01:00:00.500Z", state.mono - 3500);
  assert.equal(Math.round(clock.now() / 1000), Date.parse("2026-11-21T01:00:04Z") / 1000);
  state.mono += 1000;
  clock.hear("2026-11-21T01:00:07Z", state.mono);
  assert.equal(clock.iso(), "2026-11-21T01:00:07.000Z");
});

test("after a reload without the box the wall clock bridges the gap, not proven", () => {
  const { state, clock } = clocks();
  clock.resume({ server: Date.parse("2026-11-21T01:00:00Z"), wall: state.wall - 30_000 });
  assert.equal(clock.iso(), "2026-11-21T01:00:30.000Z");
  assert.equal(clock.proven, false);
  clock.hear("2026-11-21T01:00:31Z", state.mono);
  assert.equal(clock.proven, true);
});

test("a later answer never bears an earlier time for the noise of the line", () => {
  const { state, clock } = clocks();
  clock.hear("2026-11-21T01:00:00.020Z", state.mono);
  assert.equal(clock.iso(), "2026-11-21T01:00:00.020Z");
  clock.hear("2026-11-21T01:00:00.013Z", state.mono);
  assert.equal(clock.iso(), "2026-11-21T01:00:00.020Z");
  state.mono += 8;
  assert.equal(clock.iso(), "2026-11-21T01:00:00.021Z");
  clock.hear("2026-11-21T00:30:00Z", state.mono);
  assert.equal(clock.iso(), "2026-11-21T00:30:00.000Z", "a clock that was set back is followed");
});

test("clock face", () => {
  assert.equal(clockFace(7199), "1:59:59");
  assert.equal(clockFace(599), "09:59");
  assert.equal(clockFace(0), "00:00");
});

test("every sentence exists in both languages, with the same fields", () => {
  const fields = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
  for (const [word, [zh, en]] of Object.entries(WORDS)) {
    assert.ok(zh.trim() && en.trim(), word);
    assert.deepEqual(fields(zh), fields(en), word);
    if (word !== "other_language") assert.ok(!/[\u4e00-\u9fff]/.test(en), word);
    if (!["listed", "and_more", "other_language"].includes(word)) assert.ok(/[\u4e00-\u9fff]/.test(zh), word);
  }
});
