// Which question was shown and which are flagged: the newer one counts, this browser's or the box's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { takeBookmark, unsentBookmark } from "../../../station/ui/_bookmark";

const EARLY = "2026-11-21T01:00:00.000Z";
const LATE = "2026-11-21T01:00:05.000Z";

test("an empty browser takes the box's, and has nothing to send", () => {
  const kept = { position: 1, flagged: [] as number[], markedAt: undefined, markedSent: undefined };
  assert.equal(unsentBookmark(kept), undefined);
  takeBookmark(kept, { position: 30, flagged: [4, 9], at: EARLY });
  assert.deepEqual([kept.position, kept.flagged], [30, [4, 9]]);
  assert.equal(unsentBookmark(kept), undefined);
});

test("what is newer here stays, and is sent until the box has it", () => {
  const kept = { position: 12, flagged: [2], markedAt: LATE, markedSent: EARLY };
  takeBookmark(kept, { position: 30, flagged: [], at: EARLY });
  takeBookmark(kept, { position: 31, flagged: [], at: LATE });
  takeBookmark(kept, null);
  assert.deepEqual(unsentBookmark(kept), { position: 12, flagged: [2], at: LATE });
  kept.markedSent = LATE;
  assert.equal(unsentBookmark(kept), undefined);
});

test("what is newer at the box replaces what was left here", () => {
  const kept = { position: 12, flagged: [2], markedAt: EARLY, markedSent: EARLY };
  takeBookmark(kept, { position: 30, flagged: [7], at: LATE });
  assert.deepEqual([kept.position, kept.flagged, unsentBookmark(kept)], [30, [7], undefined]);
});
