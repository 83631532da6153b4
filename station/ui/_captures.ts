// Pictures for the box: taken when it asks, kept on this computer until it has them. While the box is away the page
// takes some at random moments of its own. When the box will ask next nobody here knows.

import { Camera, type CameraFault } from "./_camera";
import { Dropped } from "./_dropped";
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

/** Pictures kept while the box is away; the oldest goes for the newest, and is counted. */
const MOST = 12;
const AGAIN = 5000;
/** Longest pause between deliveries that fail, in ms: AGAIN, doubled each time. */
const LONGEST = 60_000;
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
  private readonly dropped = new Dropped();
  private db: Promise<IDBDatabase | null>;
  /** Rows of a computer whose disk takes none. */
  private loose: Row[] = [];
  private busy = false;
  private sending = false;
  private answered = "";
  private told = "";
  private toldAt = 0;
  private pause = AGAIN;
  private notBefore = 0;
  private lastTry = -AGAIN;
  private awayAt = 0;
  private lostAt = 0;
  private began = true;
  /** The face check is to be asked for again, and the box has not heard it. */
  private askAgain = false;
  private askedAt = -AGAIN;
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

  /** How the camera is; "unused" while nothing needs it, "" while it is being opened. */
  get state(): CameraFault | "ok" | "unused" | "" {
    if (!this.needed) return "unused";
    return this.camera.fault || (this.camera.open ? "ok" : "");
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
      if (await this.take("seat_check", 0)) await this.deliver(true);
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
    const { state } = this;
    const kept = this.exam.kept;
    if (!state || state === "unused" || !kept || this.exam.lost) return;
    // A face check that falls due is told of the fault as well, until the box has left it to the invigilator. That
    // all is well is told once, for the page before this one may have told of a fault.
    const check = state === "ok" ? "" : kept.view.face_check;
    const word = `${kept.attempt} ${kept.lease} ${check} ${state}`;
    const waits = check === "due" && performance.now() - this.toldAt >= AGAIN;
    if (word === this.told && !waits) return;
    this.told = word;
    this.toldAt = performance.now();
    const response = await this.post("/camera", JSON.stringify({ state }), "application/json").catch(() => null);
    if (!response?.ok) this.told = "untold";
  }

  /** Who signs in is checked by the sign-in itself: nothing is left to ask of the page's beginning. */
  signedIn(): void {
    this.began = false;
  }

  /** A page that was started anew, or was cut off for long, asks for the face check once more. */
  private followLine(): void {
    const { exam } = this;
    const now = performance.now();
    if (exam.lost) {
      this.lostAt ||= now;
      return;
    }
    if (!exam.clock.proven) return; // a page that was loaded anew and has not heard the box yet
    const cut = this.lostAt > 0 && now - this.lostAt > LONG;
    this.lostAt = 0;
    this.awayAt = 0;
    if (cut || (this.began && exam.kept?.view.phase === "running")) this.askAgain = true;
    this.began = false;
    if (!this.askAgain || now - this.askedAt < AGAIN) return;
    this.askedAt = now;
    void this.post("/face-check/again", "", "application/json").then(
      (response) => {
        // A refusal is an answer; a box that could not is asked again.
        if (response.status < 500) this.askAgain = false;
      },
      () => undefined,
    );
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
    for (const old of rows.slice(0, Math.max(0, rows.length + 1 - MOST))) {
      await this.forget(old.id);
      this.dropped.add(old);
    }
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

  /** Send what is kept, oldest first, whoever sat here then. What the box refuses is not sent again; what it did not
   * hear or could not keep is, after a pause. `asked`: the candidate waits for it, so without the pause. */
  private async deliver(asked = false): Promise<void> {
    const { exam } = this;
    const early = !asked && performance.now() < this.notBefore;
    if (this.sending || early || !exam.kept || exam.signingInAgain || exam.lost) return;
    this.sending = true;
    try {
      for (const row of await this.rows()) {
        const { picture, ...said } = row;
        const words = Object.entries(said).map(([name, value]): [string, string] => [name, String(value)]);
        const response = await this.post(`/capture?${new URLSearchParams(words)}`, picture, "image/jpeg");
        if (response.status >= 500 || response.status === 401) throw new Error(`status ${response.status}`);
        await this.forget(row.id);
      }
      for (const one of this.dropped.untold()) {
        const response = await this.post("/captures-dropped", JSON.stringify(one), "application/json");
        if (response.status >= 500 || response.status === 401) throw new Error(`status ${response.status}`);
        this.dropped.told(one);
      }
      this.pause = AGAIN;
    } catch {
      this.notBefore = performance.now() + this.pause;
      this.pause = Math.min(this.pause * 2, LONGEST);
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
