// Between the rules and the first question: the countdown, and three things worth trying.

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

const passed = new Set<Word>();

export const waiting: Make = (exam, redraw) => {
  const title = h("h1", {}, t("waiting_title"));
  const count = h("p", { class: "countdown", role: "timer" });
  const text = h("p", { class: "calm", role: "status" }, t("waiting_text"));
  const at = h("p", { class: "hint" });
  const begin = () => {
    practise(true);
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
  void navigator.mediaDevices?.enumerateDevices?.().then((devices) => {
    if (devices.some((device) => device.kind === "videoinput")) mark("check_camera");
    else {
      const row = rows.get("check_camera");
      row?.classList.add("absent");
      const what = row?.querySelector(".what");
      if (what) write(what, t("check_camera_none"));
    }
  });

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
      start.hidden = loading;
      write(text, t("waiting_text"));
    },
    key(event) {
      if (["Tab", "Enter", " "].includes(event.key)) return false;
      if (event.key === "0" || event.key.toUpperCase() === "O") begin();
      else mark("check_keyboard");
      return true;
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
