// Signing in at a free seat: ID or ticket number, and the pass code of the sitting. A number pad is enough.

import { Told } from "./_api";
import { h, write } from "./_dom";
import { card, type Make } from "./_view";
import { stay } from "./_view_entry";
import { t } from "./_words";

const FIELDS = ["number", "code"] as const;
const LONGEST = { number: 24, code: 8 };
const SHORTEST = { number: 4, code: 4 };

export const passCode: Make = (exam, redraw) => {
  const typed = { number: "", code: "" };
  let field: (typeof FIELDS)[number] = "number";
  let busy = false;
  const shown = { number: h("span", { class: "typed" }), code: h("span", { class: "typed" }) };
  const error = h("p", { class: "error", role: "alert" });
  const go = h("button", { type: "button", class: "primary", onclick: () => void send() }, t("sign_in"));

  const row = (name: (typeof FIELDS)[number]) =>
    h(
      "button",
      { type: "button", class: "entry", onclick: () => choose(name) },
      h("span", { class: "label" }, t(name === "number" ? "code_number" : "code_code")),
      shown[name],
    );
  const rows = { number: row("number"), code: row("code") };

  function choose(name: (typeof FIELDS)[number]): void {
    field = name;
    show();
  }

  function show(): void {
    for (const name of FIELDS) {
      write(shown[name], typed[name] || " ");
      rows[name].classList.toggle("here", name === field);
      rows[name].setAttribute("aria-pressed", String(name === field));
    }
    go.disabled = busy || FIELDS.some((name) => typed[name].length < SHORTEST[name]);
    write(go, t(busy ? "signing_in" : "sign_in"));
  }

  function type(character: string): void {
    if (busy || typed[field].length >= LONGEST[field]) return;
    typed[field] += character;
    write(error, "");
    show();
  }

  function erase(): void {
    if (!busy) typed[field] = typed[field].slice(0, -1);
    show();
  }

  async function send(): Promise<void> {
    if (go.disabled) return;
    busy = true;
    show();
    try {
      await exam.signIn({ number: typed.number, pass_code: typed.code });
    } catch (problem) {
      write(error, problem instanceof Told ? [problem.title, problem.next].filter(Boolean).join(" ") : t("no_box"));
      typed.code = "";
      field = "code";
    }
    busy = false;
    show();
  }

  const pad = h("div", { class: "pad", onmousedown: stay });
  for (const key of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "X", "0"]) {
    pad.append(h("button", { type: "button", class: "pad-key", tabindex: -1, onclick: () => type(key) }, key));
  }
  pad.append(h("button", { type: "button", class: "pad-key word", tabindex: -1, onclick: erase }, t("delete")));

  const root = card(
    exam,
    redraw,
    "sign-in pass-code",
    h(
      "div",
      { class: "two" },
      h(
        "section",
        { class: "who" },
        h("p", { class: "label" }, t("seat")),
        h("p", { class: "huge" }, exam.seat?.seat ?? ""),
        h("p", { class: "hint" }, t("code_where")),
        h("p", { class: "hint" }, t("code_keys")),
      ),
      h("section", { class: "type" }, h("h1", {}, t("code_ask")), rows.number, rows.code, error, pad, go),
    ),
  );
  show();
  return {
    root,
    update() {},
    key(event) {
      if (/^[0-9a-zA-Z]$/.test(event.key)) type(event.key.toUpperCase());
      else if (event.key === "*") type("X");
      else if (["Backspace", "Delete", "-"].includes(event.key)) erase();
      else if (["+", "ArrowDown", "ArrowUp"].includes(event.key)) choose(field === "number" ? "code" : "number");
      else if (event.key === "Enter" && event.target instanceof HTMLButtonElement && event.target !== rows[field]) return false;
      else if (event.key === "Enter" && field === "number") choose("code");
      else if (event.key === "Enter") void send();
      else return false;
      return true;
    },
  };
};
