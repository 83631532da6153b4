/**
 * The waiting-room display: plays the announcement of each new call once, one after the other, and turns the pages of
 * those on their way when they do not fit. What was called before the page was opened is not announced again.
 */

const TURN = 6000;

const heard = new Set<string>();
const queue: string[] = [];
let playing = false;
let at = 0;

const all = (selector: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(selector)];

function voice(): HTMLAudioElement {
  return document.getElementById("voice") as HTMLAudioElement;
}

function ask(hidden: boolean): void {
  const button = document.getElementById("silent");
  if (button) button.hidden = hidden;
}

async function next(): Promise<void> {
  if (playing) return;
  const call = queue.shift();
  if (!call) return;
  playing = true;
  const sound = voice();
  sound.src = `/media/sound/${call}`;
  try {
    await sound.play();
    ask(true);
    document.body.dataset.played = `${document.body.dataset.played ?? ""} ${call}`.trim();
  } catch (error) {
    playing = false;
    if (error instanceof DOMException && error.name === "NotAllowedError") {
      queue.unshift(call);
      ask(false);
    } else void next();
  }
}

/** New calls whose announcement is ready, oldest first. */
function listen(first: boolean): void {
  const calls = all("[data-call]").reverse();
  for (const call of calls) {
    const id = call.dataset.call ?? "";
    if (heard.has(id) || !call.dataset.sound) continue;
    heard.add(id);
    if (!first) queue.push(id);
  }
  void next();
}

let shownHuge = "";

function turn(step: number): void {
  const list = document.querySelector<HTMLElement>(".others");
  if (!list) return;
  const rows = [...list.children] as HTMLElement[];
  const room = list.parentElement as HTMLElement;
  for (const row of rows) row.hidden = false;
  const height = rows[0]?.offsetHeight || 1;
  const fit = Math.max(1, Math.floor((room.clientHeight - list.offsetTop + room.offsetTop - 24) / height));
  const pages = Math.max(1, Math.ceil(rows.length / fit));
  at = (at + step) % pages;
  rows.forEach((row, index) => {
    row.hidden = Math.floor(index / fit) !== at;
  });
}

function changed(first = false): void {
  const huge = document.querySelector<HTMLElement>(".huge");
  const call = huge?.dataset.call ?? "";
  if (!first && call && call !== shownHuge) huge?.classList.add("new");
  shownHuge = call;
  listen(first);
  turn(0);
}

document.addEventListener("DOMContentLoaded", () => {
  changed(true);
  setInterval(() => turn(1), TURN);
  const sound = voice();
  for (const name of ["ended", "error"]) {
    sound.addEventListener(name, () => {
      playing = false;
      setTimeout(() => void next(), 600);
    });
  }
  document.getElementById("silent")?.addEventListener("click", () => {
    ask(true);
    void next();
  });
  document.addEventListener("htmx:afterSettle", () => changed());
});

export {};
