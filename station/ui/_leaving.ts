// The page was left, another window came before it, or it is no longer on the whole screen: told to the box as a case,
// kept until the box has it. The clock runs on, and the candidate is told so.

import { Told } from "./_api";
import { h } from "./_dom";
import type { Exam } from "./_exam";
import { t } from "./_words";

type Kind = "page_left" | "focus_lost" | "fullscreen_left";

interface Left {
  id: string;
  attempt: string;
  kind: Kind;
  at: string;
  until: string | null;
  proven: boolean;
}

const PLACE = "left";
const AGAIN = 3000;
const SAID = 10_000;
const OLD = 86_400_000; // a sitting is over after a day; what nobody signed in for again is of no use
const BUSY = 429;

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
    // Whatever was open when the page went away ended with its coming back.
    for (const one of this.row) one.until ??= this.exam.clock.iso();
    document.addEventListener("visibilitychange", () => (document.hidden ? this.left("page_left") : this.back()));
    window.addEventListener("pagehide", () => this.left("page_left"));
    window.addEventListener("blur", () => this.left("focus_lost"));
    window.addEventListener("focus", () => this.back());
    const whole = matchMedia("(display-mode: fullscreen)");
    whole.addEventListener("change", () => (whole.matches ? this.back() : this.left("fullscreen_left")));
    setInterval(() => void this.deliver(), AGAIN);
  }

  private left(kind: Kind): void {
    const view = this.exam.kept?.view;
    if (this.open || !view || view.phase !== "running" || view.moved || view.around?.paused) return;
    const { clock } = this.exam;
    const id = crypto.randomUUID();
    this.open = { id, attempt: view.attempt, kind, at: clock.iso(), until: null, proven: clock.proven };
    this.row.push(this.open);
    this.keep();
    void this.deliver();
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
