"""What a decision on a violation takes away; the list of rules that can be broken."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.base.i18n import in_language
from appliance.intake.violations import DECISIONS, broken_rules
from appliance.rules.verdict import Result, combine
from appliance.rules.violations import LONGEST, MEASURES, Decided, Sat, may_decide, stretches, voided

DAY = date(2026, 11, 21)
THEORY = Sat("theory", "theory", "low_voltage", DAY)
PRACTICAL = Sat("practical", "practical", "low_voltage", DAY)
OTHER_TRADE = Sat("other", "theory", "scaffolding", DAY)
RESIT = Sat("resit", "theory", "low_voltage", DAY + timedelta(days=20))
ALL = [THEORY, PRACTICAL, OTHER_TRADE, RESIT]


def test_what_each_decision_takes_away() -> None:
    table = {
        "unfounded": set(),
        "warn": set(),
        "void_subject": {"theory"},
        "void_all": {"theory", "practical"},
    }
    assert set(table) == set(MEASURES) == set(DECISIONS)
    for decision, gone in table.items():
        assert voided([Decided(THEORY, decision)], ALL) == gone, decision


@given(st.lists(st.tuples(st.sampled_from(ALL), st.sampled_from(MEASURES))))
def test_another_trade_and_another_day_stay(decided: list[tuple[Sat, str]]) -> None:
    gone = voided([Decided(*one) for one in decided], ALL)
    for sat in ALL:
        touched = any(
            (one.trade, one.day) == (sat.trade, sat.day) for one, decision in decided if decision != "warn"
        )
        assert sat.id not in gone or touched
    assert gone == voided([Decided(*one) for one in reversed(decided)], reversed(ALL))


def test_a_voided_subject_is_never_passed() -> None:
    good = Result(95, True)  # type: ignore[arg-type]
    for gone, code in (
        (["theory"], "theory_voided"),
        (["practical"], "practical_voided"),
        (["theory", "practical"], "all_voided"),
    ):
        found = combine(good, good, gone)
        assert (found.passed, found.code) == (False, code)
    assert combine(good, good).passed


def test_while_a_violation_is_open_nothing_is_said_of_passing() -> None:
    for theory in (None, Result(79, False), Result(95, True)):  # type: ignore[arg-type]
        for practical in (None, Result(60, False), Result(95, True)):  # type: ignore[arg-type]
            for gone in ([], ["theory"], ["theory", "practical"]):
                found = combine(theory, practical, gone, undecided=True)
                assert (found.passed, found.code) == (None, "violation_open")


def test_recordings_are_looked_at_a_minute_before_and_after() -> None:
    noon, minute = datetime(2026, 11, 21, 12, tzinfo=UTC), timedelta(minutes=1)
    one = (noon - minute, noon + minute)
    table: list[tuple[list[datetime], list[tuple[datetime, datetime]]]] = [
        ([], []),
        ([noon], [one]),
        ([noon, noon], [one]),
        ([noon + 2 * minute, noon], [(noon - minute, noon + 3 * minute)]),
        ([noon, noon + 5 * minute], [one, (noon + 4 * minute, noon + 6 * minute)]),
    ]
    for moments, found in table:
        assert stretches(moments) == found


@given(st.lists(st.integers(0, 7200), max_size=60))
def test_stretches_cover_every_moment_and_stay_short(seconds: list[int]) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    moments = [noon + timedelta(seconds=one) for one in seconds]
    found = stretches(moments)
    assert all(end - start <= LONGEST for start, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    for moment in moments:
        assert any(start <= moment <= end for start, end in found)


def test_two_of_the_staff_do_not_decide_on_their_own_record() -> None:
    assert not may_decide("a", "a", "b") and not may_decide("b", "a", "b") and may_decide("c", "a", "b")


def test_the_list_of_rules_is_whole() -> None:
    rules = broken_rules().values()
    assert len(rules) == 19 and {one.tier for one in rules} == {"warned", "at_once"}
    for one in rules:
        assert one.article and one.measure in MEASURES and one.zh != one.en
        with in_language("en"):
            assert one.text == one.en
    assert all(one.measure == "warn" for one in rules if one.tier == "warned")
