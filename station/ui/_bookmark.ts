// Which question is shown and which are flagged: kept here first, sent with the next answers or with the next look at
// the box, so that another seat or an empty browser goes on at the same place. The newer one counts.

import type { Kept } from "./_store";
import type { Bookmark } from "./_wire";

type Marked = Pick<Kept, "position" | "flagged" | "markedAt" | "markedSent">;

/** What the box has not got yet. */
export function unsentBookmark({ position, flagged, markedAt, markedSent }: Marked): Bookmark | undefined {
  return markedAt && markedAt !== markedSent ? { position, flagged, at: markedAt } : undefined;
}

/** Milliseconds that a bookmark waits for an answer to travel with: every send is a write for the box. */
const WAITS = 15_000;

/** Has the box not got it for so long that it is sent alone? */
export function isDue(kept: Marked, now: string): boolean {
  const bookmark = unsentBookmark(kept);
  return bookmark !== undefined && Date.parse(now) - Date.parse(bookmark.at) >= WAITS;
}

/** Take the box's when it is newer than what this browser has. */
export function takeBookmark(kept: Marked, there: Bookmark | null | undefined): void {
  if (!there || (kept.markedAt && Date.parse(kept.markedAt) >= Date.parse(there.at))) return;
  kept.position = there.position;
  kept.flagged = [...there.flagged];
  kept.markedAt = kept.markedSent = there.at;
}
