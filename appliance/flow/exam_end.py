"""When the exams of one sitting end: by its rules, the blueprint of each paper and approved help."""

from datetime import datetime, timedelta

import msgspec
from sqlmodel import Session, select

from appliance.flow.blueprints import working_time
from appliance.flow.rules_of import rules_of
from appliance.records.roster import RosterRow
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.rules.approved_help import more_percent
from appliance.rules.exam_rules import ExamRules, attempt_end


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody's end follows from, read once for all of a sitting or for one candidate. Keys: candidates."""

    rules: ExamRules
    planned: timedelta
    """The sitting's own duration."""
    papers: dict[str, tuple[str, timedelta]]
    """Id of the paper, and how long one works on it."""
    more: dict[str, int]
    """Approved extra time in percent."""

    def end(self, candidate: str, began_at: datetime, sitting_ends_at: datetime) -> datetime:
        """When an exam begun at `began_at` ends, given the sitting's end."""
        own = self.papers[candidate][1] if candidate in self.papers else self.planned
        ends_at = sitting_ends_at - (self.planned - own)
        more = self.more.get(candidate, 0)
        return attempt_end(self.rules, began_at, int(own.total_seconds()), ends_at, more)


def ends_of(session: Session, sitting: Sitting, candidate: str = "") -> Ends:
    """The ends of a sitting's exams; with `candidate` of that one alone."""
    papers = select(Paper.candidate, Paper.id, Paper.exam).where(Paper.sitting == sitting.id)
    helped = select(RosterRow.candidate, RosterRow.help).where(
        RosterRow.sitting == sitting.id, RosterRow.help != ""
    )
    if candidate:
        papers = papers.where(Paper.candidate == candidate)
        helped = helped.where(RosterRow.candidate == candidate)
    rows = session.exec(papers).all()
    times = {exam: working_time(sitting, exam) for exam in {exam for _whose, _paper, exam in rows}}
    return Ends(
        rules=rules_of(sitting),
        planned=timedelta(seconds=sitting.duration_s),
        papers={whose: (paper, times[exam]) for whose, paper, exam in rows},
        more={whose: more_percent(said) for whose, said in session.exec(helped) if whose},
    )
