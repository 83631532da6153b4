// Pictures for the box: taken when it asks, kept on this computer until it has them. While the box is away the page
// takes some at random moments of its own. When the box will ask next nobody here knows.

import { Camera, type CameraFault } from "./_camera";
import type { Exam } from "./_exam";

interface Row {
  id: string;
  attempt: string;
  lease: number;
  at: string;
  purpose: "random" | "seat_check";
  number: number;
  picture: Blob;
}

/** Pictures kept while the box is away; the oldest goes for the newest. */
const MOST = 12;
const AGAIN = 5000;
const TIMEOUT = 15_000;
/** Without the box for longer than this somebody else may sit here: the face check is asked for again, where it is on. */
const LONG = 120_000;
const SHORTEST = 1 / 6;

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class Captures {
  readonly camera = new Camera();
  private db: Promise<IDBDatabase | null>;
  /** Rows of a computer whose disk takes none. */
  private loose: Row[] = [];
  private busy = false;
  private sending = false;
  private answered = "";
  private told = "";
  private lastTry = -AGAIN;
  private awayAt = 0;
  private lostAt = 0;
  private began = true;
  /** A picture for the face check is on its way. */
  checking = false;

  constructor(private readonly exam: Exam) {
    const request = indexedDB.open("exam-captures", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("rows", { keyPath: "id" });
    this.db = done(request).catch(() => null);
  }

  /** Why the camera gives no picture while one is needed; "" when all is well. */
  get fault(): CameraFault | "" {
    return this.needed ? this.camera.fault : "";
  }

  private get needed(): boolean {
    const view = this.exam.kept?.view;
    if (!view || view.moved || this.exam.signingInAgain) return false;
    return ["rules", "waiting", "running"].includes(view.phase) && (view.captures > 0 || view.face_check !== "");
  }

  /** Called twice a second: does what is due. */
  tick(): void {
    const kept = this.exam.kept;
    if (!kept || !this.needed) {
      if (this.camera.open) this.camera.stop();
      if (kept) void this.deliver();
      return;
    }
    void this.watch();
    this.followLine();
    const { view } = kept;
    const key = `${view.attempt} ${view.lease} ${view.capture_due}`;
    if (view.capture_due && key !== this.answered && !this.busy && !this.exam.lost) {
      void this.take("random", view.capture_due).then((taken) => {
        if (taken) this.answered = key;
      });
    } else if (this.exam.lost && view.phase === "running" && view.captures > 0) this.takeAway(view.captures);
    void this.deliver();
  }

  /** Take a picture for the face check. */
  async check(): Promise<void> {
    this.checking = true;
    try {
      if (await this.take("seat_check", 0)) await this.deliver();
    } finally {
      this.checking = false;
    }
  }

  /** Open the camera while it is needed, and tell the box when that does not go, or goes again. */
  private async watch(): Promise<void> {
    if (!this.camera.open && performance.now() - this.lastTry >= AGAIN) {
      this.lastTry = performance.now();
      await this.camera.start();
    }
    const state = this.camera.fault || (this.camera.open ? "ok" : "");
    const kept = this.exam.kept;
    const word = kept ? `${kept.attempt} ${kept.lease} ${state}` : "";
    if (!state || !kept || word === this.told || this.exam.lost || (state === "ok" && !this.told)) return;
    this.told = word;
    const response = await this.post("/camera", JSON.stringify({ state }), "application/json").catch(() => null);
    if (!response?.ok) this.told = `${kept.attempt} ${kept.lease} untold`;
  }

  /** A page that was started anew, or was cut off for long, asks for the face check once more. */
  private followLine(): void {
    const { exam } = this;
    if (exam.lost) {
      this.lostAt ||= performance.now();
      return;
    }
    const cut = this.lostAt > 0 && performance.now() - this.lostAt > LONG;
    this.lostAt = 0;
    this.awayAt = 0;
    const anew = this.began && exam.kept?.view.phase === "running";
    this.began = false;
    if (anew || cut) void this.post("/face-check/again", "", "application/json").catch(() => undefined);
  }

  /** The box cannot ask: moments of our own, as far apart as its are. */
  private takeAway(longest: number): void {
    const now = performance.now();
    if (!this.awayAt) this.awayAt = now + 1000 * longest * (SHORTEST + (1 - SHORTEST) * chance());
    else if (now >= this.awayAt && !this.busy) {
      this.awayAt = 0;
      void this.take("random", 0);
    }
  }

  private async take(purpose: Row["purpose"], number: number): Promise<boolean> {
    const kept = this.exam.kept;
    if (this.busy || !kept) return false;
    this.busy = true;
    try {
      const picture = await this.camera.picture();
      if (!picture) return false;
      const { attempt, lease } = kept;
      const at = this.exam.clock.iso();
      await this.keep({ id: crypto.randomUUID(), attempt, lease, at, purpose, number, picture });
      return true;
    } finally {
      this.busy = false;
    }
  }

  private async rows(): Promise<Row[]> {
    const db = await this.db;
    const kept: Row[] = db ? await done(db.transaction("rows").objectStore("rows").getAll()).catch(() => []) : [];
    return [...kept, ...this.loose].sort((a, b) => a.at.localeCompare(b.at));
  }

  private async keep(row: Row): Promise<void> {
    const rows = await this.rows();
    for (const old of rows.slice(0, Math.max(0, rows.length + 1 - MOST))) await this.forget(old.id);
    const db = await this.db;
    try {
      if (!db) throw new Error("no store");
      await done(db.transaction("rows", "readwrite").objectStore("rows").put(row));
    } catch {
      this.loose.push(row);
    }
  }

  private async forget(id: string): Promise<void> {
    this.loose = this.loose.filter((row) => row.id !== id);
    const db = await this.db;
    await (db && done(db.transaction("rows", "readwrite").objectStore("rows").delete(id)).catch(() => undefined));
  }

  /** Send what is kept, oldest first. What the box refuses is not sent again; what it did not hear is. */
  private async deliver(): Promise<void> {
    const kept = this.exam.kept;
    if (this.sending || !kept || this.exam.lost) return;
    this.sending = true;
    try {
      for (const row of await this.rows()) {
        if (row.attempt === kept.attempt) {
          const { picture, ...asked } = row;
          const words = Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)]);
          const response = await this.post(`/capture?${new URLSearchParams(words)}`, picture, "image/jpeg");
          if (response.status >= 500 || response.status === 401) return;
        }
        await this.forget(row.id);
      }
    } catch {
      // No answer: sent again at a later call.
    } finally {
      this.sending = false;
    }
  }

  private post(path: string, body: BodyInit, type: string): Promise<Response> {
    return fetch(`/station/api${path}`, {
      method: "POST",
      body,
      headers: { accept: "application/json", "content-type": type, "x-csrf-token": this.exam.api.csrf },
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT),
    });
  }
}

/** 0..1, not to be foreseen. */
function chance(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;
}
