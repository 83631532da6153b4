// The hand-up key: calls the invigilator, and takes it back. Key J (举手) or the dot of a number pad.

import { h, sign, write } from "./_dom";
import type { Exam } from "./_exam";
import { t } from "./_words";

const PATIENCE = 6000;
/** Until when the button says that the call did not get through. */
let unheard = 0;

function up(exam: Exam): boolean {
  return Boolean(exam.kept?.view.around?.hand_at);
}

/** Raise the hand, or take it back; the screen says what came of it. */
export async function turnHand(exam: Exam): Promise<void> {
  try {
    await exam.told(exam.api.hand(!up(exam)));
    unheard = 0;
  } catch {
    unheard = performance.now() + PATIENCE;
  }
}

/** True when this key press called the invigilator. */
export function handKey(exam: Exam, event: KeyboardEvent): boolean {
  const typing = exam.screen === "sign_in" || exam.screen === "pass_code";
  if (!exam.kept || typing) return false;
  if (event.key.toUpperCase() !== "J" && event.key !== ".") return false;
  void turnHand(exam);
  return true;
}

/** The button; `update` after every change. */
export function handButton(exam: Exam): { root: HTMLButtonElement; update(): void } {
  const text = h("span", { role: "status" });
  const root = h("button", { type: "button", class: "plain hand", onclick: () => void turnHand(exam) }, sign("hand"), text);
  const update = () => {
    const raised = up(exam);
    root.setAttribute("aria-pressed", String(raised));
    write(text, t(performance.now() < unheard ? "hand_unheard" : raised ? "hand_up" : "hand_call"));
  };
  update();
  return { root, update };
}
