// Between the rules and the first question: the countdown, and three things worth trying.

import type { CameraFault } from "./_camera";
import { clockFace } from "./_clock";
import { h, sign, write } from "./_dom";
import { person } from "./_view_entry";
import { practise } from "./_view_familiar";
import { card, type Make } from "./_view";
import { t, type Word } from "./_words";

/** A short soft tone, so that the loudspeaker is known to work. */
function tone(): void {
  const context = new AudioContext();
  const source = context.createOscillator();
  const gain = context.createGain();
  source.frequency.value = 660;
  gain.gain.setValueAtTime(0.2, context.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.4);
  source.connect(gain).connect(context.destination);
  source.start();
  source.stop(context.currentTime + 0.4);
  source.onended = () => void context.close();
}

const LATE = 15_000;

/** What the candidate of this attempt has tried. */
const passed = new Set<Word>();
let passedBy = "";

export const waiting: Make = (exam, redraw) => {
  const since = performance.now();
  const attempt = exam.kept?.attempt ?? "";
  if (attempt !== passedBy) passed.clear();
  passedBy = attempt;
  const title = h("h1", {}, t("waiting_title"));
  const count = h("p", { class: "countdown", role: "timer" });
  const text = h("p", { class: "calm", role: "status" }, t("waiting_text"));
  const at = h("p", { class: "hint" });
  const begin = () => {
    practise(attempt);
    redraw();
  };
  const start = h("button", { type: "button", class: "plain", onclick: begin }, t("familiar_start"));
  const rows = new Map<Word, HTMLElement>();

  function mark(word: Word): void {
    passed.add(word);
    const row = rows.get(word);
    row?.classList.add("ok");
    const state = row?.querySelector(".state");
    if (state) write(state, t("checked"));
  }

  function check(word: Word, act?: () => void): HTMLElement {
    const inner = [
      h("span", { class: "box" }, sign("tick")),
      h("span", { class: "what" }, t(word)),
      h("span", { class: "state" }, t("unchecked")),
    ];
    const row = act
      ? h("button", { type: "button", class: "check", onclick: act }, ...inner)
      : h("div", { class: "check" }, ...inner);
    rows.set(word, row);
    if (passed.has(word)) mark(word);
    return row;
  }

  const checks = h(
    "section",
    { class: "checks" },
    h("h2", {}, t("waiting_check")),
    check("check_keyboard"),
    check("check_mouse", () => mark("check_mouse")),
    check("check_sound", () => {
      tone();
      mark("check_sound");
    }),
    check("check_camera"),
  );
  let listed: CameraFault | "ok" | "" = "";
  void navigator.mediaDevices?.enumerateDevices?.().then((devices) => {
    listed = devices.some((device) => device.kind === "videoinput") ? "ok" : "missing";
  });

  /** The camera itself while captures or the face check need it; else only whether there is one. */
  function showCamera(): void {
    const state = exam.captures.state === "unused" ? listed : exam.captures.state;
    const row = rows.get("check_camera") as HTMLElement;
    const ok = state === "ok";
    row.classList.toggle("ok", ok);
    row.classList.toggle("absent", !ok && state !== "");
    const what = ok || !state ? "check_camera" : state === "missing" ? "check_camera_none" : "check_camera_bad";
    write(row.querySelector<HTMLElement>(".what")!, t(what));
    write(row.querySelector<HTMLElement>(".state")!, t(ok ? "checked" : "unchecked"));
  }

  const root = card(
    exam,
    redraw,
    "waiting",
    h(
      "div",
      { class: "two" },
      h("section", { class: "when" }, title, count, at, text, start),
      h("section", { class: "side" }, person(exam), checks),
    ),
  );
  return {
    root,
    update() {
      const view = exam.kept?.view;
      if (!view) return;
      const left = exam.clock.until(view.starts_at);
      const loading = exam.screen === "loading";
      write(title, t(loading ? "loading_paper" : left > 0 ? "waiting_title" : "waiting_soon"));
      write(count, left > 0 && !loading ? clockFace(left) : "");
      write(at, `${t("waiting_at")} ${siteTime(view.starts_at)}`);
      start.hidden = checks.hidden = loading;
      showCamera();
      const late = performance.now() - since > LATE;
      write(text, !loading ? t("waiting_text") : late ? t("loading_late") : "");
    },
    key(event) {
      if (exam.screen === "loading") return false;
      const tried = event.key === " " || event.key === "5";
      if (tried) mark("check_keyboard");
      else if (event.key === "0" || event.key.toUpperCase() === "O") begin();
      else return false;
      // On a button the space bar also presses it.
      return !(event.key === " " && event.target instanceof HTMLButtonElement);
    },
  };
};

/** 09:05:12 in the site's zone, whatever the computer is set to. */
export function siteTime(moment: string | Date): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: "Asia/Shanghai",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(new Date(moment));
}
