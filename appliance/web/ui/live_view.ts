/**
 * The live view: one answer of the box carries the pictures of all cameras, each behind a head of its length, the
 * length of its camera's code and its time (appliance/web/live_view.py). A browser opens only six connections to one
 * host: sixteen pictures need one that never ends.
 */

import { boxNow, clockText, startClock } from "./_clock";
import { all, word } from "./_page";

const HEAD = 14;
const AGAIN = 2000;
/** Milliseconds without a picture, or since the newest was taken, after which it says so. */
const OLD = 15_000;

/** Of the last picture: when it was taken, by the box, and when it came, by this machine. */
const seen = new Map<string, { at: number; came: number }>();
const began = Date.now();
let asking: AbortController | null = null;

function figure(camera: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-camera="${CSS.escape(camera)}"]`);
}

function show(camera: string, at: number, jpeg: Uint8Array<ArrayBuffer>): void {
  const view = figure(camera);
  const image = view?.querySelector("img");
  if (!view || !image) return;
  const before = image.src;
  image.src = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
  if (before.startsWith("blob:")) URL.revokeObjectURL(before);
  seen.set(camera, { at, came: Date.now() });
  view.classList.add("there");
  mark(view);
}

function mark(view: HTMLElement): void {
  const last = seen.get(view.dataset.camera ?? "");
  const old = Date.now() - (last?.came ?? began) > OLD || (last !== undefined && boxNow() - last.at > OLD);
  view.classList.toggle("old", old);
  // A camera that rests by its plan may have a second stream: only when nothing comes it is said that none will.
  const rests = old ? view.querySelector<HTMLElement>("[data-rests]")?.dataset.rests : undefined;
  view.classList.toggle("rests", Boolean(rests));
  const nothing = view.querySelector(".nothing");
  if (nothing) nothing.textContent = rests ? rests : last ? word("none", { time: clockText(last.at) }) : word("never");
  const time = view.querySelector("[data-seen]");
  if (time) time.textContent = last ? clockText(last.at) : "";
}

/** Whole pictures at the front of `bytes` are shown; what is left comes back. */
function take(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let at = 0;
  while (bytes.length - at >= HEAD) {
    const head = new DataView(bytes.buffer, bytes.byteOffset + at, HEAD);
    const length = head.getUint32(0);
    const name = head.getUint16(4);
    const end = at + HEAD + name + length;
    if (bytes.length < end) break;
    const camera = new TextDecoder().decode(bytes.subarray(at + HEAD, at + HEAD + name));
    show(camera, Number(head.getBigUint64(6)), bytes.slice(at + HEAD + name, end));
    at = end;
  }
  return bytes.slice(at);
}

async function follow(): Promise<void> {
  asking = new AbortController();
  const answer = await fetch("/live-view/pictures", { signal: asking.signal });
  if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  if (!answer.ok || !answer.body) return;
  const reader = answer.body.getReader();
  let left = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const whole = new Uint8Array(left.length + value.length);
    whole.set(left);
    whole.set(value, left.length);
    left = take(whole);
  }
}

async function go(): Promise<void> {
  for (;;) {
    if (!document.hidden) await follow().catch(() => undefined);
    await new Promise((done) => setTimeout(done, AGAIN));
  }
}

function enlarge(view: HTMLElement | null): void {
  for (const one of all(".view")) {
    const large = one === view && !one.classList.contains("large");
    one.classList.toggle("large", large);
    one.querySelector("button")?.setAttribute("aria-pressed", String(large));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  if (!document.querySelector(".views")) return;
  startClock();
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest(".view button");
    if (button) enlarge(button.closest<HTMLElement>(".view"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") enlarge(null);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) asking?.abort();
  });
  setInterval(() => all(".view").forEach(mark), 1000);
  void go();
});
