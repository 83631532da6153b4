// The last screens: handing in, time is up, handed in, moved to another seat.

import { h, sign, write } from "./_dom";
import { card, type Make } from "./_view";
import { siteTime } from "./_view_waiting";
import { t, type Word } from "./_words";

/** Handing in by the candidate, or by time: the same wait, other words. */
export const delivering: Make = (exam, redraw) => {
  const title = h("h1", {});
  const text = h("p", { role: "status" });
  const count = h("p", { class: "hint" });
  const root = card(exam, redraw, "delivering", sign("wait"), title, text, count);
  return {
    root,
    update() {
      const over = exam.screen === "time_over";
      root.classList.toggle("lost", exam.lost);
      write(title, t(over ? "time_over_title" : "handing_in_title"));
      const [calm, lost]: [Word, Word] = over
        ? ["time_over_text", "time_over_lost"]
        : ["handing_in_text", "handing_in_lost"];
      write(text, t(exam.lost ? lost : calm));
      write(count, exam.unsent ? t("kept_here", { n: exam.unsent }) : "");
    },
  };
};

export const handedIn: Make = (exam, redraw) => {
  const how = h("p", { class: "how" });
  const counts = h("p", { role: "status" });
  const score = h("p", { class: "score" });
  const root = card(
    exam,
    redraw,
    "handed-in",
    h("div", { class: "big-tick" }, sign("tick")),
    h("h1", {}, t("handed_in_title")),
    how,
    counts,
    score,
    h("p", { class: "next-step" }, t("handed_in_next")),
  );
  return {
    root,
    update() {
      const view = exam.kept?.view;
      if (!view) return;
      const words: Record<string, Word> = { time: "handed_in_time", forced: "handed_in_forced" };
      write(how, t(words[view.handed_in] ?? "handed_in_candidate"));
      const refused = exam.queue?.refusal;
      if (exam.unsent > 0) {
        write(counts, refused ? refused.message : t("handed_in_unsent", { n: exam.unsent }));
      } else write(counts, t("handed_in_counts", { all: view.questions, n: view.answered }));
      root.classList.toggle("unsent", exam.unsent > 0);
      score.hidden = !view.result;
      write(score, view.result ? t("result", { points: view.result }) : "");
    },
  };
};

/** The exam is answered on the province's page. This one stays open beside it: it takes the captures, and says when the
 * exam is over. The locked browser that opens the other page by the box's order follows. */
export const elsewhere: Make = (exam, redraw) => {
  const title = h("h1", {});
  const text = h("p", { role: "status" });
  const until = h("p", { class: "hint" });
  const root = card(exam, redraw, "elsewhere", sign("right"), title, text, until);
  return {
    root,
    update() {
      const view = exam.kept?.view;
      if (!view) return;
      const over = view.phase === "handed_in";
      write(title, t(over ? "elsewhere_over_title" : "elsewhere_title"));
      write(text, t(over ? "elsewhere_over" : "elsewhere_text"));
      write(until, over ? "" : t("elsewhere_until", { at: siteTime(view.deadline).slice(0, 5) }));
    },
  };
};

export const moved: Make = (exam, redraw) => {
  const where = h("p", { class: "next-seat", role: "status" });
  const unsent = h("p", { class: "hint", role: "status" });
  const root = card(
    exam,
    redraw,
    "moved",
    sign("right"),
    h("h1", {}, t("moved_title")),
    where,
    h("p", {}, t("moved_text")),
    unsent,
  );
  return {
    root,
    update() {
      const seat = exam.kept?.view.goes_on_at;
      write(where, seat ? t("moved_to", { seat }) : t("moved_ask"));
      write(unsent, exam.unsent ? t("kept_here", { n: exam.unsent }) : "");
    },
  };
};
