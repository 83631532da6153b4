// The sealed files of a paper: its body and its pictures. Fetched while the candidate waits and kept sealed on this
// computer; what lies there tells nothing until the key of the body comes with the start. No home-made cipher: they
// are opened with the browser's own AES-256-GCM (appliance/base/sealing.py).

import { Told } from "./_api";
import { NoAnswer } from "./_queue";
import type { Paper, SealedPaper } from "./_wire";
import { t } from "./_words";

export const PLACE = "/station/api/sealed/";
export const KEPT = "exam-sealed";

const TIMEOUT = 20_000;
/** Longest pause before the first file while the candidate waits: a whole room must not ask in the same moment. */
const SPREAD = 3000;
/** Pauses after a failure, in ms: doubled each time. */
const PAUSE = 2000;
const LONGEST = 60_000;
const NONCE = 12;

/** What sealed bytes are authenticated as. */
export type About = "paper" | "picture";

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

async function sha256(body: ArrayBuffer): Promise<string> {
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return [...found].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Open sealed bytes; throws for a wrong key and for altered bytes. */
export async function unseal(key: string, sealed: ArrayBuffer, about: About): Promise<ArrayBuffer> {
  const found = await crypto.subtle.importKey("raw", bytes(key), "AES-GCM", false, ["decrypt"]);
  const additionalData = new TextEncoder().encode(about);
  return crypto.subtle.decrypt(
    { name: "AES-GCM", iv: sealed.slice(0, NONCE), additionalData },
    found,
    sealed.slice(NONCE),
  );
}

/** Nobody answered; everything else means that the file was not given out, or does not open. */
function silent(error: unknown): boolean {
  const late = error instanceof DOMException && error.name === "TimeoutError";
  return late || error instanceof NoAnswer || error instanceof TypeError;
}

/** One sealed file from the box; throws when it does not give it, or gives other bytes. */
async function fetched(name: string): Promise<ArrayBuffer> {
  const response = await fetch(PLACE + name, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
  if (response.status >= 500) throw new NoAnswer(`status ${response.status}`);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const body = await response.arrayBuffer();
  if ((await sha256(body)) !== name) throw new Error("not the file it is called");
  return body;
}

/** The store of this browser; none where it has none: then every file comes from the box when it is needed. */
async function store(): Promise<Cache | null> {
  return "caches" in window ? caches.open(KEPT).catch(() => null) : null;
}

export class SealedFiles {
  /** What the box said the paper is made of, and of which attempt. */
  private listed: { attempt: string; paper: SealedPaper } | null = null;
  /** The attempt all of whose files are here. */
  private whole = "";
  private busy = false;
  private pause = PAUSE;
  private notBefore = 0;

  /** `list`: asks the box what the seat's paper is made of. */
  constructor(private readonly list: () => Promise<SealedPaper>) {}

  /** Fetch what is not here yet, one after the other; tried again at every call until all are. */
  async keep(attempt: string, starting: boolean): Promise<void> {
    const early = performance.now() < this.notBefore;
    if (this.busy || early || this.whole === attempt) return;
    this.busy = true;
    try {
      const paper = await this.list();
      this.listed = { attempt, paper };
      const here = await store();
      if (!here) return;
      const names = [paper.body, ...paper.pictures];
      const wanted = new Set(names.map((name) => PLACE + name));
      const there = new Set<string>();
      for (const request of await here.keys()) {
        const { pathname } = new URL(request.url);
        if (wanted.has(pathname)) there.add(pathname);
        else await here.delete(request);
      }
      const missing = names.filter((name) => !there.has(PLACE + name));
      if (missing.length && !starting) await new Promise((go) => setTimeout(go, Math.random() * SPREAD));
      for (const name of missing) {
        const began = performance.now();
        await here.put(PLACE + name, new Response(await fetched(name)));
        // A box that is slow has answers to keep: a station takes a quarter of the time at most.
        await new Promise((go) => setTimeout(go, Math.min(3 * (performance.now() - began), SPREAD)));
      }
      this.whole = attempt;
      this.pause = PAUSE;
    } catch {
      // What is not here is fetched when it is needed; a later call tries again.
      this.notBefore = performance.now() + this.pause;
      this.pause = Math.min(this.pause * 2, LONGEST);
    } finally {
      this.busy = false;
    }
  }

  /** The clear bytes of a sealed file: from this computer, else from the box. */
  async open(name: string, key: string, about: About): Promise<ArrayBuffer> {
    const here = await store();
    const kept = await here?.match(PLACE + name);
    if (kept) {
      try {
        return await unseal(key, await kept.arrayBuffer(), about);
      } catch {
        await here?.delete(PLACE + name); // damaged on this disk: the box has it
      }
    }
    const sealed = await fetched(name);
    const clear = await unseal(key, sealed, about);
    await here?.put(PLACE + name, new Response(sealed)).catch(() => undefined);
    return clear;
  }

  /** The paper, opened, with what the box has of answers. `untouched`: it has none; then the box is asked for nothing,
   * for the sealed paper is here and its key came with the start. */
  async paper(attempt: string, key: string, untouched: boolean): Promise<Paper> {
    const known = untouched && this.listed?.attempt === attempt ? this.listed.paper : null;
    const { body, answers, made_at, bookmark } = known ?? (await this.list());
    try {
      const clear = await this.open(body, key, "paper");
      return { ...(JSON.parse(new TextDecoder().decode(clear)) as Paper), answers, made_at, bookmark };
    } catch (error) {
      await this.drop(); // the next look asks the box anew what the paper is made of
      if (silent(error)) throw new NoAnswer(String(error));
      throw new Told(0, "paper_unreadable", t("paper_unreadable"), "");
    }
  }

  /** Nobody here needs them any more. */
  async drop(): Promise<void> {
    this.whole = "";
    this.listed = null;
    if ("caches" in window) await caches.delete(KEPT).catch(() => false);
  }
}
