"""Entry without a chip: what a member of staff typed from another paper, checked before it becomes a tap."""

from datetime import date, datetime

import msgspec

from appliance.base.errors import Corrupt, ExamError, Refused
from appliance.base.i18n import N_
from appliance.base.ids import is_id
from appliance.flow.admit import TapFacts
from appliance.rules import idnumber, names, papers
from appliance.wire.gate import PaperByHand

LONGEST_NAME = 64
SENTENCES: dict[str, tuple[str, str]] = {
    "unknown_paper": (N_("Choose which paper was shown."), N_("Choose it from the list.")),
    "end_missing": (
        N_("This paper has an end of validity."),
        N_("Type the last day that stands on the paper."),
    ),
    "paper_expired": (N_("This paper is no longer valid."), N_("Ask for a valid paper.")),
    "end_too_far": (
        N_("A temporary ID card is valid for three months at most."),
        N_("Read the last day on the paper again."),
    ),
    "missing_name": (N_("The name is missing."), N_("Type the name as it stands on the paper.")),
    "name_too_long": (N_("The name is too long."), N_("Type the name as it stands on the paper.")),
    "bad_shape": (N_("The ID number is not complete."), N_("Type all 18 characters.")),
    "bad_birth": (
        N_("The ID number holds no day of birth."),
        N_("Compare it with the paper, digit by digit."),
    ),
    "bad_check_digit": (
        N_("A digit of the ID number is wrong."),
        N_("Compare it with the paper, digit by digit."),
    ),
}


def checked(typed: PaperByHand, today: date) -> PaperByHand:
    """The same with name and number in stored form. Raises Refused with what to correct."""
    if not is_id(typed.tap):
        raise Corrupt("bad_tap", N_("This page is out of date."), N_("Open it again."))
    name, number = names.normalise(typed.name), idnumber.normalise(typed.number)
    code = "missing_name" if not name else "name_too_long" if len(name) > LONGEST_NAME else ""
    code = code or papers.number_fault(number, today) or papers.fault(typed.paper, typed.valid_to, today)
    if code:
        raise refusal(code)
    return msgspec.structs.replace(typed, name=name, number=number)


def refusal(code: str) -> ExamError:
    """The error that says what to correct."""
    sentence, what_next = SENTENCES[code]
    return Refused(code, sentence, what_next)


def facts_of(paper: PaperByHand, kind: str, now: datetime) -> TapFacts:
    """The tap that stands for a paper while the entry process is silent: no live picture; `kind` = of the lane."""
    return TapFacts(
        tap=paper.tap,
        lane=paper.lane,
        kind=kind,
        happened_at=now,
        card_kind=paper.paper,
        name=paper.name,
        number=paper.number,
        valid_to=paper.valid_to,
        typed_by=paper.actor,
        paper_picture=paper.picture,
    )
