// Where this page stands: what the box said last, what is kept here, and which screen follows from both.

import { Api, Told } from "./_api";
import { isDue, takeBookmark, unsentBookmark } from "./_bookmark";
import { Captures } from "./_captures";
import { answered, carried } from "./_carry";
import { ExamClock } from "./_clock";
import { Line } from "./_line";
import { Pictures } from "./_pictures";
import { NoAnswer, Queue, StaleRow } from "./_queue";
import type { Screen } from "./_screen";
import { SealedFiles } from "./_sealed";
import { Store, type Kept } from "./_store";
import type { Attempt, Change, Seat } from "./_wire";

const POLL = 3000;
const ANCHOR_EVERY = 20;
const READING = 120_000; // the last screen stays so long at a seat nobody else was called to

export class Exam {
  readonly clock = new ExamClock();
  readonly api = new Api(this.clock);
  private readonly sealed = new SealedFiles(() => this.api.paper());
  readonly pictures = new Pictures(this.sealed);
  readonly captures = new Captures(this);
  seat: Seat | null = null;
  kept: Kept | null = null;
  queue: Queue | null = null;
  answers = new Map<number, string>();
  readonly line = new Line(this.clock);
  /** The box said no to the page's last question. */
  problem: Told | null = null;
  /** The box took the last handing in not, and when it said so (monotonic). */
  handInRefused: { told: Told; at: number } | null = null;
  /** IndexedDB does not open: this page can only send from memory. */
  noStore = false;
  private store: Store | null = null;
  private mustSignIn = false;
  private settledAt = 0;
  private seen = "";
  private polls = 0;
  private polling = false;

  constructor(private readonly changed: () => void) {}

  /** Open what is kept, then follow the box for as long as the page lives. */
  /** `opened` is called when the store is read, before the box is asked for the first time. */
  async begin(opened: () => void): Promise<void> {
    try {
      this.store = await Store.open();
      const kept = await this.store.latest();
      if (kept) {
        this.kept = kept;
        this.api.csrf = kept.view.csrf;
        this.clock.resume(kept.anchor);
        await this.openQueue(kept.acked);
      }
    } catch {
      this.noStore = true;
    }
    opened();
    await this.poll();
    setInterval(() => void this.poll(), POLL);
  }

  get screen(): Screen {
    const kept = this.kept;
    if (!kept || this.mustSignIn) {
      if (!this.seat) return "connecting";
      return this.seat.phase !== "free" ? "sign_in" : this.seat.by_code ? "pass_code" : "free";
    }
    const view = kept.view;
    if (view.moved) return "moved";
    if (view.phase === "handed_in") return view.page ? "elsewhere" : "handed_in";
    const face = view.face_check !== "" && view.face_check !== undefined;
    if (view.phase === "rules") return !kept.confirmed ? "confirm" : face ? "face_check" : "rules";
    if (view.phase !== "running") return face ? "face_check" : "waiting";
    if (view.page) return "elsewhere";
    if (kept.handingIn) return "handing_in";
    if (view.around?.paused) return "paused";
    // Without the box nobody can look: whoever has the paper goes on with it.
    if (face && this.clock.until(view.deadline) > 0 && !(this.lost && kept.paper)) return "face_check";
    if (!kept.paper) return "loading";
    return this.clock.until(view.deadline) === 0 ? "time_over" : "running";
  }

  get signingInAgain(): boolean {
    return this.mustSignIn && this.kept !== null;
  }

  get lost(): boolean {
    return this.line.lostSince !== null;
  }

  get unsent(): number {
    return this.queue?.unsettled ?? 0;
  }

  /** The invigilator's message that is to be acknowledged, or "". */
  get message(): string {
    const view = this.kept?.view;
    return view && view.message && view.message_id !== this.seen ? view.message : "";
  }

  async signIn(typed: Parameters<Api["signIn"]>[0]): Promise<void> {
    const question = this.line.heard(this.api.signIn(typed));
    await question;
    this.mustSignIn = false;
    await this.told(question);
    this.captures.signedIn();
    void this.poll();
  }

  confirm(): void {
    if (this.kept) this.kept.confirmed = true;
    void this.save();
    this.changed();
  }

  async acceptRules(): Promise<void> {
    if (!this.kept) return;
    await this.told(this.api.rules(this.kept.attempt));
    void this.poll();
  }

  /** Take an answer of the box that says where the attempt stands. */
  async told(question: Promise<Attempt>): Promise<void> {
    await this.adopt(await this.line.heard(question));
    this.changed();
  }

  /** Answer the question at `position`; shown at once, counted as kept when the disk has it. */
  answer(position: number, value: string): void {
    if (this.screen !== "running" || !this.queue || this.answers.get(position) === value) return;
    this.answers.set(position, value);
    void this.queue.put(position, value, this.clock.iso(), this.clock.proven);
    this.changed();
  }

  flag(position: number): void {
    if (!this.kept) return;
    const flagged = new Set(this.kept.flagged);
    if (!flagged.delete(position)) flagged.add(position);
    this.kept.flagged = [...flagged].sort((a, b) => a - b);
    this.marked(this.kept);
  }

  go(position: number): void {
    const last = this.kept?.paper?.questions.length ?? 0;
    if (!this.kept || position < 1 || position > last) return;
    this.kept.position = position;
    this.marked(this.kept);
  }

  private marked(kept: Kept): void {
    kept.markedAt = this.clock.iso();
    void this.save();
    this.changed();
  }

  /** The candidate has confirmed: kept first, then delivered, now or when the box is back. */
  async handIn(): Promise<void> {
    if (!this.kept) return;
    this.kept.handingIn = true;
    this.handInRefused = null;
    await this.save();
    this.changed();
    await this.poll();
  }

  async acknowledge(): Promise<void> {
    if (!this.kept) return;
    const id = this.kept.view.message_id;
    this.seen = id;
    this.changed();
    await this.line.heard(this.api.acknowledge(id)).catch(() => undefined);
  }

  /** Ask the box where things stand; never two questions at once. */
  async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    try {
      if (this.kept && !this.mustSignIn) await this.follow(this.kept);
      else await this.lookAtSeat();
      this.problem = null;
    } catch (error) {
      if (error instanceof Told) {
        if (error.signInAgain) await this.signedOut();
        else this.problem = error;
      } else if (!(error instanceof NoAnswer || error instanceof StaleRow)) {
        throw error;
      }
    } finally {
      this.polling = false;
      this.changed();
    }
  }

  private async follow(kept: Kept): Promise<void> {
    const acked = this.queue?.acked ?? 0;
    const view = await this.line.heard(this.api.attempt());
    if (view.attempt === kept.attempt && view.lease === kept.lease && view.saved_n < acked) {
      this.queue?.rewind(view.saved_n);
    }
    await this.adopt(view);
    this.queue?.kick();
    if (view.message && view.message_id === this.seen) await this.acknowledge(); // unheard so far
    const now = this.kept;
    if (!now) return;
    const ours = !view.page; // else the province shows the paper, and nothing is to be fetched here
    const running = view.phase === "running" && !view.moved && ours;
    if (running || (view.phase === "waiting" && ours)) void this.sealed.keep(now.attempt, running);
    // Answers that another seat still delivered for this attempt are fetched with the paper.
    const behind = this.unsent === 0 && view.answered > [...this.answers.values()].filter(Boolean).length;
    const carries = view.phase === "handed_in" && now.carry.length > 0;
    // No key while a face check stands: nothing could be opened.
    if (view.key && ((running && (!now.paper || behind)) || carries)) await this.fetchPaper();
    if (running && now.handingIn) await this.deliverHandIn(now);
    if (view.phase === "handed_in" || view.moved) await this.finish(now);
    else if (running && now.paper && this.unsent === 0 && isDue(now, this.clock.iso())) {
      // A convenience: the next look tries again, and nobody is told.
      await this.send(now, []).catch(() => undefined);
    }
  }

  private async fetchPaper(): Promise<void> {
    const kept = this.kept;
    if (!kept) return;
    const untouched = !kept.paper && kept.view.answered === 0;
    kept.paper = await this.line.heard(this.sealed.paper(kept.attempt, kept.view.key, untouched));
    takeBookmark(kept, kept.paper.bookmark);
    await this.carryOver(kept);
    this.answers = await answered(this.store, kept);
    await this.save();
  }

  private async deliverHandIn(kept: Kept): Promise<void> {
    const queue = this.queue;
    if (!queue || queue.unsettled > 0) {
      queue?.kick();
      return;
    }
    try {
      await this.adopt(await this.line.heard(this.api.handIn(kept.attempt, kept.lease, queue.last)));
    } catch (error) {
      // Too early by the box's clock: the candidate goes on.
      if (error instanceof Told && !error.signInAgain) {
        kept.handingIn = false;
        this.handInRefused = { told: error, at: performance.now() };
        await this.save();
      } else if (error instanceof StaleRow) queue.rewind(error.expected - 1);
      else throw error;
    }
  }

  /** After the end: deliver the rest, say that nothing is left, make way for the next candidate. */
  private async finish(kept: Kept): Promise<void> {
    if (this.unsent > 0) return;
    if (!this.settledAt && !kept.view.moved && kept.view.handed_in !== "candidate") {
      await this.line.heard(this.api.handIn(kept.attempt, kept.lease, this.queue?.last ?? 0));
    }
    this.settledAt ||= performance.now();
    const seat = await this.line.heard(this.api.seat());
    if (seat.attempt === kept.attempt || (!seat.attempt && performance.now() - this.settledAt < READING)) return;
    this.seat = seat;
    await this.leave(kept);
  }

  private async leave(kept: Kept): Promise<void> {
    this.queue?.stop();
    this.queue = null;
    this.kept = null;
    this.settledAt = 0;
    this.answers.clear();
    this.pictures.forget();
    await this.sealed.drop();
    if (kept.carry.length === 0) await this.store?.wipe(kept.attempt);
  }

  private async lookAtSeat(): Promise<void> {
    this.seat = await this.line.heard(this.api.seat());
    const kept = this.kept;
    // Somebody else sits here now: what was kept for the one before stays on the disk, unsent.
    if (kept && this.seat.attempt && this.seat.attempt !== kept.attempt) {
      this.queue?.stop();
      this.queue = null;
      this.kept = null;
      this.answers.clear();
    }
  }

  private async signedOut(): Promise<void> {
    this.mustSignIn = true;
    this.problem = null;
    await this.lookAtSeat().catch(() => undefined);
    const kept = this.kept;
    const over = kept && (kept.view.phase === "handed_in" || kept.view.moved) && this.unsent === 0;
    if (over && this.seat && this.seat.attempt !== kept.attempt) await this.leave(kept);
  }

  /** Take what the box said about the attempt; opens a new row of changes when the lease is new. */
  private async adopt(view: Attempt): Promise<void> {
    const before =
      this.kept?.attempt === view.attempt ? this.kept : await this.store?.find(view.attempt).catch(() => undefined);
    const same = this.kept !== null && this.kept === before && before.lease === view.lease;
    if (same && before) {
      // A reply that was overtaken by a newer one says nothing new.
      const behind = Date.parse(before.view.now) - Date.parse(view.now);
      if (behind > 0 && behind < 10_000) return;
      const changed = JSON.stringify({ ...before.view, now: "" }) !== JSON.stringify({ ...view, now: "" });
      before.view = view;
      this.polls += 1;
      if (changed || this.polls % ANCHOR_EVERY === 0) await this.save();
      return;
    }
    const carry = [...(before?.carry ?? [])];
    if (before && before.lease !== view.lease) carry.push({ lease: before.lease, after: before.acked });
    this.queue?.stop();
    this.kept = {
      attempt: view.attempt,
      lease: view.lease,
      view,
      acked: view.saved_n,
      paper: null,
      flagged: before?.flagged ?? [],
      position: before?.position ?? 1,
      markedAt: before?.markedAt,
      markedSent: before?.markedSent,
      confirmed: before?.confirmed ?? false,
      handingIn: before?.handingIn ?? false,
      anchor: this.clock.anchor(),
      carry,
      used: 0,
    };
    this.answers.clear();
    this.settledAt = 0;
    await this.save();
    await this.openQueue(view.saved_n);
  }

  private async openQueue(acked: number): Promise<void> {
    const kept = this.kept;
    if (!kept) return;
    const rows = (await this.store?.after(kept.attempt, kept.lease, 0)) ?? [];
    const last = Math.max(acked, rows.at(-1)?.n ?? 0);
    const store = this.store;
    this.queue = new Queue(
      {
        keep: async (change) => {
          if (!store) throw new Error("no store");
          await store.keep(kept.attempt, kept.lease, change);
        },
        after: async (after, limit) => (await store?.after(kept.attempt, kept.lease, after, limit)) ?? [],
        acknowledged: async (n) => {
          kept.acked = n;
          await store?.save({ ...kept, anchor: this.clock.anchor() });
        },
        send: (batch) => this.send(kept, batch),
        pause: (time) => new Promise((resolve) => setTimeout(resolve, time)),
        changed: () => this.changed(),
      },
      last,
      acked,
    );
    this.answers = await answered(this.store, kept);
    this.queue.kick();
  }

  /** Send changes, and the bookmark when it is new; resolves with the last number the box has committed. */
  private async send(kept: Kept, batch: Change[]): Promise<number> {
    const bookmark = unsentBookmark(kept);
    const saved = await this.line.heard(this.api.answers(kept.attempt, kept.lease, batch, bookmark));
    kept.view.deadline = saved.deadline;
    if (bookmark) kept.markedSent = bookmark.at;
    return saved.n;
  }

  /** Changes of an earlier lease that never reached the box: send the ones nothing newer has replaced. */
  private async carryOver(kept: Kept): Promise<void> {
    if (!this.store || !this.queue || kept.carry.length === 0) return;
    for (const { position, value, at, proven } of await carried(this.store, kept)) {
      await this.queue.put(position, value, at, proven);
    }
    kept.carry = [];
  }

  private async save(): Promise<void> {
    if (!this.kept || !this.store) return;
    this.kept.anchor = this.clock.anchor();
    await this.store.save(this.kept).catch(() => {
      this.noStore = true;
    });
  }
}
