// Familiarisation (操作熟悉) while waiting: the five items, then the wrong ones again. Nothing is kept, sent or counted;
// the exam starts over it by itself.

import { clockFace } from "./_clock";
import { h, sign, write } from "./_dom";
import { ITEMS, type FamiliarItem } from "./_familiar_items";
import { handButton } from "./_hand";
import { languageSwitch, troubleBar, type Make } from "./_view";
import { language, t } from "./_words";

const LETTERS = "ABCD";

/** What somebody practising has done so far; of that attempt alone, for the next candidate begins at the waiting. */
interface Practice {
  attempt: string;
  row: FamiliarItem[];
  at: number;
  chosen: Map<FamiliarItem, number[]>;
  flagged: Set<FamiliarItem>;
}

let practice: Practice | null = null;

/** Go to the familiarisation; the screen is drawn anew after it. */
export function practise(attempt: string): void {
  practice = { attempt, row: [...ITEMS], at: 0, chosen: new Map(), flagged: new Set() };
}

/** Whether whoever sits here was practising when last seen. */
export function practising(attempt: string | undefined): boolean {
  return practice !== null && practice.attempt === attempt;
}

/** The waiting screen, or the familiarisation in its place. */
export function beside(waiting: Make): Make {
  return (exam, redraw) => {
    const mine = practising(exam.kept?.attempt) ? practice : null;
    return mine ? familiar(mine)(exam, redraw) : waiting(exam, redraw);
  };
}

function said(words: [zh: string, en: string]): string {
  return words[language() === "zh" ? 0 : 1];
}

const familiar = (mine: Practice): Make => (exam, redraw) => {
  const time = h("b", { class: "time", role: "timer" });
  const hand = handButton(exam);
  const section = h("section", { class: "question", tabindex: -1, "aria-live": "polite" });
  const back = h("button", { type: "button", class: "plain", onclick: leave }, t("familiar_back"));
  const next = h("button", { type: "button", class: "primary", onclick: () => go(mine.at + 1) });
  const previous = h("button", { type: "button", class: "plain", onclick: () => go(mine.at - 1) }, sign("left"), t("previous"));

  const flagText = h("span", {});
  const flag = h("button", { type: "button", class: "plain flag", onclick: mark }, sign("flag"), flagText);

  function leave(): void {
    practice = null;
    redraw();
  }

  function mark(): void {
    const item = mine.row[mine.at];
    if (item && !mine.flagged.delete(item)) mine.flagged.add(item);
    draw();
  }

  function wrong(): FamiliarItem[] {
    return mine.row.filter((item) => (mine.chosen.get(item) ?? []).join() !== item.right.join());
  }

  function go(place: number): void {
    if (mine.at === mine.row.length && place > mine.at) {
      // After the result: the wrong ones once more, or back.
      const again = wrong();
      if (again.length === 0) return leave();
      mine.row = again;
      mine.chosen = new Map();
      place = 0;
    }
    mine.at = Math.max(0, Math.min(place, mine.row.length));
    draw();
  }

  function choose(index: number): void {
    const item = mine.row[mine.at];
    if (!item || index >= item.options.length) return;
    const before = mine.chosen.get(item) ?? [];
    const toggled = before.includes(index) ? before.filter((one) => one !== index) : [...before, index].sort();
    mine.chosen.set(item, item.kind === "multiple_choice" ? toggled : [index]);
    draw();
  }

  function question(item: FamiliarItem): HTMLElement[] {
    const many = item.kind === "multiple_choice";
    const picked = mine.chosen.get(item) ?? [];
    return [
      h(
        "p",
        { class: "kind" },
        h("span", { class: "type" }, t(item.kind)),
        t("question_of", { n: mine.at + 1, all: mine.row.length }),
        many ? h("b", {}, t("choose_all")) : null,
        h("span", { class: "flagged-mark" }, sign("flag"), t("flagged")),
      ),
      h("h1", { class: "stem", id: "stem" }, said(item.stem)),
      ...(item.picture
        ? [h("img", { src: `data:image/svg+xml,${encodeURIComponent(item.picture.svg)}`, alt: said(item.picture.alt) })]
        : []),
      h(
        "div",
        { class: many ? "options many" : "options", role: many ? "group" : "radiogroup", "aria-labelledby": "stem" },
        ...item.options.map((words, i) =>
          h(
            "label",
            { class: picked.includes(i) ? "option chosen" : "option", for: `f${i}` },
            h("input", {
              type: many ? "checkbox" : "radio",
              name: "familiar",
              id: `f${i}`,
              checked: picked.includes(i),
              onchange: () => choose(i),
            }),
            h("span", { class: "letter" }, LETTERS[i]),
            h("span", { class: "text" }, said(words)),
            sign("tick"),
          ),
        ),
      ),
      h("p", { class: "keys" }, t(many ? "keys_several" : "keys", { enter: t("enter_next") })),
    ];
  }

  function draw(): void {
    const item = mine.row[mine.at];
    const missed = wrong().length;
    if (item) section.replaceChildren(...question(item));
    else {
      section.replaceChildren(
        h("h1", { class: "stem" }, t(missed ? "familiar_some" : "familiar_all", { n: missed })),
        h("p", {}, t(missed ? "familiar_again_text" : "familiar_done_text")),
      );
    }
    write(next, t(item ? "next" : missed ? "familiar_again" : "familiar_back"));
    back.hidden = !item && !missed;
    const marked = item !== undefined && mine.flagged.has(item);
    section.classList.toggle("flagged", marked);
    write(flagText, t(marked ? "unflag" : "flag"));
    flag.setAttribute("aria-pressed", String(marked));
    flag.hidden = !item;
    previous.disabled = mine.at === 0 || !item;
    section.focus({ preventScroll: true });
  }

  draw();
  return {
    root: h(
      "div",
      { class: "screen paper familiar" },
      h(
        "header",
        { class: "top" },
        h("span", { class: "name" }, h("b", {}, t("familiar"))),
        h("span", { class: "subject" }, t("familiar_note")),
        h("span", { class: "left" }, h("span", { class: "label" }, t("waiting_title")), time),
        languageSwitch(redraw),
      ),
      troubleBar(exam),
      h("main", { class: "work" }, section),
      h("footer", { class: "bottom" }, previous, flag, next, h("span", { class: "space" }), hand.root, back),
    ),
    update() {
      hand.update();
      const left = exam.clock.until(exam.kept?.view.starts_at ?? "");
      write(time, left > 0 ? clockFace(left) : t("waiting_soon"));
    },
    key(event) {
      const key = event.key;
      const index = /^[1-4]$/.test(key) ? Number(key) - 1 : key.length === 1 ? LETTERS.indexOf(key.toUpperCase()) : -1;
      if (key.toUpperCase() === "F" || key === "*") mark();
      else if (index >= 0) choose(index);
      else if (["ArrowRight", "PageDown", "+"].includes(key)) go(mine.at + 1);
      else if (["ArrowLeft", "PageUp", "-"].includes(key)) go(mine.at - 1);
      else if (key === "Escape" || key === "0") leave();
      else if (key === "Enter" && !(event.target instanceof HTMLButtonElement)) go(mine.at + 1);
      else return false;
      return true;
    },
    focus: () => section.focus({ preventScroll: true }),
  };
};
