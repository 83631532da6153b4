"""What the desk asks for again and again: as many statements for five people as for two, and no full scan."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import event
from sqlmodel import Session, update

from appliance.flow.absence import leave
from appliance.flow.box import Box
from appliance.flow.decide_case import decide_case
from appliance.flow.desk import desk, tap_by_id
from appliance.flow.roster_search import people
from appliance.records.site import Seat
from tests.flow.test_entry import Tapper, face, person, sitting, tap

__all__ = ["sitting", "tap"]
GROWING = (
    "tap",
    "case",
    "face_check",
    "admission",
    "absence",
    "gate_order",
    "ticket",
    "candidate",
    "journal",
)
"""Tables of every exam day there ever was."""


class Asked(list[tuple[str, Any]]):
    """Statements of the readers, in order."""


@pytest.fixture
def asked(box: Box) -> Iterator[Asked]:
    found = Asked()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        found.append((statement, parameters))

    event.listen(box.db._reader, "before_cursor_execute", note)
    yield found
    event.remove(box.db._reader, "before_cursor_execute", note)


def counted(box: Box, asked: Asked, read: Callable[..., Any], *args: Any) -> int:
    asked.clear()
    box.db.read_now(read, box, *args)
    return len(asked)


def plans(box: Box, asked: Asked) -> list[str]:
    def explained(session: Session) -> list[str]:
        connection = session.connection()
        return [
            row[3]
            for statement, parameters in list(asked)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]

    return box.db.read_now(explained)


def test_more_people_are_no_more_statements(box: Box, tap: Tapper, asked: Asked) -> None:
    who = person(box, "desk", "entry")
    box.db.write_now(lambda s: s.exec(update(Seat).values(state="ready")) and None)

    def come(index: int) -> None:
        let_in, waits = tap(index), tap(index + 1, face("face_review"))
        assert let_in.ticket and waits.case

    come(0)
    before = [counted(box, asked, read, *args) for read, *args in ((desk,), (desk, "L1", False), (people,))]
    come(2)
    box.db.write_now(leave, box, tap(4).sitting, box.db.read_now(desk, box).last[0].candidate, "toilet", who)
    after = [counted(box, asked, read, *args) for read, *args in ((desk,), (desk, "L1", False), (people,))]
    assert all(one <= other for one, other in zip(after, before, strict=True)) and before[1] < before[0] < 50
    shown = box.db.read_now(desk, box, "", False)
    assert not shown.sittings and not shown.missing and not shown.over
    assert shown.shown and shown.shown.sitting and not any(one.sitting for one in shown.last)


@pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)  # PostgreSQL plans by what is in the tables
def test_nothing_that_grows_is_read_from_end_to_end(
    box: Box, tap: Tapper, asked: Asked, sitting: str
) -> None:
    tap(0)
    tap(1, face("face_review"))
    for read, *args in ((desk,), (desk, "L1"), (people,)):
        counted(box, asked, read, *args)
        scans = [one for one in plans(box, asked) if one.startswith("SCAN")]
        assert not [one for one in scans if one.split()[1].strip('"') in GROWING], (read, args, scans)


def test_the_lines_say_what_the_single_tap_says(box: Box, tap: Tapper, sitting: str) -> None:
    who = person(box, "desk", "entry")
    first = tap(0)
    plain, checked = box.settings, msgspec.structs.replace(box.settings.entry, security_check=True)
    box.settings = msgspec.structs.replace(plain, entry=checked)
    doubtful = tap(1, face("face_review"), name="\u53e6\u4e00\u4eba")
    box.settings = plain
    refused = tap(0)
    tap(77)
    box.db.write_now(leave, box, sitting, first.candidate, "toilet", who)
    back = tap(0)
    box.db.write_now(decide_case, box, doubtful.case, "admit", "seen", who, "", "B2")
    lines = {one.tap: one for one in box.db.read_now(desk, box).last}
    assert len(lines) == 5
    for tap_id, line in lines.items():
        alone = box.db.read_now(tap_by_id, box, tap_id)
        assert alone
        alone.sitting, alone.earlier = line.sitting, line.earlier
        assert alone == line
    assert (lines[back.tap].code, lines[back.tap].ticket) == ("come_back", "A001")
    assert lines[refused.tap].ticket == "" and lines[doubtful.tap].roster_name == "\u8003\u751f1"
    assert (lines[doubtful.tap].locker, lines[doubtful.tap].decision) == ("B2", "admit")
    [found] = box.db.read_now(people, box, "\u8003\u751f1")
    [someone] = found.people
    assert (someone.state, someone.locker, someone.ticket) == ("inside", "B2", "A002")
