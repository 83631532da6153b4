"""Entries of the journal read aloud."""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.web.entry_words import field, sentence

NAMES = {"L1": "理论入口一号通道", "a1": "监考员乙"}


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (
            "tap.decided",
            {"result": "refuse", "code": "too_early", "lane": "L1"},
            ["不予入场", "入场核验尚未开始", "理论入口一号通道"],
        ),
        ("tap.decided", {"result": "admit", "code": "", "lane": "P1"}, ["P1"]),
        ("face.compared", {"band": "mismatch", "distance": 0.6234}, ["0.62"]),
        ("violation.recorded", {"rule": "forbidden_items", "second": "a1"}, ["监考员乙", "携带"]),
        ("case.decided", {"decision": "refuse", "reason": "照片与本人不符"}, ["照片与本人不符"]),
        ("paper.marked", {"points": "95", "passed": True}, ["95 分", "合格"]),
        ("warning.shown", {"text": "请勿左右张望"}, ["请勿左右张望"]),
    ],
)
def test_an_entry_says_what_it_is(kind: str, body: dict[str, Any], said: list[str]) -> None:
    told = sentence(kind, body, NAMES)
    assert all(part in told for part in said), told


def test_what_has_no_sentence_and_what_is_unknown() -> None:
    assert sentence("attempt.opened", {"attempt": "x"}, NAMES) == ""
    assert "new_code" in sentence("tap.decided", {"result": "refuse", "code": "new_code"}, {})
    assert sentence("violation.recorded", {"rule": "gone", "second": ""}, {}).startswith("gone")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-11-22T07:42:12.239000+00:00", "2026-11-22 15:42:12.239"),
        ("2026-11-22T07:42:12Z", "2026-11-22 15:42:12.000"),
        ([{"at": "2026-11-22T07:50:00.940235Z"}], '[{"at":"2026-11-22 15:50:00.940"}]'),
        (True, "是"),
        ("a1", "监考员乙"),
        (list(range(9)), "共 9 项"),
        ("2026-11-22", "2026-11-22"),
    ],
)
def test_fields_are_read_as_people_read_them(value: Any, read: str) -> None:
    assert field(value, NAMES, ZoneInfo("Asia/Shanghai")) == read
    assert field("2026-11-22T07:42:12Z", {}, UTC).startswith("2026-11-22 07:42:12")
