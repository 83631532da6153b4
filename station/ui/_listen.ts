// Approved help: a voice reads the question, larger type. Only what the roster says; nobody else sees a sign of it.

import { h, sign, write } from "./_dom";
import type { Exam } from "./_exam";
import { language, t } from "./_words";

let playing: HTMLAudioElement | null = null;

/** The approved help of whoever sits here: voice, large, time25. */
export function helpOf(exam: Exam): string[] {
  return exam.kept?.view.around?.help ?? [];
}

/** Larger type for whom it is approved. */
export function enlargeType(exam: Exam): void {
  document.documentElement.classList.toggle("larger", helpOf(exam).includes("large"));
}

/** What is approved, in words; "" when nothing is. */
export function helpWords(exam: Exam): string {
  return helpOf(exam)
    .map((one) =>
      one === "voice" ? t("help_voice") : one === "large" ? t("help_large") : t("help_time", { n: one.slice(4) }),
    )
    .join(t("listed"));
}

export function stopListening(): void {
  playing?.pause();
  playing = null;
}

/** The button that reads the question at `position()` aloud; null for whom it is not approved. */
export function listenButton(exam: Exam, position: () => number): { root: HTMLButtonElement; toggle(): void } | null {
  if (!helpOf(exam).includes("voice")) return null;
  const text = h("span", { role: "status" }, t("listen"));
  const root = h("button", { type: "button", class: "plain listen", onclick: toggle }, sign("voice"), text);

  function toggle(): void {
    if (playing) {
      stopListening();
      write(text, t("listen"));
      return;
    }
    const sound = new Audio(`/station/api/voice/${position()}?language=${language()}`);
    playing = sound;
    write(text, t("listen_stop"));
    const over = (word: "listen" | "listen_failed") => {
      if (playing === sound) playing = null;
      if (!playing) write(text, t(word));
    };
    sound.addEventListener("ended", () => over("listen"));
    sound.addEventListener("pause", () => over("listen"));
    sound.addEventListener("error", () => over("listen_failed"));
    void sound.play().catch(() => undefined);
  }
  return { root, toggle };
}
