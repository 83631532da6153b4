// The face check at the seat, between the own data and the pledge; and the band that tells of a missing camera.

import { h, sign, write } from "./_dom";
import type { Exam } from "./_exam";
import { card, type Make } from "./_view";
import { t, type Word } from "./_words";

/** After this time a picture that is still looked at is a case for the invigilator, in ms. */
const LONG = 20_000;
const EVERY = 1000;

export const faceCheck: Make = (exam, redraw) => {
  const { camera } = exam.captures;
  const title = h("h1", {});
  const text = h("p", { role: "status" });
  const again = h("p", { class: "error", role: "alert" });
  const shoot = h("button", { type: "button", class: "primary", onclick: () => void send() }, t("face_take"));
  const frame = h("div", { class: "mirror" });
  const wait = h("div", { class: "face-sign" });
  const signs = { hand: sign("hand"), wait: sign("wait") };
  let tried = exam.captures.checking;
  let since = 0;
  let asked = 0;

  async function send(): Promise<void> {
    if (shoot.disabled) return;
    write(again, "");
    tried = true;
    shoot.disabled = true;
    await exam.captures.check();
    await exam.poll();
  }

  function state(): "due" | "looking" | "hand" {
    // Without a camera only the invigilator can look; the box hears of it in the same moment.
    const told = exam.captures.fault ? "hand" : exam.kept?.view.face_check;
    return exam.captures.checking || told === "looking" ? "looking" : told === "hand" ? "hand" : "due";
  }

  const root = card(
    exam,
    redraw,
    "face-check",
    title,
    h("div", { class: "face" }, frame, wait),
    text,
    again,
    h("div", { class: "buttons" }, shoot),
  );
  return {
    root,
    update() {
      const now = performance.now();
      const here = state();
      since = here === "looking" ? since || now : 0;
      const late = since > 0 && now - since > LONG;
      if (here !== "due" && now - asked > EVERY) {
        asked = now;
        void exam.poll();
      }
      const seen = here === "due" && camera.open;
      if (seen) camera.show(frame);
      frame.hidden = !seen;
      wait.hidden = seen;
      const shape = here === "hand" || late ? signs.hand : signs.wait;
      if (wait.firstElementChild !== shape) wait.replaceChildren(shape);
      const words: Record<typeof here, [Word, Word]> = {
        due: ["face_title", seen ? "face_text" : "face_opening"],
        looking: ["face_looking", late ? "face_late" : "face_looking_text"],
        hand: ["face_hand", "face_hand_text"],
      };
      write(title, t(words[here][0]));
      write(text, t(words[here][1]));
      write(again, here === "due" && tried ? t("face_again") : "");
      shoot.hidden = here !== "due";
      shoot.disabled = !seen || exam.captures.checking;
    },
    key(event) {
      if (event.key !== "Enter" || event.target instanceof HTMLButtonElement) return false;
      void send();
      return true;
    },
    focus: () => shoot.focus(),
  };
};

/** Lies over every screen while a camera is needed and gives no picture: calm, and what to do. */
export function cameraBand(): HTMLElement {
  return h("p", { class: "camera-band", role: "status", hidden: true }, sign("hand"), h("span", {}));
}

export function updateCameraBand(band: HTMLElement, exam: Exam): void {
  const fault = exam.screen === "face_check" && exam.kept?.view.face_check === "hand" ? "" : exam.captures.fault;
  band.hidden = !fault;
  const words: Record<string, Word> = {
    missing: "camera_missing",
    refused: "camera_refused",
    silent: "camera_silent",
  };
  // Before the face check nobody goes on as usual.
  const goesOn = exam.screen === "face_check" ? "" : t("camera_go_on");
  write(band.lastElementChild as HTMLElement, fault ? t(words[fault]) + goesOn : "");
}
