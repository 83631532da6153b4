"""What an entry of the journal says, in one sentence for whoever reads it aloud, and its fields as people read them."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from appliance.base.i18n import _
from appliance.intake.violations import broken_rules
from appliance.rules.admission import SENTENCES
from appliance.web.words import word

Body = Mapping[str, Any]
Names = Mapping[str, str]
"""What ids of accounts and codes of lanes are called."""
LONG = 5
"""A longer list is told by its length."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d)")


def sentence(kind: str, body: Body, names: Names) -> str:
    """Empty where the kind says it all."""
    say = SAY.get(kind)
    return say(body, names) if say else ""


def field(value: Any, names: Names, zone: tzinfo) -> str:
    """A value of the body: times in the site's zone, accounts by their names, a long list by its length."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and len(value) > LONG:
        return _("{count} in all").format(count=len(value))
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = names.get(text, text)
    return MOMENT.sub(lambda found: _local(found[0], zone), text)


def happened(at: datetime, recorded: datetime, zone: tzinfo) -> str:
    """Of a deed that was written down later: when it happened, as they wrote it, and when they did."""
    first, then = at.astimezone(zone), recorded.astimezone(zone)
    day = "" if first.date() == then.date() else "%Y-%m-%d "
    return _("Happened {happened} (as the staff wrote it), recorded {recorded}").format(
        happened=f"{first:{day}%H:%M:%S}", recorded=f"{then:{day}%H:%M:%S}"
    )


def _local(text: str, zone: tzinfo) -> str:
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


def _tap(body: Body, names: Names) -> str:
    lane, code = str(body.get("lane", "")), str(body.get("code", ""))
    told = [word(f"result.{body.get('result', '')}"), names.get(lane, lane)]
    if code != "admitted":  # the result says that already
        told.insert(1, _(SENTENCES[code][0]) if code in SENTENCES else code)
    return " · ".join(filter(None, told))


def _face(body: Body, _names: Names) -> str:
    bands = {"admit": _("Same person"), "review": _("Compare yourself"), "mismatch": _("Does not match")}
    band = str(body.get("band", ""))
    distance = body.get("distance")
    told = _("Difference") + f" {distance:.2f}" if isinstance(distance, float) else ""
    first, last = body.get("admit_below"), body.get("review_below")
    if isinstance(first, float) and isinstance(last, float):
        words = _("below {first} same person, from {last} on does not match")
        told += f" ({words.format(first=f'{first:.2f}', last=f'{last:.2f}')})"
    return " · ".join(filter(None, (bands.get(band, band), told)))


def _violation(body: Body, names: Names) -> str:
    rule = broken_rules().get(str(body.get("rule", "")))
    told = [rule.text, rule.article] if rule else [str(body.get("rule", ""))]
    return " · ".join(filter(None, [*told, _second(body, names)]))


def _decided(body: Body, names: Names) -> str:
    told = [word(f"decided.{body.get('decision', '')}"), str(body.get("reason", "")), _second(body, names)]
    return " · ".join(filter(None, told))


def _second(body: Body, names: Names) -> str:
    second = str(body.get("second") or body.get("second_by") or "")
    return _("Second: {name}").format(name=names.get(second, second)) if second else ""


def _admitted(body: Body, names: Names) -> str:
    """Who decided it: the machine by its limits, or a person."""
    if body.get("how") == "machine":
        return _("Decided by the machine's face check")
    by = str(body.get("decided_by", ""))
    told = [_("Decided by {name}").format(name=names.get(by, by)) if by else "", _second(body, names)]
    return " · ".join(filter(None, told))


def _passed(body: Body, _names: Names) -> str:
    return word("verdict.passed" if body.get("passed") else "verdict.failed")


def _points(body: Body, names: Names) -> str:
    return _("{points} points").format(points=body.get("points", "")) + " · " + _passed(body, names)


def _told(key: str) -> Callable[[Body, Names], str]:
    return lambda body, names: str(body.get(key, ""))


SAY: dict[str, Callable[[Body, Names], str]] = {
    "tap.decided": _tap,
    "face.compared": _face,
    "violation.recorded": _violation,
    "case.decided": _decided,
    "admission.granted": _admitted,
    "ticket.issued": _told("number"),
    "warning.shown": _told("text"),
    "seat.taken": _told("seat"),
    "seat.left": _told("reason"),
    "seat.broken": _told("reason"),
    "paper.marked": _points,
    "practical.marked": _points,
    "verdict.reached": _passed,
    "sheet.signed": _told("task"),
}
