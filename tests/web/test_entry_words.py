"""Entries of the journal read aloud."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.web.entry_words import field, happened, sentence
from appliance.web.look_words import look_words

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
        (
            "face.compared",
            {"band": "admit", "distance": 0.26, "admit_below": 0.45, "review_below": 0.6},
            ["同一人", "0.26", "低于 0.45 为同一人，达到 0.60 为不符"],
        ),
        ("admission.granted", {"how": "machine"}, ["由系统人证核验判定"]),
        (
            "admission.granted",
            {"how": "review", "decided_by": "a1", "second_by": "a2"},
            ["由 监考员乙 决定", "第二人：a2"],
        ),
        ("ticket.issued", {"number": "A-012"}, ["A-012"]),
        ("violation.recorded", {"rule": "forbidden_items", "second": "a1"}, ["监考员乙", "携带"]),
        (
            "case.decided",
            {"decision": "refuse", "reason": "照片与本人不符", "second": "a1"},
            ["照片与本人不符", "第二人：监考员乙"],
        ),
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


FROM_TO = {"from": "2026-11-21T01:10:03+00:00", "to": "2026-11-21T01:20:03+00:00"}


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("recordings.verified", {"files": 139, "whole": 137}, "重新读取 139 个文件 · 与录制时不一致 2 个"),
        ("recordings.verified", {"files": 139, "whole": 139}, "重新读取 139 个文件 · 全部完好"),
        ("clip.viewed", {"camera": "C1"} | FROM_TO, "C1 · 2026-11-21 09:10:03 – 09:20:03"),
        (
            "clip.exported",
            {"camera": "C1", "broken": ["x"]} | FROM_TO,
            "C1 · 2026-11-21 09:10:03 – 09:20:03 · 其中与录制时不一致的录像文件：1 个",
        ),
        (
            "package.exported",
            {"cameras": ["C1", "C2"], "left_out": 1, "of": "seat"} | FROM_TO,
            "C1、C2 · 2026-11-21 09:10:03 – 09:20:03 · 未能放入：1 项",
        ),
        ("package.taken", {"cameras": ["C1"]}, "C1"),
        ("photo.viewed", {"face_check": "f", "which": "live"}, "现场照片"),
        ("photo.viewed", {"face_check": "f", "which": "reference", "reference": "chip"}, "证件芯片照片"),
        ("photo.viewed", {"case": "k"}, "待核事项的画面"),
        ("timeline.viewed", {}, "全部记录"),
        ("timeline.viewed", {"of": "candidate", "id": "x"}, "逐秒查看录像"),
        ("seat.taken", {"seat": "T1-07"}, ""),
    ],
)
def test_a_look_says_what_was_seen(kind: str, body: dict[str, Any], said: str) -> None:
    assert look_words(kind, body, ZoneInfo("Asia/Shanghai")) == said


def test_a_deed_of_yesterday_has_both_days() -> None:
    at = datetime(2026, 11, 21, 15, 59, tzinfo=UTC)
    told = happened(at, at + timedelta(minutes=2), ZoneInfo("Asia/Shanghai"))
    assert told == "发生 2026-11-21 23:59:00（登记人填写），登记 2026-11-22 00:01:00"
