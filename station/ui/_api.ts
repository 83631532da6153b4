// Questions to the box. NoAnswer = cable or box; Told = the box answered with a problem.

import type { ExamClock } from "./_clock";
import { NoAnswer, StaleRow } from "./_queue";
import type { Attempt, Bookmark, Change, Saved, SealedPaper, Seat } from "./_wire";

/** A problem the box named: code, sentence and next step in the page's language. */
export class Told extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly next: string,
  ) {
    super(title);
  }

  /** The seat's cookie is gone or void: sign in again. */
  get signInAgain(): boolean {
    return this.status === 401 || this.code === "seat_sign_in_first";
  }
}

const TIMEOUT = 8000;

export class Api {
  csrf = "";
  /** Told with every look at the attempt: the open conversation with the invigilator, empty = none. */
  talk: (id: string) => void = () => undefined;

  constructor(
    private readonly clock: ExamClock,
    private readonly root = "/station/api",
  ) {}

  private async ask<T>(method: "GET" | "POST", path: string, body?: unknown, outlives = false): Promise<T> {
    const sent = performance.now();
    let response: Response;
    let reply: Record<string, unknown>;
    try {
      response = await fetch(this.root + path, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: {
          accept: "application/json",
          ...(method === "POST" ? { "content-type": "application/json", "x-csrf-token": this.csrf } : {}),
        },
        credentials: "same-origin",
        cache: "no-store",
        keepalive: outlives,
        signal: AbortSignal.timeout(TIMEOUT),
      });
      reply = (await response.json()) as Record<string, unknown>;
    } catch (error) {
      throw new NoAnswer(String(error));
    }
    if (response.status >= 500) throw new NoAnswer(`status ${response.status}`);
    if (!response.ok) {
      if (response.status === 409 && typeof reply.expected === "number") throw new StaleRow(reply.expected);
      const text = (value: unknown) => (typeof value === "string" ? value : "");
      throw new Told(
        response.status,
        text(reply.code),
        text(reply.title) || text(reply.message),
        text(reply.next),
      );
    }
    if (typeof reply.now === "string") this.clock.hear(reply.now, sent);
    return reply as T;
  }

  seat(): Promise<Seat> {
    return this.ask("GET", "/seat");
  }

  async attempt(): Promise<Attempt> {
    const { talk, ...attempt } = await this.ask<Attempt & { talk: string }>("GET", "/attempt");
    this.talk(talk);
    return this.taken(attempt);
  }

  async signIn(typed: { last_four: string } | { number: string; pass_code: string }): Promise<Attempt> {
    return this.taken(await this.ask("POST", "/sign-in", typed));
  }

  async hand(up: boolean): Promise<Attempt> {
    return this.taken(await this.ask("POST", "/hand", { up }));
  }

  left(told: Record<string, unknown>): Promise<unknown> {
    return this.ask("POST", "/left", told, true); // also while the page itself goes
  }

  async rules(attempt: string): Promise<Attempt> {
    return this.taken(await this.ask("POST", "/rules", { attempt }));
  }

  /** What this seat's paper is made of, sealed. */
  paper(): Promise<SealedPaper> {
    return this.ask("GET", "/paper");
  }

  answers(attempt: string, lease: number, answers: Change[], bookmark?: Bookmark): Promise<Saved> {
    return this.ask("POST", "/answers", { attempt, lease, answers, bookmark });
  }

  async acknowledge(message_id: string): Promise<Attempt> {
    return this.taken(await this.ask("POST", "/acknowledge", { message_id }));
  }

  async handIn(attempt: string, lease: number, n: number): Promise<Attempt> {
    return this.taken(await this.ask("POST", "/hand-in", { attempt, lease, n }));
  }

  private taken(attempt: Attempt): Attempt {
    if (attempt.csrf) this.csrf = attempt.csrf;
    return attempt;
  }
}
