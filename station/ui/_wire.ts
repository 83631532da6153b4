// The messages of appliance/wire/station.py as the page sees them (JSON; times as ISO 8601 text, UTC).

export type Phase = "free" | "sign_in" | "rules" | "waiting" | "running" | "handed_in";

export interface Seat {
  seat: string;
  /** Free, and one may sign in with number and pass code. */
  by_code?: boolean;
  room: string;
  sitting: string;
  /** By language (zh_CN, en): the page switches without asking. */
  sitting_in?: Record<string, string>;
  phase: Phase;
  candidate: string;
  attempt: string;
  now: string;
  demo: boolean;
}

/** What the exam's rules, the roster and the raised hand say. */
export interface ExamNow {
  hand_in_from: string;
  early_hand_in: boolean;
  hand_at: string | null;
  /** Approved help: voice, large, time25. */
  help: string[];
  /** Books are allowed; not there in what an older page kept. */
  open_book?: boolean;
  /** The exam stands still. */
  paused?: boolean;
}

export interface Attempt {
  /** Not there in what an older page kept. */
  around?: ExamNow;
  attempt: string;
  lease: number;
  phase: Phase;
  seat: string;
  /** Name of its room; not there in what an older page kept. */
  room?: string;
  name: string;
  masked_number: string;
  exam: string;
  /** By language, as `Seat.sitting_in`; not there in what an older page kept. */
  exam_in?: Record<string, string>;
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
  /** The seat the candidate was moved to; empty = none but this one. */
  goes_on_at?: string;
  /** Opens the sealed paper (Base64); empty until the attempt runs. */
  key: string;
  /** Address of the province's page when the exam is answered there; empty = on this one. */
  page: string;
  /** The longest time in seconds between two captures; 0 = none are taken. */
  captures: number;
  /** Number of the random capture to take now; 0 = none. */
  capture_due: number;
  face_check: "" | "due" | "looking" | "hand";
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

/** Which question was shown, and which are flagged. The newer one by `at` counts, this page's or the box's. */
export interface Bookmark {
  position: number;
  flagged: number[];
  at: string;
}

/** Names of the sealed files of a paper; the body opens with the attempt's key. */
export interface SealedPaper {
  body: string;
  pictures: string[];
  answers: Record<string, string>;
  made_at: Record<string, string>;
  bookmark?: Bookmark | null;
}

/** The body, opened, with what the box had of answers at that moment. */
export interface Paper {
  paper: string;
  sha256: string;
  questions: Question[];
  answers: Record<string, string>;
  made_at: Record<string, string>;
  bookmark?: Bookmark | null;
  /** Every picture it shows, by the name its questions use: its sealed file, media type and key. */
  pictures?: Record<string, { sealed: string; media_type: string; key: string }>;
}

/** One change; `value` is an option's key, with multiple choice every chosen key in order (`ACD`). `at` is the best time the station has. */
export interface Change {
  n: number;
  position: number;
  value: string;
  at: string;
  /** False: `at` came over this computer's wall clock, after a reload without the box. */
  proven?: boolean;
}

export interface Saved {
  n: number;
  now: string;
  deadline: string;
  late: boolean;
}
