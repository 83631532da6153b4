// The messages of appliance/wire/station.py as the page sees them (JSON; times as ISO 8601 text, UTC).

export type Phase = "free" | "sign_in" | "rules" | "waiting" | "running" | "handed_in";

export interface Seat {
  seat: string;
  room: string;
  sitting: string;
  phase: Phase;
  candidate: string;
  attempt: string;
  now: string;
  demo: boolean;
}

export interface Attempt {
  attempt: string;
  lease: number;
  phase: Phase;
  seat: string;
  name: string;
  masked_number: string;
  exam: string;
  questions: number;
  starts_at: string;
  deadline: string;
  now: string;
  saved_n: number;
  answered: number;
  message: string;
  message_id: string;
  handed_in: "" | "candidate" | "time" | "forced";
  result: string;
  moved: boolean;
  csrf: string;
  demo: boolean;
}

/** A place in a text where a picture stands: SHA-256 and what it shows. */
export interface Picture {
  picture: string;
  alt?: string;
}

export type Words = string | (string | Picture)[];

/** `language`: of stem and options, Chinese when it is not there; `english`: options in the same order. */
export interface Question {
  position: number;
  kind: "true_false" | "single_choice" | "multiple_choice";
  stem: Words;
  options: { key: string; text: Words }[];
  language?: string;
  english?: { stem: Words; options: Words[] };
}

export interface Paper {
  paper: string;
  sha256: string;
  questions: Question[];
  answers: Record<string, string>;
  made_at: Record<string, string>;
  /** SHA-256 -> media type of every picture it shows. */
  pictures?: Record<string, string>;
}

/** One change; `value` is an option's key, with multiple choice every chosen key in order (`ACD`). `at` is the best time the station has. */
export interface Change {
  n: number;
  position: number;
  value: string;
  at: string;
}

export interface Saved {
  n: number;
  now: string;
  deadline: string;
  late: boolean;
}
