// The exam stands still: the paper is hidden, nothing is asked of the candidate, the time left does not move.

import { h, sign, write } from "./_dom";
import { card, type Make } from "./_view";
import { clockFace } from "./_clock";
import { moreTime } from "./_more_time";
import { t } from "./_words";

export const paused: Make = (exam, redraw) => {
  const left = h("p", { class: "how" });
  const kept = h("p", { class: "hint", role: "status" });
  const root = card(exam, redraw, "paused", sign("wait"), h("h1", {}, t("paused_title")), h("p", {}, t("paused_text")), left, kept);
  return {
    root,
    update() {
      const view = exam.kept?.view;
      if (!view) return;
      moreTime.follow(view, performance.now()); // what the pause gives back is told as nothing new
      // Both moments come from the box: what is between them stands still while the end moves along.
      const seconds = Math.max(0, Math.round((Date.parse(view.deadline) - Date.parse(view.now)) / 1000));
      write(left, t("paused_left", { time: clockFace(seconds) }));
      write(kept, exam.unsent ? t("kept_here", { n: exam.unsent }) : "");
    },
  };
};
