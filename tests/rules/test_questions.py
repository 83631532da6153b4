"""What may be done with an item, by whom; what a blueprint must hold; how several right answers are marked."""

from decimal import Decimal

import pytest

from appliance.rules import theory
from appliance.rules.paper import (
    THEORY,
    Blueprint,
    Item,
    Picture,
    Row,
    Wording,
    draw,
    key_lines,
    option_order,
)
from appliance.rules.questions import blueprint_fault, refusal, sealed_refusal, shortages

A, B = "account-a", "account-b"


@pytest.mark.parametrize(
    ("act", "state", "newest", "person", "reason", "code"),
    [
        ("edit", "draft", True, A, "", ""),
        ("edit", "draft", True, B, "", ""),
        ("edit", "approved", True, B, "", ""),
        ("edit", "retired", True, A, "", ""),
        ("edit", "approved", False, A, "", "newer_version"),
        ("approve", "draft", True, B, "", ""),
        ("approve", "draft", True, A, "", "own_item"),
        ("approve", "draft", False, B, "", "newer_version"),
        ("approve", "approved", True, B, "", "wrong_state"),
        ("approve", "retired", True, B, "", "wrong_state"),
        ("retire", "draft", True, A, "doubtful", ""),
        ("retire", "approved", True, B, "the law has changed", ""),
        ("retire", "approved", False, B, "the law has changed", ""),
        ("retire", "approved", True, B, "  ", "no_reason"),
        ("retire", "retired", True, B, "again", "wrong_state"),
    ],
)
def test_who_may_do_what(act: str, state: str, newest: bool, person: str, reason: str, code: str) -> None:
    assert refusal(act, state, newest, A, person, reason) == code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "own", "other"),
    [
        ("seated", "not_running", "not_running"),
        ("ready", "", "other_paper"),
        ("running", "", "other_paper"),
        ("handed_in", "", "other_paper"),
        ("marked", "not_running", "not_running"),
    ],
)
def test_which_pictures_a_seat_may_have(state: str, own: str, other: str) -> None:
    assert (sealed_refusal(state, True), sealed_refusal(state, False)) == (own, other)


def test_pictures_and_other_languages_change_nothing_in_the_draw() -> None:
    def bank(wordings: dict[str, Wording]) -> list[Item]:
        options = ("甲", "乙", "丙", "以上都对")
        return [
            Item(
                id=f"x{n}",
                kind="single_choice",
                stem=f"第{n}问",
                options=options,
                right=(0,),
                topic=f"t{n % 3}",
                difficulty=1,
                wordings=wordings,
            )
            for n in range(30)
        ]

    plan = blueprint(counts={"single_choice": 20})
    words = ("看图", Picture("0" * 64, "image/png", "图"))
    zh, en = Wording(stem=words, options=(words,) * 4), Wording(stem="?", options=("a", "b", "c", "d"))
    drawn = [
        draw(bank(shown), plan, "seed").digest() for shown in ({}, {"zh_CN": zh}, {"zh_CN": zh, "en": en})
    ]
    assert len(set(drawn)) == 1


def blueprint(**changes: object) -> Blueprint:
    given: dict[str, object] = {
        "counts": {"true_false": 20, "single_choice": 20, "multiple_choice": 10},
        "points": {"true_false": Decimal(1), "single_choice": Decimal(2), "multiple_choice": Decimal(4)},
        "minutes": 60,
        "pass_mark": Decimal(80),
    }
    return Blueprint(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ("", None)),
        ({"counts": {}}, ("nothing_asked", None)),
        ({"counts": {"true_false": 0}}, ("nothing_asked", None)),
        ({"counts": {"single_choice": -1, "true_false": 1}}, ("bad_count", "single_choice")),
        ({"points": {"true_false": Decimal(1)}}, ("bad_points", "single_choice")),
        ({"counts": {"true_false": 20}}, ("not_full", None)),
        ({"pass_mark": Decimal(79)}, ("bad_pass_mark", None)),
        ({"pass_mark": Decimal(101)}, ("bad_pass_mark", None)),
        ({"minutes": 0}, ("bad_minutes", None)),
        ({"minutes": 601}, ("bad_minutes", None)),
    ],
)
def test_blueprints(changes: dict[str, object], fault: tuple[str, str | None]) -> None:
    assert blueprint_fault(blueprint(**changes)) == fault  # type: ignore[arg-type]


def test_the_usual_blueprint_is_sound() -> None:
    assert blueprint_fault(THEORY) == ("", None)
    there = {("true_false", "", 1): 70, ("single_choice", "", 1): 29}
    assert shortages(THEORY, there) == [(Row(kind="single_choice", count=30), 1)]  # type: ignore[arg-type]


def test_the_key_of_a_paper_by_position() -> None:
    plan = blueprint(
        counts={"multiple_choice": 1, "true_false": 2, "single_choice": 1}, multiple="mean_of_right"
    )
    lines = key_lines(plan, ["A", "B", "C", "ACD"])
    assert [(one.right, one.points, one.rule) for one in lines] == [
        ("A", Decimal(1), "all_or_nothing"),
        ("B", Decimal(1), "all_or_nothing"),
        ("C", Decimal(2), "all_or_nothing"),
        ("ACD", Decimal(4), "mean_of_right"),
    ]
    with pytest.raises(ValueError):
        key_lines(plan, ["A", "B"])


@pytest.mark.parametrize(
    ("rule", "given", "points"),
    [
        ("all_or_nothing", "DCA", "4"),
        ("all_or_nothing", "AC", "0"),
        ("mean_of_right", "AC", "2.67"),
        ("mean_of_right", "ABC", "0"),
        ("mapped_sum", "ABC", "1.33"),
        ("mapped_sum", "B", "0"),
        ("mapped_sum", "ACD", "4"),
        ("mean_of_right", "", "0"),
    ],
)
def test_marking_several_right_answers(rule: theory.Rule, given: str, points: str) -> None:
    marked = theory.mark([theory.KeyLine("ACD", Decimal(4), rule)], {1: given}, Decimal(1))
    assert marked.points == Decimal(points)
    assert marked.right == (points == "4") and marked.open == (given == "")
    assert marked.right + marked.wrong + marked.open == 1


def test_fixed_options_keep_their_place() -> None:
    item = Item(
        id="x",
        kind="single_choice",
        stem="?",
        options=("a", "b", "c", "以上都对"),
        right=(0,),
        topic="",
        difficulty=1,
        fixed=(1,),
    )
    orders = {option_order(item, str(seed)) for seed in range(40)}
    assert (
        {order[1] for order in orders} == {1} and {order[3] for order in orders} == {3} and len(orders) == 2
    )


def test_multiple_choice_stands_last() -> None:
    def item(number: int, kind: str) -> Item:
        return Item(
            id=f"{kind}{number}",
            kind=kind,  # type: ignore[arg-type]
            stem="?",
            options=("a", "b", "c"),
            right=(0, 1),
            topic="t",
            difficulty=1,
        )

    bank = [item(n, kind) for n in range(5) for kind in ("multiple_choice", "single_choice", "true_false")]
    plan = blueprint(counts={"true_false": 2, "single_choice": 2, "multiple_choice": 2})
    drawn = draw(bank, plan, "seed")
    assert [one.item.rstrip("01234") for one in drawn.questions] == [
        *["true_false"] * 2,
        *["single_choice"] * 2,
        *["multiple_choice"] * 2,
    ]
    assert draw(bank, plan, "seed").digest() == drawn.digest()
