/** The page of recordings: pictures, time line and marks move together; keys for everything. */

import { all, typing, word } from "./_page";
import { Player, SPEEDS } from "./_player";
import { dayText, type FileAlarm, type Films, second as whole, timeText } from "./_player_film";
import { Line } from "./_player_line";
import { MarkList } from "./_player_marks";
import { unreadable } from "./_player_stretch";
import { Take } from "./_player_take";

const MARGIN = 1000;
/** Times asked for may lie this much before a visit. */
const BEGINS = 20_000;
/** Who is further away than this from where a case begins has moved on. */

function one<T extends Element = HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(selector);
  return found;
}

function start(film: Films): void {
  const chosen = Math.max(0, film.visits.findIndex((visit) => film.at && film.at <= visit.end && film.at >= visit.start - MARGIN));
  let visit = film.visits[chosen];
  if (!visit) return;
  const first = (at: typeof visit): number => Math.min(...at.rows.flatMap((row) => row.pieces.map((piece) => piece.start)), at.end);
  const player = new Player(film, one("#stage"), visit, film.at || Math.max(visit.start, first(visit)));
  const line = new Line(visit, one("#cameras"), (camera) => player.choose(camera), player.hidden);
  one("#line").append(line.picture);
  const marks = new MarkList(one("#marks"), one("#sorts"));
  line.sorts = marks.sorts;
  const clock = one("#at");
  const speed = one<HTMLSelectElement>("#speed");
  const play = one<HTMLButtonElement>("#play");
  const say = one("#said");
  const tabs = all<HTMLButtonElement>("[data-visit]");

  /** What somebody chooses begins and ends with a whole second, and is never empty. */
  const between = (from: number, to: number): [number, number] => {
    const { start, end } = player.visit;
    const [first, last] = [whole(from), whole(to + 999)];
    return [Math.max(start, Math.min(first, end - 1000)), Math.min(end, Math.max(last, start + 1000))];
  };
  const part = (): [number, number] => line.chosen ?? between(whole(player.now) - 60_000, whole(player.now) + 60_000);
  const taken = new Take(film, one("#files"), one("#copies"), one("#part"), one("#count"), one("#proof"));
  const take = (): void => {
    const [from, to] = part();
    for (const field of all<HTMLInputElement>("[data-take]")) {
      field.value = new Date(field.dataset.take === "from" ? from : to).toISOString();
    }
    const cameras = player.visit.rows.map((row) => row.camera).filter((camera) => !player.hidden.has(camera));
    one<HTMLInputElement>("[data-cameras]").value = [...new Set(cameras)].join(",");
    taken.show(player.visit, player.hidden, from, to);
  };
  let second = 0;

  const step = (waits: boolean): void => {
    clock.textContent = timeText(player.now, !player.playing);
    one("#day").textContent = dayText(player.now);
    speed.value = String(player.rate);
    play.setAttribute("aria-pressed", String(player.playing));
    play.textContent = player.playing ? word("pause") : word("play");
    document.body.classList.toggle("waits", waits);
    document.body.dataset.at = String(Math.round(player.now));
    const ended = one("#ended");
    ended.hidden = player.now < player.visit.end - 50;
    if (!ended.hidden) ended.textContent = word("ended", { to: timeText(player.visit.end) });
    line.follow(player.now);
    marks.follow(player.now);
    if (Math.abs(player.now - film.at) > BEGINS) document.getElementById("begins")?.remove();
    const more = one("#more");
    more.hidden = player.more <= 0;
    more.textContent = player.more > 0 ? word("more", { count: String(player.more) }) : "";
    if (Math.floor(player.now / 1000) !== second) {
      second = Math.floor(player.now / 1000);
      take();
    }
  };
  player.onStep = step;
  let until = 0;
  const tellFor = (text: string): void => {
    say.textContent = text;
    window.clearTimeout(until);
    until = window.setTimeout(() => (say.textContent = ""), 8000);
  };
  player.onSkip = (from, to) => {
    const lost = player.visit.rows.filter((row) => !player.hidden.has(row.camera)).flatMap((row) => row.gaps);
    const causes = new Set(lost.filter((gap) => gap.start < to && gap.end > from).map((gap) => gap.cause));
    const times = { from: timeText(from), to: timeText(to), cause: [...causes].join(", ") };
    const gone = player.visit.rows.flatMap((row) => unreadable(row, from, to).map(([start, end, why]) => `${row.name}: ${word(`lost-${why}`, { from: timeText(start), to: timeText(end) })}`));
    tellFor([word(causes.size ? "skipped-gap" : "skipped", times), ...gone].join(" "));
  };
  line.onSeek = marks.onSeek = (at) => player.seek(at);
  marks.onSorts = () => line.draw();
  marks.show(visit.marks);
  line.draw();
  step(false);

  const tell = (number: number): void => {
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.visit === String(number)));
    for (const blind of all("[data-blind]")) blind.hidden = blind.dataset.blind !== String(number);
  };
  const go = (number: number): void => {
    visit = film.visits[number];
    if (!visit) return;
    player.show(visit, Math.max(visit.start, first(visit)));
    line.show(visit);
    marks.show(visit.marks);
    tell(number);
    step(false);
  };
  tell(chosen);
  const cut = (edge: 0 | 1): void => {
    const [from, to] = part();
    line.chosen = edge ? between(Math.min(from, player.now - 1000), player.now) : between(player.now, Math.max(to, player.now + 1000));
    line.draw();
    take();
  };
  speed.replaceChildren(...SPEEDS.map((at) => new Option(`${at}×`, String(at), at === 1, at === 1)));
  speed.addEventListener("change", () => {
    player.rate = Number(speed.value);
    speed.blur();
  });
  for (const tab of tabs) tab.addEventListener("click", () => go(Number(tab.dataset.visit)));
  one("#stage").addEventListener("click", (event) => {
    const deck = (event.target as Element).closest("figure");
    const shown = player.decks.find((at) => at.box === deck);
    if (shown && !(event.target as Element).closest("a")) player.enlarge(shown.row.camera);
  });

  const mark = (forward: boolean): void => {
    const found = marks.next(player.now, forward);
    if (found) {
      player.seek(whole(found.at));
      if ([word("last-mark"), word("first-mark")].includes(say.textContent ?? "")) say.textContent = "";
    } else tellFor(word(forward ? "last-mark" : "first-mark"));
  };
  const orders: Record<string, () => void> = {
    play: () => player.toggle(),
    sound: () => {
      player.sound = !player.sound;
      one("#sound").setAttribute("aria-pressed", String(player.sound));
    },
    back: () => player.seek(player.now - 5000),
    ahead: () => player.seek(player.now + 5000),
    "minute-back": () => player.seek(player.now - 60_000),
    "minute-ahead": () => player.seek(player.now + 60_000),
    "frame-back": () => player.frame(false),
    "frame-ahead": () => player.frame(true),
    slower: () => player.faster(-1),
    faster: () => player.faster(1),
    "mark-back": () => mark(false),
    "mark-ahead": () => mark(true),
    near: () => line.zoom(0.5),
    far: () => line.zoom(2),
    whole: () => line.whole(),
    in: () => cut(0),
    out: () => cut(1),
    all: () => {
      line.chosen = [player.visit.start, player.visit.end];
      line.draw();
      take();
    },
    begin: () => player.seek(player.visit.start),
    end: () => player.seek(player.visit.end - 1000),
  };
  const keys: Record<string, string> = {
    " ": "play", k: "play", ArrowLeft: "back", ArrowRight: "ahead", "shift ArrowLeft": "minute-back", "shift ArrowRight": "minute-ahead",
    ",": "frame-back", ".": "frame-ahead", "[": "slower", "]": "faster", p: "mark-back", n: "mark-ahead",
    "+": "near", "=": "near", "-": "far", "0": "whole", i: "in", o: "out", m: "sound", Home: "begin", End: "end",
  };
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-order]");
    if (button) orders[button.dataset.order ?? ""]?.();
  });
  document.addEventListener("keydown", (event) => {
    if (typing() || event.ctrlKey || event.altKey || event.metaKey) return;
    const at = document.activeElement;
    // Space plays wherever the focus is (buttons are pressed with Enter), but opens what is folded.
    const pressed = event.key === " " && at?.tagName === "SUMMARY";
    const order = keys[(event.shiftKey && event.key.startsWith("Arrow") ? "shift " : "") + (event.key.length === 1 ? event.key.toLowerCase() : event.key)];
    if (!order || pressed) return;
    event.preventDefault();
    orders[order]?.();
  });
  const check = (): void => {
    const files = document.getElementById("film-files")?.dataset.damaged;
    if (!files) return; // being read: what is known stays marked
    const told = JSON.parse(files) as (FileAlarm & { camera: string })[];
    for (const row of film.visits.flatMap((one) => one.rows)) row.damaged = told.filter((one) => one.camera === row.camera);
    if (told.length) one("#legend-lost").hidden = false;
    line.draw();
    take();
  };
  document.body.addEventListener("htmx:afterSettle", check);
  // What came of an order is seen, wherever the list of what can be taken is scrolled to.
  const seen = (event: Event): void => {
    const made = (event.target as Element | null)?.closest("#package");
    made?.scrollIntoView({ block: made.clientHeight > one("#take").clientHeight ? "start" : "nearest" });
  };
  document.body.addEventListener("htmx:afterSettle", seen);
  one("#take details").addEventListener("toggle", () => one("form.package").scrollIntoView({ block: "nearest" }));
  player.toggle(true);
}

document.addEventListener("DOMContentLoaded", () => {
  const data = document.getElementById("films");
  if (data) start(JSON.parse(data.textContent ?? "") as Films);
});
