"""Practical tasks, sheets and verdicts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.intake.practical_tasks import practical_tasks
from appliance.rules import verdict
from appliance.rules.practical import (
    SUBJECTS,
    BadSheet,
    Deduction,
    Item,
    Loss,
    Sheet,
    Task,
    Veto,
    draw,
    marked_at,
    score,
    score_sheet,
)

FILE = practical_tasks("low_voltage")
WEIGHTS = FILE.weights
PASS = FILE.pass_mark

TASK = Task(
    code="K11",
    subject="K1",
    name="test",
    minutes=10,
    mode=(),
    items=(
        Item(
            id="a",
            text="a",
            most=Decimal(40),
            deductions=(
                Deduction(id="each", text="", points=Decimal(15), per="each"),
                Deduction(id="half", text="", points=Decimal("0.5")),
            ),
        ),
        Item(
            id="b",
            text="b",
            most=Decimal(60),
            deductions=(
                Deduction(id="range", text="", points=Decimal(5), most=Decimal(60)),
                Deduction(id="seen", text="", points=Decimal(15), most=Decimal(25), per="each"),
            ),
        ),
    ),
    vetoes=(Veto(id="zero", text=""), Veto(id="all", text="", effect="practical_fail")),
)


def pressed(*points: int, deduction: str = "seen") -> tuple[Loss, ...]:
    """One loss of item b per press."""
    return tuple(Loss(item="b", deduction=deduction, points=Decimal(one)) for one in points)


def test_every_press_of_a_range_keeps_its_own_points() -> None:
    assert score_sheet(TASK, Sheet(subject="K1", losses=pressed(15, 25, 15))).raw == 45
    assert score_sheet(TASK, Sheet(subject="K1", losses=pressed(25, 25, 15))).raw == 40


def test_losses_are_capped_per_item() -> None:
    sheet = Sheet(subject="K1", losses=(Loss(item="a", deduction="each", points=Decimal(15), count=9),))
    assert score_sheet(TASK, sheet).raw == 60
    half = Sheet(subject="K1", losses=(Loss(item="a", deduction="half", points=Decimal("0.5")),))
    assert score_sheet(TASK, half).raw == Decimal("99.5")


@pytest.mark.parametrize(
    ("losses", "vetoes", "code"),
    [
        ((Loss(item="x", deduction="each", points=Decimal(1)),), (), "unknown_item"),
        ((Loss(item="a", deduction="x", points=Decimal(1)),), (), "unknown_deduction"),
        ((Loss(item="a", deduction="half", points=Decimal("0.5"), count=2),), (), "bad_count"),
        ((Loss(item="a", deduction="half", points=Decimal("0.5")),) * 2, (), "bad_count"),
        ((Loss(item="a", deduction="each", points=Decimal(15), count=0),), (), "bad_count"),
        ((Loss(item="a", deduction="each", points=Decimal(16)),), (), "bad_points"),
        ((Loss(item="b", deduction="range", points=Decimal(4)),), (), "bad_points"),
        ((Loss(item="b", deduction="range", points=Decimal(-50)),), (), "bad_points"),
        ((Loss(item="b", deduction="range", points=Decimal("5.001")),), (), "bad_points"),
        ((Loss(item="b", deduction="range", points=Decimal("NaN")),), (), "bad_points"),
        ((*pressed(5, deduction="range"), *pressed(6, deduction="range")), (), "bad_count"),
        (pressed(15, 26), (), "bad_points"),
        (pressed(*[15] * 100), (), "bad_count"),
        ((), ("x",), "unknown_veto"),
    ],
)
def test_a_sheet_that_cannot_be(losses: tuple[Loss, ...], vetoes: tuple[str, ...], code: str) -> None:
    with pytest.raises(BadSheet) as caught:
        score_sheet(TASK, Sheet(subject="K1", losses=losses, vetoes=vetoes))
    assert caught.value.code == code


def test_vetoes() -> None:
    zero = score_sheet(TASK, Sheet(subject="K1", vetoes=("zero",)))
    assert (zero.raw, zero.zeroed, zero.fails) == (0, True, False)
    everything = score_sheet(TASK, Sheet(subject="K1", vetoes=("all",)))
    assert (everything.raw, everything.fails) == (0, True)


def test_weights_and_pass_mark() -> None:
    tasks = draw(FILE.tasks, "s")
    clean = [Sheet(subject=subject) for subject in SUBJECTS]
    full = score(tasks, clean, WEIGHTS, PASS)
    assert full.total == 100 and full.passed
    assert full.weighted == {"K1": 20, "K2": 40, "K3": 20, "K4": 20}
    three = score(tasks, clean[:3], WEIGHTS, PASS)
    assert three.total == 80 and not three.passed, "an exam without all four sheets is not passed"


def test_one_task_per_subject_the_same_for_the_same_seed() -> None:
    assert draw(FILE.tasks, "s") == draw(tuple(reversed(FILE.tasks)), "s")
    seen = {task.code for n in range(300) for task in draw(FILE.tasks, f"{n}").values()}
    assert seen == {task.code for task in FILE.tasks}
    with pytest.raises(ValueError, match="nothing"):
        draw(FILE.tasks[:3], "s")


@st.composite
def filled(chosen: st.DrawFn) -> list[Sheet]:
    tasks = draw(FILE.tasks, str(chosen(st.integers(0, 20))))
    sheets = []
    for subject, task in tasks.items():
        losses = []
        for item in task.items:
            for deduction in item.deductions:
                count = chosen(st.integers(0, 6 if deduction.per == "each" else 1))
                if count:
                    points = chosen(st.sampled_from([deduction.points, deduction.most or deduction.points]))
                    losses.append(Loss(item=item.id, deduction=deduction.id, points=points, count=count))
        vetoes = chosen(st.lists(st.sampled_from(task.vetoes), max_size=1)) if task.vetoes else []
        sheets.append(
            (task, Sheet(subject=subject, losses=tuple(losses), vetoes=tuple(veto.id for veto in vetoes)))
        )
    return sheets  # type: ignore[return-value]


@settings(max_examples=60, deadline=None)
@given(filled())
def test_points_stay_within_bounds(pairs: list[tuple[Task, Sheet]]) -> None:
    tasks = {task.subject: task for task, _ in pairs}
    scored = score(tasks, [sheet for _, sheet in pairs], WEIGHTS, PASS)
    assert 0 <= scored.total <= 100
    assert all(0 <= raw <= 100 for raw in scored.raw.values())
    assert scored.passed == (scored.total >= 80 and not scored.vetoed)


@pytest.mark.parametrize(
    ("theory", "practical", "passed", "code"),
    [
        (None, None, False, "theory_missing"),
        (79, None, False, "theory_failed"),
        (80, None, False, "practical_missing"),
        (80, 79, False, "practical_failed"),
        (80, 80, True, "passed"),
        (79, 100, False, "theory_failed"),
    ],
)
def test_the_verdict(theory: int | None, practical: int | None, passed: bool, code: str) -> None:
    def result(points: int | None) -> verdict.Result | None:
        return None if points is None else verdict.Result(Decimal(points), points >= 80)

    assert verdict.combine(result(theory), result(practical)) == verdict.Verdict(passed, code)
    assert code in verdict.SENTENCES


@given(st.integers(-5, 10**15), st.integers(-5, 10**15), st.integers(0, 10**8))
def test_a_press_was_made_between_the_draw_and_the_signature(at: int, sent: int, lasted: int) -> None:
    signed = datetime(2026, 11, 21, 3, tzinfo=UTC)
    drawn = signed - timedelta(milliseconds=lasted)
    found = marked_at(at, sent, drawn, signed)
    assert (found is None) == (at <= 0 or sent < at)
    if found is not None:
        assert drawn <= found <= signed
        assert found == drawn or signed - found == timedelta(milliseconds=sent - at)
