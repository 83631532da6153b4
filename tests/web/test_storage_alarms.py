"""Alarms about the storage of recordings: a table of what exam-archive tells and what is shown."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from appliance.base.errors import Refused
from appliance.base.i18n import language, set_language
from appliance.web.storage import day_of, told_until
from appliance.web.storage_alarms import storage_alarms
from appliance.wire.archive import PlaceStatus, Problem, ShortSitting, Storage
from tests.stored import stored

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def said(**changes: object) -> list[tuple[str, str]]:
    """Level and code of each alarm but those `stored` has of itself."""
    found = msgspec.structs.replace(stored(NOW), places=[], findings=[], found=0)
    return [(one.level, one.code) for one in storage_alarms(msgspec.structs.replace(found, **changes))]


def place(**changes: object) -> Storage:
    """One place."""
    one = PlaceStatus(name="nas", kind="nas", state="online")
    return msgspec.structs.replace(
        stored(NOW), places=[msgspec.structs.replace(one, **changes)], findings=[], found=0
    )


def test_what_cannot_be_done_is_an_alarm_after_a_while() -> None:
    new, old = (Problem(what="nas", since=NOW - ago, text="no room") for ago in (HOUR / 2, 2 * HOUR))
    assert said() == [] and said(problems=[new]) == []
    assert said(problems=[old]) == [("amber", "place_stuck")]
    assert said(round_ended=NOW - HOUR) == []
    assert said(round_ended=NOW - 3 * HOUR) == [("red", "archive_stuck")]
    assert said(began=NOW - 3 * HOUR) == [("red", "archive_stuck")], "none has ended since the start"
    assert said(began=NOW - 9 * DAY, round_ended=NOW) == []


def test_a_new_list_says_what_it_waits_for_and_every_other_fault_what_it_is() -> None:
    since = NOW - 2 * HOUR
    waits = Problem(what="list", since=since, text="an older one may lie on nas", waits_for=["nas", "库房"])
    full = Problem(what="list", since=since, text="no room")
    before = language()
    set_language("zh_CN")
    try:
        found = msgspec.structs.replace(stored(NOW), places=[], findings=[], found=0, problems=[waits, full])
        waiting, other = storage_alarms(found)
    finally:
        set_language(before)
    assert waiting.text.startswith("存档录像清单是新建的。在存储位置 nas、库房 应答之前")
    assert "接入或打开" in waiting.next
    assert other.text == "录像存储，list：no room。" and "空间、权限和网络" in other.next


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"overdue": NOW - 2 * DAY}, ["copies_late"]),
        ({"copies": 9, "scrub_began": NOW - 90 * DAY, "scrub_part": 0.5}, []),
        ({"copies": 9, "scrub_began": NOW - 90 * DAY, "scrub_part": 0.2}, ["scrub_late"]),
        ({"copies": 9, "scrub_began": NOW - 200 * DAY, "scrub_part": 0.99}, ["scrub_late"]),
        ({"kind": "offline", "state": "unplugged", "read": NOW - 100 * DAY}, []),
        (
            {"kind": "offline", "state": "unplugged", "scrub_began": NOW, "read": NOW - 190 * DAY},
            ["disk_unread"],
        ),
        ({"kind": "offline", "state": "filling", "copies": 9, "scrub_began": NOW - 190 * DAY}, []),
        ({"state": "silent", "since": NOW}, ["place_silent"]),
    ],
)
def test_a_place_that_falls_behind_is_told(changes: dict[str, object], codes: list[str]) -> None:
    assert [one.code for one in storage_alarms(place(**changes))] == codes


def test_nothing_is_said_of_the_province_before_it_was_told() -> None:
    short = ShortSitting(id="s1", name="s1", start=NOW + DAY, missing=1)
    ahead = msgspec.structs.replace(stored(NOW).forecast, short=[short])
    (alarm,) = storage_alarms(msgspec.structs.replace(place(), forecast=ahead))
    assert alarm.code == "storage_short" and "省级" not in alarm.next and "province" not in alarm.next


@pytest.mark.parametrize("text", ["", "20261345", "abcdefgh", "2026", "20260229"])
def test_no_day_is_no_fault(text: str) -> None:
    assert day_of(text) is None


@pytest.mark.parametrize("text", ["", "now", "2026-11-21T10:00:00"])
def test_nobody_knows_of_what_no_page_showed(text: str) -> None:
    assert told_until(NOW.isoformat()) == NOW
    with pytest.raises(Refused):
        told_until(text)
