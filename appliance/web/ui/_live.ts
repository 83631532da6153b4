/**
 * The page follows the journal: events of the kinds it named refresh the parts that depend on them, at most once a
 * second. When the stream is broken a mark says since when; on return every part is read again.
 */

import { boxNow, clockText, setBoxTime } from "./_clock";
import { all, word } from "./_page";

const PAUSE = 1000;
const SILENCE = 12_000;
const AGAIN = 3000;

let source: EventSource | null = null;
let lastId = "";
let heardAt = 0;
let brokenAt = 0;
let waiting = false;
let lastRefresh = 0;
const wanted = new Set<Element>();
/** Parts somebody is filling a form in: they are read again when it is closed. */
const held = new Set<Element>();

function refreshWanted(): void {
  waiting = false;
  lastRefresh = Date.now();
  const now = [...wanted];
  wanted.clear();
  for (const one of now) {
    const part = one.isConnected || !one.id ? one : document.getElementById(one.id);
    if (!part?.isConnected) continue;
    if (part.querySelector("details.ask[open]")) held.add(part);
    // An answer that is under way may be older than what asks now: once more after it.
    else if (part.classList.contains("htmx-request")) ask(part);
    else window.htmx.trigger(part, "refresh");
  }
}

function ask(part: Element): void {
  wanted.add(part);
  if (waiting) return;
  waiting = true;
  setTimeout(refreshWanted, Math.max(0, lastRefresh + PAUSE - Date.now()));
}

/** Read again every part, or those that depend on a kind of journal entry (`data-part` lists beginnings of kinds). */
export function refresh(kind?: string): void {
  for (const part of all("[data-part]")) {
    const kinds = (part.dataset.part ?? "").split(",");
    if (kind === undefined || kinds.some((one) => one && kind.startsWith(one))) ask(part);
  }
}

function mark(): void {
  const live = brokenAt === 0;
  document.body.classList.toggle("stale", !live);
  for (const sign of all("[data-live-sign]")) {
    sign.textContent = live ? word("live") : word("stale", { time: clockText(brokenAt) });
    sign.className = live ? "live-sign" : "live-sign broken";
  }
}

function heard(): void {
  heardAt = Date.now();
  if (brokenAt === 0) return;
  brokenAt = 0;
  mark();
  refresh();
}

function broken(): void {
  if (brokenAt === 0) brokenAt = boxNow() - Math.min(Date.now() - heardAt, SILENCE);
  mark();
}

function open(kinds: string): void {
  source?.close();
  const since = lastId ? `&since=${lastId}` : "";
  source = new EventSource(`/live?kinds=${encodeURIComponent(kinds)}${since}`);
  source.onopen = heard;
  source.addEventListener("tick", (event) => {
    setBoxTime((event as MessageEvent<string>).data);
    heard();
  });
  source.addEventListener("entry", (event) => {
    const message = event as MessageEvent<string>;
    lastId = message.lastEventId;
    heard();
    const entry = JSON.parse(message.data) as { kind: string; subject: string };
    document.dispatchEvent(new CustomEvent("journal", { detail: entry }));
    refresh(entry.kind);
  });
  source.onerror = () => {
    broken();
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => open(kinds), AGAIN);
  };
}

/** Begin, when the page names kinds in `data-live`. */
export function startLive(): void {
  const kinds = document.body.dataset.live ?? "";
  for (const part of all("[data-every]")) every(part);
  document.addEventListener("htmx:load", (event) => {
    const loaded = (event as CustomEvent<{ elt: Element }>).detail.elt;
    if (loaded instanceof HTMLElement && loaded.dataset.every) every(loaded);
    for (const part of all("[data-every]", loaded)) every(part);
  });
  document.addEventListener("changed", () => refresh());
  document.addEventListener(
    "toggle",
    (event) => {
      const closed = event.target as HTMLDetailsElement;
      if (closed.open) return;
      for (const part of held) {
        if (part.isConnected && !part.contains(closed)) continue;
        held.delete(part);
        ask(part);
      }
    },
    true,
  );
  document.addEventListener("htmx:beforeSwap", keepOpen);
  for (const note of [noteOpen, noteFocus]) document.addEventListener("htmx:beforeSwap", note);
  for (const again of [openAgain, focusAgain]) document.addEventListener("htmx:load", again);
  if (!kinds) return;
  heardAt = Date.now();
  open(kinds);
  setInterval(() => {
    if (Date.now() - heardAt > SILENCE) {
      broken();
      open(kinds);
      heardAt = Date.now() - SILENCE + AGAIN;
    }
  }, 1000);
}

/** What was asked before a form was opened may arrive after it: it does not take the form away. */
function keepOpen(event: Event): void {
  const { elt, target } = (event as CustomEvent<{ elt: Element; target: Element }>).detail;
  if (elt !== target || !target.querySelector("details.ask[open]")) return;
  event.preventDefault();
  held.add(target);
}

/** Lists somebody has opened (`data-keep` names them) stay open when their part is read again. */
const kept = new Set<string>();

function noteOpen(event: Event): void {
  for (const one of all<HTMLDetailsElement>("details[data-keep]", event.target as Element)) {
    kept[one.open ? "add" : "delete"](one.dataset.keep ?? "");
  }
}

function openAgain(event: Event): void {
  for (const one of all<HTMLDetailsElement>("details[data-keep]", event.target as Element)) {
    if (kept.has(one.dataset.keep ?? "")) one.open = true;
  }
}

/** Where somebody stood with the keyboard in a part that is read again, by its id: on what, of whom. */
const stood = new Map<string, { of: string; does: string }>();

/** What pressing something does: an address. Two people's buttons are never the same, whatever they say. */
function does(one: Element): string {
  const order = one.closest("details")?.querySelector("[hx-post]") ?? one.closest("[hx-post]");
  return `${one.tagName} ${one.getAttribute("href") ?? order?.getAttribute("hx-post") ?? ""}`;
}

function noteFocus(event: Event): void {
  const part = event.target as HTMLElement;
  const at = document.activeElement;
  stood.delete(part.id);
  if (!(at instanceof HTMLElement) || !part.id || !part.contains(at)) return;
  stood.set(part.id, { of: part.dataset.shown ?? "", does: does(at) });
}

function focusAgain(event: Event): void {
  const part = event.target as HTMLElement;
  const before = stood.get(part.id);
  stood.delete(part.id);
  // Another person's button never takes the place of the one somebody was about to press.
  if (!before || before.of !== (part.dataset.shown ?? "")) return;
  const same = all("a,button,summary", part).filter((one) => does(one) === before.does);
  if (same.length === 1) same[0]?.focus({ preventScroll: true });
}

const timed = new WeakSet<Element>();

/** Parts that also change with time alone (a station falls silent) are read again every `data-every` seconds. */
function every(part: HTMLElement): void {
  if (timed.has(part)) return;
  timed.add(part);
  const seconds = Number(part.dataset.every);
  const timer = setInterval(() => {
    if (!part.isConnected) clearInterval(timer);
    else if (!document.hidden) ask(part);
  }, seconds * 1000);
}
