"""What a decision on a violation takes away; the list of rules that can be broken."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from appliance.base.i18n import in_language
from appliance.intake.violations import DECISIONS, broken_rules
from appliance.rules.verdict import Result, combine
from appliance.rules.violations import MEASURES, Decided, Sat, may_decide, voided

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
