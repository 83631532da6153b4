// The exam page: one tab, one exam, one screen at a time.

import { h } from "./_dom";
import { Exam } from "./_exam";
import { handKey } from "./_hand";
import { keepKeys } from "./_keys";
import { Leaving } from "./_leaving";
import { enlargeType, stopListening } from "./_listen";
import { walk } from "./_pad";
import type { Screen } from "./_screen";
import { Talk } from "./_talk";
import { card, dialog, type Make, type View } from "./_view";
import { delivering, elsewhere, handedIn, moved } from "./_view_end";
import { confirm, connecting, free, rules, signIn } from "./_view_entry";
import { cameraBand, faceCheck, updateCameraBand } from "./_view_face";
import { paper } from "./_view_paper";
import { paused } from "./_view_paused";
import { beside, practising } from "./_view_familiar";
import { passCode } from "./_view_pass_code";
import { waiting } from "./_view_waiting";
import { chosenLanguage, speak, t } from "./_words";

const VIEWS: Record<Screen, Make> = {
  connecting,
  free,
  sign_in: signIn,
  pass_code: passCode,
  confirm,
  face_check: faceCheck,
  rules,
  waiting: beside(waiting),
  loading: waiting,
  running: paper,
  paused,
  elsewhere,
  time_over: delivering,
  handing_in: delivering,
  handed_in: handedIn,
  moved,
};

const place = document.getElementById("exam") as HTMLElement;
let view: View | null = null;
let drawn = "";
let messageBox: HTMLDialogElement | null = null;
let shown: Screen | "" = "";
/** Until then the paper takes no key: one meant for the practice must not answer it. */
let quietUntil = 0;
const QUIET = 2000;

const exam = new Exam(update);
const band = cameraBand();
const talk = new Talk(() => exam.api.csrf);
exam.api.talk = (id) => talk.heard(id);

function redraw(): void {
  drawn = "";
  update();
}

/** Show the screen that follows from the state; screens stay mounted while nothing but numbers change. */
function update(): void {
  const screen = exam.screen;
  const demo = exam.kept?.view.demo ?? exam.seat?.demo ?? false;
  // A seat that changes its candidate, or a new paper, is a new screen too.
  const whole = [screen, exam.seat?.seat, exam.seat?.attempt, exam.kept?.attempt, exam.kept?.lease, demo].join("|");
  if (whole !== drawn) {
    drawn = whole;
    const opens = screen === "running" && (shown === "waiting" || shown === "loading");
    if (opens && practising(exam.kept?.attempt)) quietUntil = performance.now() + QUIET;
    shown = screen;
    stopListening();
    view = VIEWS[screen](exam, redraw);
    document.body.dataset.screen = screen;
    document.title = t("exam");
    const demoBand = demo ? [h("p", { class: "demo-band", role: "note" }, t("demo"))] : [];
    place.replaceChildren(...demoBand, band, view.root);
    view.update();
    view.focus?.();
  } else view?.update();
  enlargeType(exam);
  updateCameraBand(band, exam);
  warn();
}

/** The invigilator's message lies over everything until it is acknowledged; time goes on. */
function warn(): void {
  const text = exam.message;
  if (messageBox && messageBox.dataset.text === text) return;
  messageBox?.close();
  messageBox = null;
  if (!text) return;
  const seen = h("button", { type: "button", class: "primary", onclick: () => void exam.acknowledge() }, t("message_seen"));
  messageBox = dialog("message", t("message_title"), [h("p", {}, text)], [seen]);
  messageBox.dataset.text = text;
  messageBox.addEventListener("cancel", (event) => event.preventDefault());
  seen.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat) return;
  if (performance.now() < quietUntil) return event.preventDefault();
  const box = [...document.querySelectorAll("dialog[open]")].at(-1); // the one on top was opened last
  if (box ? walk(event, box) : handKey(exam, event) || view?.key?.(event) || walk(event, place)) event.preventDefault();
});

async function start(): Promise<void> {
  update();
  setInterval(update, 500);
  setInterval(() => exam.captures.tick(), 500);
  if ("serviceWorker" in navigator) {
    // Without it the exam still runs; only a reload without the box would fail.
    await navigator.serviceWorker.register("/station/sw.js", { scope: "/station/" }).catch(() => undefined);
  }
  await exam.begin(() => new Leaving(exam).begin());
}

/** The screen of a second tab: it waits, and takes over when the first one is gone. */
function secondTab(): void {
  document.body.dataset.screen = "other_tab";
  const show = () =>
    place.replaceChildren(card(exam, show, "other-tab", h("h1", {}, t("tab_title")), h("p", {}, t("tab_text"))));
  show();
}

speak(chosenLanguage());
keepKeys();
void navigator.locks.request("exam-station", { ifAvailable: true }, async (lock) => {
  if (lock) {
    void start();
    await new Promise(() => undefined);
  }
  secondTab();
  void navigator.locks.request("exam-station", () => {
    location.reload();
    return new Promise(() => undefined);
  });
});
