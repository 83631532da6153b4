// What every screen shares: its shape, the head with the language switch, and dialogs.

import { Told } from "./_api";
import { h, sign, write } from "./_dom";
import type { Exam } from "./_exam";
import { handButton } from "./_hand";
import { language, speak, t } from "./_words";

/** A mounted screen. `update` runs after every change and every second; `key` may use a key press. */
export interface View {
  root: HTMLElement;
  update(): void;
  key?(event: KeyboardEvent): boolean;
  /** Focus when the screen has appeared. */
  focus?(): void;
}

export type Make = (exam: Exam, redraw: () => void) => View;

export function languageSwitch(redraw: () => void): HTMLElement {
  return h(
    "button",
    {
      type: "button",
      class: "quiet language",
      lang: language() === "zh" ? "en" : "zh-CN",
      onclick: () => {
        speak(language() === "zh" ? "en" : "zh");
        redraw();
      },
    },
    t("other_language"),
  );
}

/** The exam's name in the page's language; empty while nobody is known. */
export function subject(exam: Exam): string {
  const { kept, seat } = exam;
  const names = kept ? kept.view.exam_in : seat?.sitting_in;
  return names?.[language() === "zh" ? "zh_CN" : "en"] ?? kept?.view.exam ?? seat?.sitting ?? "";
}

/** The head of every screen but the paper: where this is, language. */
export function head(exam: Exam, redraw: () => void): HTMLElement {
  const seat = exam.kept?.view.seat ?? exam.seat?.seat ?? "";
  const place = exam.kept?.view.room ?? exam.seat?.room ?? "";
  return h(
    "header",
    { class: "head" },
    h("span", { class: "place" }, [place, subject(exam)].filter(Boolean).join("　")),
    seat ? h("span", { class: "seat-small" }, `${t("seat")} `, h("b", {}, seat)) : null,
    languageSwitch(redraw),
  );
}

/** What a failed step says: the box's own sentence, or that there is no box. */
export function failure(error: unknown): string {
  return error instanceof Told ? [error.title, error.next].filter(Boolean).join(" ") : t("no_box");
}

/** A part of a card that is kept true by itself as long as it is shown. */
function live<T extends HTMLElement>({ root, update }: { root: T; update(): void }): T {
  update();
  const ticking = setInterval(() => (root.isConnected ? update() : clearInterval(ticking)), 500);
  return root;
}

/** Why nothing goes on: the line is lost, or what the box said; "" when all is well or the screen says it itself. */
function trouble(exam: Exam): string {
  const { screen } = exam;
  if (screen === "connecting" || (screen === "handed_in" && exam.unsent === 0)) return "";
  if (!exam.lost) return exam.problem ? failure(exam.problem) : "";
  return screen === "time_over" || screen === "handing_in" ? "" : t("lost_card");
}

/** The line over a screen that says why nothing goes on; not there while all is well. */
export function troubleBar(exam: Exam): HTMLElement {
  const text = h("span", {});
  const root = h("div", { class: "notice lost", role: "status" }, sign("warn"), text);
  const update = () => {
    const line = trouble(exam);
    root.hidden = !line;
    write(text, line);
  };
  return live({ root, update });
}

/** A screen with one message in the middle. */
export function card(exam: Exam, redraw: () => void, name: string, ...children: (Node | null)[]): HTMLElement {
  return h(
    "div",
    { class: `screen ${name}` },
    head(exam, redraw),
    troubleBar(exam),
    h("main", { class: "card" }, ...children),
    h("footer", { class: "foot" }, ...(exam.kept ? [live(handButton(exam))] : [sign("hand"), t("raise_hand")])),
  );
}

/** "1、2、3 等": a list of numbers that stays short. */
export function listed(numbers: number[], most = 12): string {
  const shown = numbers.slice(0, most).join(t("listed"));
  return numbers.length > most ? shown + t("and_more") : shown;
}

/** A dialog that holds the keyboard until it is answered. */
export function dialog(name: string, title: string, body: Node[], buttons: HTMLButtonElement[]): HTMLDialogElement {
  const box = h(
    "dialog",
    { class: `dialog ${name}`, "aria-labelledby": `${name}-title` },
    h("h2", { id: `${name}-title` }, title),
    ...body,
    h("div", { class: "buttons" }, ...buttons),
  );
  document.body.append(box);
  box.addEventListener("close", () => box.remove());
  box.showModal();
  return box;
}
