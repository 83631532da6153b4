"""Rules of one exam: when a paper ends, when one may leave, when a result is shown; approved help as rosters say it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules import approved_help
from appliance.rules.exam_rules import ExamRules, attempt_end, hand_in_from, result_shown, sitting_end

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
HOUR = 3600


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_together_who_comes_late_loses_the_time() -> None:
    rules = ExamRules()
    ends = sitting_end(rules, START, HOUR)
    assert ends == after(60)
    assert attempt_end(rules, after(10), HOUR, ends) == after(60)
    assert attempt_end(rules, after(10), HOUR, ends, 25) == after(75), "approved time comes on top"


def test_on_entering_everybody_has_the_whole_time_up_to_the_latest_end() -> None:
    rules = ExamRules(start="entering", latest_end=900)
    ends = sitting_end(rules, START, HOUR)
    assert ends == after(75)
    assert attempt_end(rules, after(10), HOUR, ends) == after(70)
    assert attempt_end(rules, after(20), HOUR, ends) == after(75)


@given(st.integers(0, 120), st.integers(0, 100), st.booleans())
def test_nobody_ends_after_the_sitting_but_with_approved_time(late: int, more: int, entering: bool) -> None:
    rules = ExamRules(start="entering" if entering else "together")
    ends = sitting_end(rules, START, HOUR)
    plain = attempt_end(rules, after(late), HOUR, ends)
    assert plain <= ends
    assert attempt_end(rules, after(late), HOUR, ends, more) - plain == timedelta(seconds=HOUR * more // 100)


def test_earliest_leaving() -> None:
    assert hand_in_from(ExamRules(), START, after(60)) == START
    assert hand_in_from(ExamRules(earliest_leaving=1800), START, after(60)) == after(30)
    assert hand_in_from(ExamRules(earliest_leaving=7200), START, after(60)) == after(60)
    assert hand_in_from(ExamRules(early_hand_in=False), START, after(60)) == after(60)


@pytest.mark.parametrize(
    ("result", "state", "others", "minute", "shown"),
    [
        ("at_once", "running", ["marked"], 20, True),
        ("at_once", "running", ["marked"], 10, False),  # somebody may still enter
        ("at_once", "running", ["marked", "running"], 20, False),
        ("at_once", "running", ["marked", "ready"], 20, False),
        ("at_once", "ended", ["marked"], 20, True),
        ("later", "ended", ["marked"], 90, False),
        ("later", "released", ["marked"], 90, True),
        ("never", "released", ["marked"], 90, False),
    ],
)
def test_when_a_result_is_shown(result: str, state: str, others: list[str], minute: int, shown: bool) -> None:
    rules = ExamRules(result=result)  # type: ignore[arg-type]
    assert result_shown(rules, state, others, after(minute), after(15)) is shown


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("", ""),
        ("无", ""),
        ("语音读题", "voice"),
        ("延时25%、大字，读题", "voice large time25"),
        ("加时 50", None),
        ("加时50", "time50"),
        ("延时150%", None),
        ("放大镜", None),
    ],
)
def test_approved_help_as_rosters_say_it(said: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(approved_help.UnknownHelp):
            approved_help.parse(said)
        return
    assert approved_help.parse(said) == kept
    assert approved_help.parse(kept.replace("time", "time ").replace("time ", "time")) == kept


def test_what_help_means() -> None:
    assert approved_help.more_percent("voice time25") == 25
    assert approved_help.more_percent("voice large") == 0
    assert approved_help.may_hear("voice large") and not approved_help.may_hear("large")
