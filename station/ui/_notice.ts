// The calm bar over the paper: which one sentence it says.

import type { Exam } from "./_exam";
import { moreTime } from "./_more_time";
import { failure } from "./_view";
import { siteTime } from "./_view_waiting";
import { t } from "./_words";

const BACK_AGAIN = 6000;
const REFUSED = 30_000;

/** Nothing, or what a person has to know about his work. */
export function notice(exam: Exam): [kind: string, title: string, text: string] {
  if (exam.kept) moreTime.follow(exam.kept.view, performance.now());
  const queue = exam.queue;
  if (queue?.storageFailed || exam.noStore) return ["stop", t("storage_title"), ""];
  if (queue?.refusal) return ["stop", t("refused_title"), queue.refusal.message];
  if (exam.line.lostSince) return ["lost", t("lost_title"), t("lost_text", { at: siteTime(exam.line.lostSince) })];
  const refused = exam.handInRefused;
  if (refused && performance.now() - refused.at < REFUSED) return ["lost", t("not_handed_in"), failure(refused.told)];
  if (exam.problem) return ["lost", failure(exam.problem), ""];
  const minutes = moreTime.told(performance.now());
  if (minutes) return ["again", t("more_time", { n: minutes }), ""];
  if (exam.line.restoredAt && performance.now() - exam.line.restoredAt < BACK_AGAIN && exam.unsent === 0) {
    return ["again", t("back_again"), ""];
  }
  return ["", "", ""];
}
