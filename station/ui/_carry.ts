// What is answered, and the changes of an earlier lease that never reached the box, after signing in once more.

import type { Kept, Store } from "./_store";
import type { Change } from "./_wire";

/** The newest of each position that neither this lease nor the box has replaced. */
export async function carried(store: Store, kept: Kept): Promise<Change[]> {
  const made = kept.paper?.made_at ?? {};
  const own = new Set((await store.after(kept.attempt, kept.lease, 0)).map((row) => row.position));
  const newest = new Map<number, Change>();
  for (const { lease, after } of kept.carry) {
    for (const row of await store.after(kept.attempt, lease, after)) newest.set(row.position, row);
  }
  return [...newest.values()].filter(({ position, at }) => {
    const there = made[String(position)];
    return !own.has(position) && (!there || Date.parse(at) > Date.parse(there));
  });
}

/** What is answered: the box's answers when the paper was fetched, then every change made here. */
export async function answered(store: Store | null, kept: Kept): Promise<Map<number, string>> {
  const answers = new Map(Object.entries(kept.paper?.answers ?? {}).map(([p, v]) => [Number(p), v]));
  for (const row of (await store?.after(kept.attempt, kept.lease, 0)) ?? []) answers.set(row.position, row.value);
  return answers;
}
