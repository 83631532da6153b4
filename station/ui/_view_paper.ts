// The question screen: what is asked, how much time, how much is left.

import { clockFace } from "./_clock";
import { h, sign, write } from "./_dom";
import { handButton } from "./_hand";
import { listenButton, stopListening } from "./_listen";
import { notice } from "./_notice";
import { dialog, languageSwitch, listed, subject, type Make } from "./_view";
import { enlarger, passage, viewer, type Placed } from "./_view_picture";
import { siteTime } from "./_view_waiting";
import { picturesIn, shownIn } from "./_wording";
import { language, t } from "./_words";
import type { Question } from "./_wire";

const LETTERS = "ABCDEFGHI";
const COLUMNS = 8;
const AMBER = 600;
const RED = 180;

function several(question: Question): boolean {
  return question.kind === "multiple_choice";
}

export const paper: Make = (exam, redraw) => {
  const questions = exam.kept?.paper?.questions ?? [];
  const view = exam.kept?.view;
  let shown = 0;
  let inputs: HTMLInputElement[] = [];
  let pictures: Placed[] = [];
  const address = (name: string) => exam.pictures.address(exam.kept?.paper ?? null, name);

  const saved = h("span", { class: "saved", role: "status" });
  const savedText = h("span", {});
  const savedSign = h("span", { class: "saved-sign" });
  saved.append(savedSign, savedText);
  const time = h("b", { class: "time", role: "timer" });
  const timeNote = h("span", { class: "time-note" });
  const left = h("span", { class: "left" }, h("span", { class: "label" }, t("time_left")), time, timeNote);
  const bar = h("div", { class: "notice", role: "status" });
  const section = h("section", { class: "question", tabindex: -1, "aria-labelledby": "stem" });
  const cells = questions.map((question) =>
    h(
      "button",
      { type: "button", class: "number", tabindex: -1, onclick: () => exam.go(question.position) },
      String(question.position),
    ),
  );
  const counts = h("p", { class: "counts" });
  const keys = h("p", { class: "keys" });
  const previous = h(
    "button",
    { type: "button", class: "plain", onclick: () => move(-1) },
    sign("left"),
    t("previous"),
  );
  const next = h("button", { type: "button", class: "primary", onclick: () => move(1) }, t("next"), sign("right"));
  const flagText = h("span", {});
  const flag = h("button", { type: "button", class: "plain flag", onclick: mark }, sign("flag"), flagText);
  const handIn = h("button", { type: "button", class: "hand-in", onclick: ask }, t("hand_in"));
  const hand = handButton(exam);
  const listen = listenButton(exam, () => shown);

  function group(kind: Question["kind"]): HTMLElement | null {
    const mine = cells.filter((_, i) => questions[i].kind === kind);
    if (mine.length === 0) return null;
    return h("div", { class: "group" }, h("h3", {}, t(kind)), h("div", { class: "numbers" }, ...mine));
  }

  const legend = (state: string, word: "done" | "open" | "flagged") =>
    h("span", { class: "legend" }, h("i", { class: `number ${state}` }), t(word));

  const root = h(
    "div",
    { class: "screen paper" },
    h(
      "header",
      { class: "top" },
      h("span", { class: "name" }, h("b", {}, view?.name ?? "")),
      h("span", { class: "seat-small" }, `${t("seat")} `, h("b", {}, view?.seat ?? "")),
      h("span", { class: "subject" }, subject(exam)),
      saved,
      left,
      languageSwitch(redraw),
    ),
    bar,
    h(
      "main",
      { class: "work" },
      section,
      h(
        "nav",
        { class: "sheet", "aria-label": t("grid") },
        counts,
        h("div", { class: "groups" }, group("true_false"), group("single_choice"), group("multiple_choice")),
        h("p", { class: "legends" }, legend("done", "done"), legend("", "open"), legend("flagged", "flagged")),
      ),
    ),
    h("footer", { class: "bottom" }, previous, flag, next, listen?.root, h("span", { class: "space" }), hand.root, handIn),
  );

  function current(): Question | undefined {
    return questions[(exam.kept?.position ?? 1) - 1];
  }

  function move(by: number): void {
    exam.go((exam.kept?.position ?? 1) + by);
  }

  function mark(): void {
    const question = current();
    if (question) exam.flag(question.position);
  }

  function choose(index: number): void {
    const question = current();
    const option = question?.options[index];
    if (!question || !option) return;
    exam.answer(question.position, several(question) ? toggled(question.position, option.key) : option.key);
    inputs[index].focus({ preventScroll: true });
  }

  /** Boxes are no radio group: the arrow keys walk through them by hand. */
  function among(key: string): boolean {
    const at = inputs.findIndex((input) => input === document.activeElement);
    if (at < 0 || inputs[at].type !== "checkbox" || (key !== "ArrowDown" && key !== "ArrowUp")) return false;
    inputs[(at + (key === "ArrowDown" ? 1 : inputs.length - 1)) % inputs.length].focus();
    return true;
  }

  /** The chosen keys of a position, in order, with `key` chosen or taken back. */
  function toggled(position: number, key: string): string {
    const chosen = new Set(exam.answers.get(position) ?? "");
    if (!chosen.delete(key)) chosen.add(key);
    return [...chosen].sort().join("");
  }

  /** Show a picture of this question large; the first one unless it is said which. False when there is none. */
  function enlarge(place = 0): boolean {
    if (pictures.length > place) viewer(pictures, address, place, () => exam.screen === "running");
    return pictures.length > place;
  }

  /** What is asked: stem and options in the candidate's language, side by side when the stem has a picture. */
  function asked(question: Question): HTMLElement {
    const { stem, options, lang } = shownIn(question, language());
    const many = several(question);
    pictures = [stem, ...options].flatMap((words, i) =>
      picturesIn(words).map((picture) => ({ picture, letter: i ? LETTERS[i - 1] : "" })),
    );
    const placeOf = (letter: string) => pictures.findIndex((one) => one.letter === letter);
    const pictured = options.some((words) => picturesIn(words).length > 0);
    const kinds = [many ? "many" : "", pictured ? "pictured" : "", options.length > 4 ? "more" : ""];
    const rows = options.map((words, i) => {
      const own = picturesIn(words);
      return h(
        "label",
        { class: "option", for: `o${i}` },
        inputs[i],
        h("span", { class: "letter" }, LETTERS[i]),
        h("span", { class: "text" }, ...passage(words, address, null)),
        own.length ? enlarger(LETTERS[i], () => enlarge(placeOf(LETTERS[i]))) : null,
        sign("tick"),
      );
    });
    return h(
      "div",
      { class: picturesIn(stem).length ? "asked beside" : "asked", lang },
      h("h1", { class: "stem", id: "stem" }, ...passage(stem, address, (place) => enlarge(place))),
      h(
        "div",
        {
          class: ["options", ...kinds].filter(Boolean).join(" "),
          role: many ? "group" : "radiogroup",
          "aria-labelledby": "stem",
        },
        ...rows,
      ),
    );
  }

  function draw(question: Question): void {
    stopListening();
    shown = question.position;
    const many = several(question);
    const { note } = shownIn(question, language());
    const inGrid = document.activeElement?.classList.contains("number") ?? false;
    inputs = question.options.map((option, i) =>
      h("input", {
        type: many ? "checkbox" : "radio",
        name: `q${question.position}`,
        value: option.key,
        id: `o${i}`,
        onchange: () => choose(i),
      }),
    );
    section.replaceChildren(
      h(
        "p",
        { class: "kind" },
        h("span", { class: "type" }, t(question.kind)),
        t("question_of", { n: question.position, all: questions.length }),
        many ? h("b", {}, t("choose_all")) : null,
        note ? h("span", { class: "only" }, t(note)) : null,
        h("span", { class: "flagged-mark" }, sign("flag"), t("flagged")),
      ),
      asked(question),
      keys,
    );
    section.scrollTop = 0;
    cells.forEach((cell, i) => {
      const here = questions[i].position === shown;
      cell.classList.toggle("current", here);
      cell.tabIndex = here ? 0 : -1;
      if (here) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
    });
    if (inGrid) cells[shown - 1].focus();
    else focus();
  }

  /** On the question, not on its first option: a frame around an option looks like a choice already made. */
  function focus(): void {
    section.focus({ preventScroll: true });
  }

  function open(): number[] {
    return questions.map((q) => q.position).filter((position) => !exam.answers.get(position));
  }

  function ask(): void {
    if (!mayLeave()) return;
    const missing = open();
    const flagged = exam.kept?.flagged ?? [];
    const still = h("p", { class: "still" });
    const back = h("button", { type: "button", class: missing.length ? "primary" : "plain" }, missing.length ? t("go_on_at", { n: missing[0] }) : t("go_on"));
    const yes = h("button", { type: "button", class: missing.length ? "plain" : "primary" }, t("confirm_it"));
    const body = [
      missing.length
        ? h("p", { class: "open-ones" }, sign("warn"), t("some_open", { n: missing.length, list: listed(missing) }))
        : h("p", { class: "done-ones" }, sign("tick"), t("all_done", { all: questions.length })),
    ];
    if (flagged.length) {
      body.push(h("p", {}, sign("flag"), t("some_flagged", { n: flagged.length, list: listed(flagged) })));
    }
    body.push(still, h("p", { class: "hint" }, t("keys_dialog")));
    const box = dialog("ask", t("confirm_hand_in"), body, [back, yes]);
    const tell = () =>
      write(still, t("time_still", { time: clockFace(exam.clock.until(exam.kept?.view.deadline ?? "")) }));
    tell();
    const ticking = setInterval(() => (exam.screen === "running" ? tell() : box.close()), 500);
    box.addEventListener("close", () => clearInterval(ticking));
    back.addEventListener("click", () => {
      box.close();
      if (missing.length) exam.go(missing[0]);
    });
    yes.addEventListener("click", () => {
      box.close();
      void exam.handIn();
    });
    back.focus();
  }

  function update(): void {
    const question = current();
    if (!exam.kept || !question) return;
    if (question.position !== shown) draw(question);
    const flagged = new Set(exam.kept.flagged);
    const answer = exam.answers.get(shown) ?? "";
    for (const input of inputs) {
      input.checked = answer.includes(input.value);
      input.closest(".option")?.classList.toggle("chosen", input.checked);
    }
    section.classList.toggle("flagged", flagged.has(shown));
    write(flagText, t(flagged.has(shown) ? "unflag" : "flag"));
    flag.setAttribute("aria-pressed", String(flagged.has(shown)));
    const missing = open();
    cells.forEach((cell, i) => {
      const position = questions[i].position;
      const done = Boolean(exam.answers.get(position));
      const marked = flagged.has(position);
      const state = `${done} ${marked} ${language()}`;
      if (cell.dataset.state === state) return;
      cell.dataset.state = state;
      cell.classList.toggle("done", done);
      cell.classList.toggle("flagged", marked);
      const label = [t("question_n", { n: position }), t(done ? "done" : "open"), marked ? t("flagged") : ""];
      cell.setAttribute("aria-label", label.filter(Boolean).join(t("listed")));
    });
    const tally = [
      `${t("done")} ${questions.length - missing.length}`,
      `${t("open")} ${missing.length}`,
      `${t("flagged")} ${flagged.size}`,
    ];
    write(counts, tally.join("　"));
    previous.disabled = shown <= 1;
    next.disabled = shown >= questions.length;
    handIn.classList.toggle("primary", missing.length === 0);
    next.classList.toggle("primary", missing.length > 0);
    next.classList.toggle("plain", missing.length === 0);
    clocks();
    hint(question);
    state();
  }

  /** Handing in waits for the earliest moment the rules name. */
  function mayLeave(): boolean {
    const around = exam.kept?.view.around;
    const wait = around ? exam.clock.until(around.hand_in_from) : 0;
    handIn.disabled = wait > 0;
    const from = around && wait > 0 ? siteTime(around.hand_in_from).slice(0, 5) : "";
    write(handIn, !from ? t("hand_in") : around?.early_hand_in ? t("hand_in_from", { time: from }) : t("hand_in_end"));
    return wait === 0;
  }

  /** What the keys do here: Enter hands in on the last question, once one may. */
  function hint(question: Question): void {
    const enter = shown < questions.length ? t("enter_next") : handIn.disabled ? "" : t("enter_hand_in");
    const words = t(several(question) ? "keys_several" : "keys", { enter });
    write(keys, words + (pictures.length ? t("keys_pictures") : ""));
  }

  function clocks(): void {
    mayLeave();
    hand.update();
    const seconds = exam.clock.until(exam.kept?.view.deadline ?? "");
    write(time, clockFace(seconds));
    const level = seconds < RED ? "red" : seconds < AMBER ? "amber" : "";
    left.className = `left ${level}`;
    write(timeNote, level === "red" ? t("time_3") : level === "amber" ? t("time_10") : "");
  }

  function state(): void {
    const unsent = exam.unsent;
    const bad = exam.queue?.storageFailed || exam.noStore;
    const held = (exam.lost || exam.queue?.refusal) && unsent > 0;
    const [kind, text] = bad
      ? (["stop", t("not_kept")] as const)
      : held
        ? (["held", t("kept_here", { n: unsent })] as const)
        : unsent > 0
          ? (["going", t("saving")] as const)
          : (["safe", t("saved")] as const);
    if (saved.dataset.state !== kind) {
      saved.dataset.state = kind;
      savedSign.replaceChildren(sign({ stop: "warn", held: "keep", going: "wait", safe: "tick" }[kind] as "tick"));
    }
    write(savedText, text);
    const [name, title, more] = notice(exam);
    bar.hidden = !name;
    const line = `${title} ${more}`.trim();
    if (bar.dataset.line !== line) {
      bar.dataset.line = line;
      bar.className = `notice ${name}`;
      bar.replaceChildren(
        sign(name === "again" ? "tick" : exam.lost ? "keep" : "warn"),
        h("span", {}, h("b", {}, title), ` ${more}`),
      );
    }
  }

  return {
    root,
    update,
    focus,
    key(event) {
      const key = event.key;
      const index = /^[1-9]$/.test(key) ? Number(key) - 1 : key.length === 1 ? LETTERS.indexOf(key.toUpperCase()) : -1;
      const onGrid = document.activeElement?.classList.contains("number");
      if (key.toUpperCase() === "F" || key === "*") mark();
      else if (listen && (key.toUpperCase() === "L" || key === "0")) listen.toggle();
      else if (index >= 0) choose(index);
      else if (key.toUpperCase() === "Z" || key === "/") return enlarge();
      else if (key === "ArrowLeft" || key === "PageUp" || key === "-") move(-1);
      else if (key === "ArrowRight" || key === "PageDown" || key === "+") move(1);
      else if (onGrid && key === "ArrowUp") move(-COLUMNS);
      else if (onGrid && key === "ArrowDown") move(COLUMNS);
      else if (among(key)) return true;
      else if (key === "ArrowDown" && document.activeElement === section) inputs[0]?.focus();
      else if (key === "ArrowUp" && document.activeElement === section) inputs.at(-1)?.focus();
      else if (key === "Enter" && event.target instanceof HTMLButtonElement) return false;
      else if (key === "Enter" && shown === questions.length) ask();
      else if (key === "Enter") move(1);
      else return false;
      return true;
    },
  };
};
