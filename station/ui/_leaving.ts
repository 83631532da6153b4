// The page was left, another window came before it, or it is no longer on the whole screen: told to the box as a case,
// kept until the box has it. The clock runs on, and the candidate is told so. A page that went away as a whole (loaded
// anew, its browser or computer gone) tells for how long once it is back; whether that is a case the box decides.

import { Told } from "./_api";
import { h } from "./_dom";
import type { Exam } from "./_exam";
import type { Attempt } from "./_wire";
import { t } from "./_words";

type Kind = "page_left" | "focus_lost" | "fullscreen_left" | "page_reloaded";

interface Left {
  id: string;
  attempt: string;
  kind: Kind;
  at: string;
  until: string | null;
  proven: boolean;
}

const PLACE = "left";
const ALIVE = "alive";
const BEAT = 1000;
const AGAIN = 3000;
const SAID = 10_000;
const OLD = 86_400_000; // a sitting is over after a day; what nobody signed in for again is of no use
const BUSY = 429;

/** What a page before this one wrote last; "" where there is none. */
function lastSign(): string {
  try {
    return localStorage.getItem(ALIVE) ?? "";
  } catch {
    return "";
  }
}

export class Leaving {
  private row: Left[] = [];
  private open: Left | null = null;
  private sent = new Map<string, string>();
  private sending = false;

  constructor(private readonly exam: Exam) {}

  begin(): void {
    try {
      this.row = JSON.parse(localStorage.getItem(PLACE) ?? "[]") as Left[];
    } catch {
      this.row = [];
    }
    const now = Date.parse(this.exam.clock.iso());
    this.row = this.row.filter((one) => now - Date.parse(one.at) < OLD);
    this.crashed();
    // Whatever was open when the page went away ended with its coming back.
    for (const one of this.row) one.until ??= this.exam.clock.iso();
    this.keep();
    setInterval(() => this.beat(), BEAT);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.left("page_left") : this.back()));
    window.addEventListener("pagehide", () => this.left("page_reloaded"));
    window.addEventListener("blur", () => this.left("focus_lost"));
    window.addEventListener("focus", () => this.back());
    const whole = matchMedia("(display-mode: fullscreen)");
    whole.addEventListener("change", () => (whole.matches ? this.back() : this.left("fullscreen_left")));
    setInterval(() => void this.deliver(), AGAIN);
  }

  /** The attempt that is being written on this page now: not on the province's, which lies before this one. */
  private get writing(): Attempt | null {
    const view = this.exam.kept?.view;
    const here = view && view.phase === "running" && !view.moved && !view.page;
    return here && !view.around?.paused ? view : null;
  }

  private left(kind: Kind): void {
    const view = this.writing;
    if (this.open || !view) return;
    this.open = this.noted(view.attempt, kind, this.exam.clock.iso());
    this.keep();
    void this.deliver();
  }

  private noted(attempt: string, kind: Kind, at: string): Left {
    const one: Left = { id: crypto.randomUUID(), attempt, kind, at, until: null, proven: this.exam.clock.proven };
    this.row.push(one);
    return one;
  }

  /** That the page lives, for a page that comes after it without having been told that this one went. */
  private beat(): void {
    const view = this.writing;
    try {
      if (view) localStorage.setItem(ALIVE, [view.attempt, view.lease, this.exam.clock.iso()].join(" "));
      else localStorage.removeItem(ALIVE);
    } catch {
      // Without local storage a crash is seen by the box alone.
    }
  }

  /** The page before this one ended without a word: it was away from its last sign of life until now. */
  private crashed(): void {
    const view = this.writing;
    const [attempt, lease, at] = lastSign().split(" ");
    const told = this.row.some((one) => one.attempt === attempt && one.until === null);
    if (view && attempt === view.attempt && Number(lease) === view.lease && !told) {
      this.noted(attempt, "page_reloaded", at);
    }
  }

  private back(): void {
    if (!this.open) return;
    this.open.until = this.exam.clock.iso();
    this.open = null;
    this.keep();
    void this.deliver();
    this.say();
  }

  /** Said once, calmly: it was noted, and the time did not stop. */
  private say(): void {
    document.querySelector(".left-note")?.remove();
    const note = h("p", { class: "left-note", role: "alert" }, t("left_noted"));
    document.body.append(note);
    setTimeout(() => note.remove(), SAID);
  }

  private keep(): void {
    try {
      localStorage.setItem(PLACE, JSON.stringify(this.row));
    } catch {
      // Without local storage it is told from memory.
    }
  }

  private async deliver(): Promise<void> {
    if (this.sending || this.exam.signingInAgain) return;
    this.sending = true;
    try {
      for (const one of [...this.row]) {
        const state = one.until ?? "open";
        if (one.attempt !== this.exam.kept?.attempt || this.sent.get(one.id) === state) continue;
        const { attempt: _, ...told } = one;
        try {
          await this.exam.api.left(told);
        } catch (error) {
          // Not heard, or heard from nobody signed in: kept until it is.
          if (!(error instanceof Told) || error.signInAgain || error.status === BUSY) return;
          // The box said no: it will say so again.
        }
        this.sent.set(one.id, state);
        if (one.until === state) this.row = this.row.filter((other) => other !== one);
        this.keep();
      }
    } finally {
      this.sending = false;
    }
  }
}
