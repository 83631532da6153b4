"""What may be done with an item (试题) of a site's own bank, by whom, and what keeps a blueprint from being drawn."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from appliance.rules import states
from appliance.rules.paper import KINDS, THEORY, Blueprint, Kind, Row
from appliance.rules.rows import short

Act = Literal["edit", "approve", "retire"]

FULL = Decimal(100)
"""Points of a paper: what marks are kept out of (104号 art. 9)."""
LONGEST = 600
"""Minutes of a paper."""


def refusal(act: Act, state: str, newest: bool, author: str, person: str, reason: str = "") -> str:
    """Why `person` may not do `act` to a version of an item; empty = may. `author`: who wrote that version.

    An edit makes a new draft of the newest version, in whatever state that is: what was retired can be taken up
    again. Approving is the second person's, never the author's.
    """
    if act != "retire" and not newest:
        return "newer_version"
    if act == "edit":
        return ""
    if not states.may("item", state, "approved" if act == "approve" else "retired"):
        return "wrong_state"
    if act == "approve" and person == author:
        return "own_item"
    return "no_reason" if act == "retire" and not reason.strip() else ""


def sealed_refusal(state: str, of_paper: bool) -> str:
    """Why an exam page may not have a sealed file; empty = may.

    `state`: of the seat's own attempt, whose paper may be fetched ahead once the rules are accepted; `of_paper`: the
    file belongs to that attempt's own paper.
    """
    if state not in ("ready", "running", "handed_in"):
        return "not_running"
    return "" if of_paper else "other_paper"


Cell = tuple[Kind, str, int]
"""What a blueprint may ask of an item: its kind, topic and difficulty."""


def held(there: Mapping[Cell, int], row: Row) -> int:
    """How many items of a bank may stand in a row."""
    return sum(count for cell, count in there.items() if row.takes(*cell))


def shortages(blueprint: Blueprint, there: Mapping[Cell, int]) -> list[tuple[Row, int]]:
    """The rows a bank cannot fill, and how many items each lacks. Without rows: one per kind."""
    found = []
    for kind in KINDS:
        rows = [row for row in blueprint.rows if row.kind == kind]
        rows = rows or [Row(kind=kind, count=blueprint.counts.get(kind, 0))]
        rows.sort(key=lambda row: -bool(row.topic) - bool(row.difficulty))
        fits = [
            [place for place, row in enumerate(rows) if row.takes(*cell)]
            for cell, count in sorted(there.items())
            for _item in range(count if cell[0] == kind else 0)
        ]
        missing = short([row.count for row in rows], fits)
        found += [(row, count) for row, count in zip(rows, missing, strict=True) if count]
    return found


def blueprint_fault(blueprint: Blueprint) -> tuple[str, Kind | None]:
    """(code, kind) of the first thing wrong with a blueprint, whatever the bank; code empty = sound.

    No paper passes with less than the usual one: every sitting is for a trade of the catalogue (104号 art. 9).
    """
    if not any(blueprint.counts.values()):
        return "nothing_asked", None
    for kind in KINDS:
        count = blueprint.counts.get(kind, 0)
        rows = [row.count for row in blueprint.rows if row.kind == kind]
        if count < 0 or min(rows, default=0) < 0 or (blueprint.rows and sum(rows) != count):
            return "bad_count", kind
        if count and blueprint.points.get(kind, Decimal(0)) <= 0:
            return "bad_points", kind
    if blueprint.total != FULL:
        return "not_full", None
    if not THEORY.pass_mark <= blueprint.pass_mark <= FULL:
        return "bad_pass_mark", None
    return ("", None) if 0 < blueprint.minutes <= LONGEST else ("bad_minutes", None)
