/** The invigilator speaks with a candidate at the seat: one conversation at a time, from the page of the room. */

import { Conversation, microphone } from "../../wire/talk";
import { all } from "./_page";

const LOOK = 1000;

interface State {
  over: boolean;
  answered: boolean;
  microphone: boolean;
}

let now: Conversation | null = null;
/** The microphone is asked for, or the box: a second press changes nothing. */
let opening = false;
let address = "";
let looking = 0;
let began = 0;

function headers(): Record<string, string> {
  const said = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>;
  return { "x-csrf-token": said["x-csrf-token"] ?? "" };
}

/** The bar of the page; its words come from the template as `data-word-...`. */
const bar = (): HTMLElement | null => document.getElementById("talk");

function show(on: boolean): void {
  const place = bar();
  if (place) place.hidden = !on;
  document.body.classList.toggle("in-talk", on);
}

function say(name: string): void {
  const place = bar()?.querySelector("[data-talk-state]");
  const text = bar()?.getAttribute(`data-word-${name}`) ?? "";
  if (place && place.textContent !== text) place.textContent = text;
}

function tell(text: string): void {
  document.getElementById("problem")?.replaceChildren(text);
}

function clock(): void {
  const place = bar()?.querySelector("[data-talk-clock]");
  const seconds = Math.floor((Date.now() - began) / 1000);
  if (place) place.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

async function look(): Promise<void> {
  clock();
  const state = await fetch(`${address}/state`, { cache: "no-store", signal: AbortSignal.timeout(3 * LOOK) })
    .then((answer) => answer.json() as Promise<State>)
    .catch(() => null);
  if (!state || !now) return;
  if (state.over) now.end();
  else if (!state.answered) say("waiting");
  else say(state.microphone ? "speaking" : "deaf");
}

function ended(): void {
  clearInterval(looking);
  now = null;
  say("over");
  bar()?.classList.add("over");
  setTimeout(() => {
    if (!now) show(false);
  }, 4000);
}

async function begin(button: HTMLElement): Promise<void> {
  const place = bar();
  if (!place || now || opening) return;
  opening = true;
  await open(place, button).finally(() => {
    opening = false;
  });
}

async function open(place: HTMLElement, button: HTMLElement): Promise<void> {
  const stream = await microphone();
  if (!stream) return tell(place.dataset.wordSilent ?? "");
  const answer = await fetch(button.dataset.talk ?? "", { method: "POST", headers: headers() }).catch(() => null);
  const reply = (await answer?.json().catch(() => null)) as { talk?: string; title?: string; next?: string } | null;
  if (!answer?.ok || !reply?.talk) {
    for (const track of stream.getTracks()) track.stop();
    return tell([reply?.title, reply?.next].filter(Boolean).join(" ") || (place.dataset.wordAway ?? ""));
  }
  address = `/room/talk/${reply.talk}`;
  began = Date.now();
  const mine = new Conversation(address, headers, ended);
  now = mine;
  const whom = place.querySelector("[data-talk-seat]");
  if (whom) whom.textContent = button.dataset.talkSeat ?? "";
  place.classList.remove("over");
  show(true);
  say("waiting");
  clock();
  looking = window.setInterval(() => void look(), LOOK);
  mine.speak(stream);
  await mine.listen();
  place.querySelector<HTMLElement>("[data-talk-end]")?.focus();
}

function hangUp(): void {
  if (!now) return;
  void fetch(`${address}/close`, { method: "POST", headers: headers(), keepalive: true }).catch(() => undefined);
  now.end();
}

/** Another seat without leaving the page: a conversation goes on beside it, a note of what was done stays. */
async function another(path: string, id: string): Promise<void> {
  await window.htmx.ajax("get", path, { target: ".room-grid", swap: "outerHTML", select: ".room-grid" });
  if (!document.querySelector(`#${id}[aria-current]`)) return;
  history.replaceState(null, "", path);
  document.getElementById(id)?.focus({ preventScroll: true });
}

/** Both recordings of a conversation at once, each from the moment it began. */
function playBoth(place: Element | null): void {
  const players = place ? all<HTMLAudioElement>("audio", place) : [];
  const began = (player: HTMLAudioElement): number => Number(player.dataset.began);
  const first = Math.min(...players.map(began));
  for (const player of players) {
    player.pause();
    player.currentTime = 0;
    setTimeout(() => void player.play(), (began(player) - first) * 1000);
  }
}

/** Begin: speaking on the page of a room, listening on the inspector's. */
export function startTalk(): void {
  document.addEventListener("click", (event) => {
    const at = event.target instanceof Element ? event.target : null;
    const button = at?.closest<HTMLElement>("[data-talk]");
    const seat = now && at?.closest<HTMLAnchorElement>("a.seat");
    if (seat) {
      event.preventDefault();
      return void another(seat.pathname + seat.search, seat.id);
    }
    if (button) void begin(button);
    else if (at?.closest("[data-talk-end]")) hangUp();
    else if (at?.closest("[data-talk-both]")) playBoth(at.closest(".talk"));
  });
  // Who was moved is followed to the new seat.
  document.addEventListener("moved", (event) => {
    const { seat } = (event as CustomEvent<{ seat: string }>).detail;
    // The form of the move is done; an open one would hold the page as it was.
    for (const open of all<HTMLDetailsElement>(".room-grid details[open]")) open.open = false;
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const there = new URLSearchParams(location.search);
    there.set("seat", seat);
    void another(`${location.pathname}?${there}`, `t-${seat}`);
  });
  // Whatever else leaves the page ends the conversation: the browser asks first.
  window.addEventListener("beforeunload", (event) => {
    if (now) event.preventDefault();
  });
  window.addEventListener("pagehide", hangUp);
}
