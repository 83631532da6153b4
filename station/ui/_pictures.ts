// The pictures of a paper, fetched while the candidate waits and kept on this computer: the service worker shows them
// after a reload without the box.

import { KEPT, PLACE } from "./_picture_place";
import type { Paper } from "./_wire";

const TIMEOUT = 20_000;
/** Longest pause before the first picture while the candidate waits: a whole room must not ask in the same moment. */
const SPREAD = 3000;
/** Pauses after a failure, in ms: doubled each time. */
const PAUSE = 2000;
const LONGEST = 60_000;

async function sha256(body: ArrayBuffer): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Fetch one picture into the store; throws when the box does not give it, or gives other bytes. */
async function fetched(store: Cache, name: string): Promise<void> {
  const response = await fetch(PLACE + name, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const body = await response.arrayBuffer();
  if ((await sha256(body)) !== name) throw new Error("not the picture it is called");
  const headers = { "content-type": response.headers.get("content-type") ?? "" };
  await store.put(PLACE + name, new Response(body, { headers }));
}

export class Pictures {
  /** The attempt all of whose pictures are here. */
  private whole = "";
  private busy = false;
  private pause = PAUSE;
  private notBefore = 0;

  /** `list`: asks the box which pictures the seat's paper shows. */
  constructor(private readonly list: () => Promise<string[]>) {}

  /** Fetch what the paper shows and is not here yet, one after the other; tried again at every call until all are. */
  async keep(attempt: string, paper: Paper | null): Promise<void> {
    const early = performance.now() < this.notBefore;
    if (this.busy || early || this.whole === attempt || !("caches" in window)) return;
    this.busy = true;
    try {
      const names = paper ? Object.keys(paper.pictures ?? {}) : await this.list();
      const store = await caches.open(KEPT);
      const wanted = new Set(names.map((name) => PLACE + name));
      const here = new Set<string>();
      for (const request of await store.keys()) {
        const { pathname } = new URL(request.url);
        if (wanted.has(pathname)) here.add(pathname);
        else await store.delete(request);
      }
      const missing = names.filter((name) => !here.has(PLACE + name));
      if (missing.length && !paper) await new Promise((go) => setTimeout(go, Math.random() * SPREAD));
      for (const name of missing) {
        const began = performance.now();
        await fetched(store, name);
        // A box that is slow has answers to keep: a station takes a quarter of the time at most.
        await new Promise((go) => setTimeout(go, Math.min(3 * (performance.now() - began), SPREAD)));
      }
      this.whole = attempt;
      this.pause = PAUSE;
    } catch {
      // The page shows what is not here from the box, or says that it cannot; a later call tries again.
      this.notBefore = performance.now() + this.pause;
      this.pause = Math.min(this.pause * 2, LONGEST);
    } finally {
      this.busy = false;
    }
  }

  /** Nobody here needs them any more. */
  async drop(): Promise<void> {
    this.whole = "";
    if ("caches" in window) await caches.delete(KEPT).catch(() => false);
  }
}
