/** What the page brings about recordings (appliance/web/timeline.py), and words and times of it. Times: ms since 1970. */

export interface Piece {
  start: number;
  end: number;
  from: string;
  to: string;
  codec?: string;
  frame?: number;
  away?: boolean;
  where?: string;
  run?: string;
  filled?: boolean;
  /** Why it cannot be played: missing, unreadable, deleted. */
  lost?: string;
}

export interface Gap {
  start: number;
  end: number;
  cause: string;
}

/** Something was wrong with a camera that recorded. */
export interface Alarm {
  start: number;
  end: number;
  what: string;
}

/** A file that does not hold; `altered`: what is there is not what was recorded, else it is missing or unreadable. */
export interface FileAlarm extends Alarm {
  altered: boolean;
}

export interface Row {
  camera: string;
  name: string;
  /** Where the candidate was when. */
  places: { start: number; end: number; place: string }[];
  spans: [number, number][];
  pieces: Piece[];
  gaps: Gap[];
  alarms: Alarm[];
  /** Files that were found not to be as they were recorded, once they have been read. */
  damaged?: FileAlarm[];
}

export interface Mark {
  at: number;
  until?: number;
  sort: string;
  word: string;
  more?: string;
  who?: string;
  proof?: string;
  picture?: string;
}

export interface Visit {
  start: number;
  end: number;
  rows: Row[];
  blind: { start: number; end: number; place: string }[];
  marks: Mark[];
}

export interface Films {
  candidate: string;
  at: number;
  visits: Visit[];
}

/** The whole second a moment lies in: what somebody clicks or chooses has no parts of one. */
export const second = (moment: number): number => Math.floor(moment / 1000) * 1000;

/** Where the candidate is that this camera sees now; of two places the one come to last. */
export function placeAt(row: Row, now: number): string {
  const here = row.places.filter((one) => one.start <= now && now <= one.end).at(-1) ?? row.places[0];
  return !here || here.place === row.name ? "" : here.place;
}

/** The address of a piece, or of the part between two times as a file. `run`: the connection it was recorded in. */
export function clipAddress(film: Films, camera: string, from: string, to: string, run = "", how = ""): string {
  const asked = new URLSearchParams({ camera, from, to });
  if (run) asked.set("run", run);
  if (film.candidate) asked.set("candidate", film.candidate);
  if (how) asked.set(how, "true");
  return `/media/clip?${asked}`;
}

const zone = document.documentElement.dataset.zone || "Asia/Shanghai";
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: zone });
const day = new Intl.DateTimeFormat("sv-SE", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone });

/** 09:05:12 in the site's zone; `fine`: with milliseconds. */
export function timeText(moment: number, fine = false): string {
  const whole = Math.floor(moment / 1000) * 1000;
  return fine ? `${clock.format(whole)}.${String(Math.floor(moment) % 1000).padStart(3, "0")}` : clock.format(whole);
}

/** 2026-11-21 in the site's zone. */
export function dayText(moment: number): string {
  return day.format(moment);
}

/** An element with a class and text. */
export function make<K extends keyof HTMLElementTagNameMap>(kind: K, name = "", text = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}
