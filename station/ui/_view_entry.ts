// From an empty seat to the accepted rules.

import { h, sign, write } from "./_dom";
import type { Exam } from "./_exam";
import { turnHand } from "./_hand";
import { helpOf, helpWords } from "./_listen";
import { card, failure, subject, type Make, type View } from "./_view";
import type { Attempt } from "./_wire";
import { t, type Word } from "./_words";

const SLOW = 15_000;

export const connecting: Make = (exam, redraw) => {
  const since = performance.now();
  const title = h("h1", {}, t("connecting_title"));
  const text = h("p", { role: "status" }, t("connecting_text"));
  const code = h("p", { class: "code" });
  const root = card(exam, redraw, "connecting", sign("wait"), title, text, code);
  return {
    root,
    update() {
      const unknown = exam.problem?.code === "unknown_station";
      write(title, t(unknown ? "not_registered" : "connecting_title"));
      if (exam.problem) {
        write(text, failure(exam.problem));
        write(code, exam.problem.code);
      } else write(text, t(performance.now() - since > SLOW ? "connecting_long" : "connecting_text"));
    },
  };
};

/** Who may stand before a free seat, and what to do. */
const WHICH: [Word, Word][] = [
  ["free_next", "free_next_text"],
  ["free_done", "free_done_text"],
  ["free_other", "free_other_text"],
];

export const free: Make = (exam, redraw) => {
  const seat = h("p", { class: "huge" }, exam.seat?.seat ?? "");
  const root = card(
    exam,
    redraw,
    "free",
    h("p", { class: "label" }, t("seat")),
    seat,
    h("h1", {}, t("free_title")),
    h("dl", { class: "which" }, ...WHICH.flatMap(([who, what]) => [h("dt", {}, t(who)), h("dd", {}, t(what))])),
  );
  return { root, update: () => write(seat, exam.seat?.seat ?? "") };
};

/** A pad clicked with the mouse takes no focus: Enter goes on meaning what it means without a mouse. */
export function stay(event: Event): void {
  event.preventDefault();
}

export const signIn: Make = (exam, redraw) => {
  let typed = "";
  let busy = false;
  const cells = [0, 1, 2, 3].map(() => h("span", { class: "cell" }));
  const given = h("p", { class: "unseen", role: "status" });
  const error = h("p", { class: "error", role: "alert" });
  const go = h("button", { type: "button", class: "primary", onclick: () => void send() }, t("sign_in"));
  const name = h("b", { class: "name" });

  function show(): void {
    cells.forEach((cell, i) => {
      write(cell, typed[i] ?? "");
      cell.classList.toggle("here", i === typed.length);
    });
    write(given, t("digits_given", { n: typed.length }));
    go.disabled = typed.length !== 4 || busy;
    write(go, t(busy ? "signing_in" : "sign_in"));
  }

  function type(character: string): void {
    if (busy || typed.length >= 4 || (character === "X" && typed.length < 3)) return;
    typed += character;
    write(error, "");
    show();
    if (typed.length === 4) go.focus();
  }

  function erase(): void {
    if (!busy) typed = typed.slice(0, -1);
    go.blur(); // what is disabled keeps no focus
    show();
  }

  async function send(): Promise<void> {
    if (typed.length !== 4 || busy) return;
    busy = true;
    show();
    try {
      await exam.signIn({ last_four: typed });
    } catch (problem) {
      write(error, failure(problem));
      typed = "";
    }
    busy = false;
    show();
  }

  const pad = h("div", { class: "pad", onmousedown: stay });
  for (const key of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "X", "0"]) {
    pad.append(h("button", { type: "button", class: "pad-key", onclick: () => type(key) }, key));
  }
  pad.append(h("button", { type: "button", class: "pad-key word", onclick: erase }, t("delete")));

  const root = card(
    exam,
    redraw,
    "sign-in",
    h(
      "div",
      { class: "two" },
      h(
        "section",
        { class: "who" },
        h("p", { class: "label" }, t("seat")),
        h("p", { class: "huge" }, exam.seat?.seat ?? ""),
        h("p", { class: "label" }, t("sign_in_for")),
        h("p", {}, name),
        h("p", { class: "hint" }, t("sign_in_not_you")),
      ),
      h(
        "section",
        { class: "type" },
        h("h1", {}, t("sign_in_ask")),
        exam.signingInAgain ? h("p", { class: "note" }, t("sign_in_again")) : null,
        h("div", { class: "cells", "aria-hidden": "true" }, ...cells),
        given,
        error,
        pad,
        h("p", { class: "hint" }, t("sign_in_x")),
        go,
      ),
    ),
  );
  show();
  return {
    root,
    update: () => write(name, exam.seat?.candidate ?? ""),
    key(event) {
      if (/^[0-9]$/.test(event.key)) type(event.key);
      else if (event.key === "x" || event.key === "X" || event.key === "*") type("X");
      else if (["Backspace", "Delete", "-"].includes(event.key)) erase();
      else if (event.key === "Enter" && (typed.length === 4 || !(event.target instanceof HTMLButtonElement))) void send();
      else return false;
      return true;
    },
  };
};

/** Label and value pairs of the person, as on the confirm and waiting screens. */
export function person(exam: Exam): HTMLElement {
  const view = exam.kept?.view;
  const row = (word: Word, value: string, wide = false) =>
    h("div", { class: wide ? "row wide" : "row" }, h("dt", {}, t(word)), h("dd", {}, value));
  return h(
    "dl",
    { class: "person" },
    row("candidate", view?.name ?? "", true),
    row("id_number", view?.masked_number ?? ""),
    row("exam", subject(exam)),
    row("seat", view?.seat ?? ""),
    helpOf(exam).length ? row("help", helpWords(exam)) : null,
  );
}

/** The photograph, of the roster or from the entrance; a sentence where there is none or the box is away. */
function portrait(): HTMLElement {
  const image = h("img", { class: "portrait", src: "/station/api/photo", alt: t("photo_alt") });
  const frame = h("div", {}, image);
  image.addEventListener("error", () => frame.replaceChildren(h("p", { class: "no-portrait" }, t("no_photo"))));
  return frame;
}

export const confirm: Make = (exam, redraw) => {
  const yes = h("button", { type: "button", class: "primary", onclick: () => exam.confirm() }, t("confirm_yes"));
  const main = h("div", { class: "middle" });
  const ask = () =>
    main.replaceChildren(
      h("h1", {}, t("confirm_title")),
      h("div", { class: "me" }, portrait(), person(exam)),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "plain", onclick: refuse }, t("confirm_no")),
        yes,
      ),
    );
  const refuse = () => {
    if (!exam.kept?.view.around?.hand_at) void turnHand(exam);
    const back = h("button", { type: "button", class: "plain", onclick: ask }, t("back"));
    main.replaceChildren(
      sign("hand"),
      h("h1", {}, t("not_me_title")),
      h("p", {}, t("not_me_text")),
      h("div", { class: "buttons" }, back),
    );
    back.focus();
  };
  ask();
  return { root: card(exam, redraw, "confirm", main), update() {}, focus: () => yes.focus() };
};

const RULES: Word[] = ["rule_1", "rule_2", "rule_3", "rule_4", "rule_5"];

/** An open-book exam does not forbid books; captures are told of before the first one is taken. */
function rulesOf(view?: Attempt): Word[] {
  const own = RULES.map((rule): Word => (rule === "rule_2" && view?.around?.open_book ? "rule_2_open" : rule));
  return view && view.captures > 0 ? [...own, "rule_captures"] : own;
}

/** The last rule: whether and from when one may hand in. */
function leaving(view?: Attempt): string {
  const around = view?.around;
  const minutes = around ? Math.round((Date.parse(around.hand_in_from) - Date.parse(view.starts_at)) / 60_000) : 0;
  if (around && !around.early_hand_in) return t("rule_6_end");
  return minutes > 0 ? t("rule_6_from", { n: minutes }) : t("rule_6");
}

export const rules: Make = (exam, redraw): View => {
  const tick = h("input", { type: "checkbox", id: "tick", onchange: () => show() });
  const error = h("p", { class: "error", role: "alert" });
  const enter = h("button", { type: "button", class: "primary", onclick: () => void accept() }, t("rules_enter"));

  function show(): void {
    enter.disabled = !tick.checked;
  }

  async function accept(): Promise<void> {
    enter.disabled = true;
    try {
      await exam.acceptRules();
    } catch (problem) {
      write(error, failure(problem));
      show();
    }
  }

  const root = card(
    exam,
    redraw,
    "rules",
    h("h1", {}, t("rules_title")),
    h("ol", { class: "rule-list" }, ...rulesOf(exam.kept?.view).map((rule) => h("li", {}, t(rule))), h("li", {}, leaving(exam.kept?.view))),
    h("label", { class: "tick", for: "tick" }, tick, h("span", {}, t("rules_tick"))),
    error,
    h("div", { class: "buttons" }, h("span", { class: "hint" }, t("rules_refuse"), t("rules_keys")), enter),
  );
  show();
  return {
    root,
    update() {},
    key(event) {
      if (event.key !== "Enter" || event.target instanceof HTMLButtonElement) return false;
      // With a number pad alone: Enter ticks, Enter once more goes on.
      if (tick.checked) void accept();
      else tick.click();
      return true;
    },
    focus: () => tick.focus(),
  };
};
