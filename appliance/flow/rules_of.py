"""The exam rules of a sitting: from the configuration, kept with the sitting when it is planned."""

import msgspec

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.records.sitting import Sitting
from appliance.rules import timing
from appliance.rules.exam_rules import ExamRules

FAULTS = {
    "negative": N_("Exam rules {exam}: a duration is below 0."),
    "entry_after_end": N_("Exam rules {exam}: entry closes after the end of the exam."),
    "leaving_before_entry_closes": N_("Exam rules {exam}: one may leave before entry closes."),
}


def rules_for(settings: Settings, trade: str) -> ExamRules:
    """What the configuration says of this exam type."""
    own = settings.exam.types.get(trade)
    said = msgspec.to_builtins(own) if own else {}
    general = {name: getattr(settings.exam, name) for name in ExamRules.__struct_fields__}
    return ExamRules(**general | {name: value for name, value in said.items() if value is not None})


def rules_of(sitting: Sitting) -> ExamRules:
    """The rules a sitting was planned with."""
    return rules_in(sitting.rules)


def rules_in(text: str) -> ExamRules:
    """The same from the text alone, as the hot path reads it."""
    return msgspec.json.decode(text, type=ExamRules) if text else ExamRules()


def require_sound(settings: Settings, trade: str = "", duration_s: int | None = None) -> ExamRules:
    """The rules of an exam type. Raises Corrupt where latest entry and earliest leaving overlap."""
    rules, entry = rules_for(settings, trade), settings.entry
    closes = entry.closes_after if duration_s is None else min(entry.closes_after, duration_s)
    if found := timing.faults(entry.opens_before, closes, duration_s, rules.earliest_leaving):
        raise Corrupt(
            "bad_exam_rules",
            FAULTS[found[0]],
            N_("Correct [exam] and [entry] in the configuration file and start again."),
            exam=f"[exam.types.{trade}]" if trade else "[exam]",
        )
    return rules
