"""Chance, papers and marking."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rules import theory
from appliance.rules.chance import Stream
from appliance.rules.paper import (
    THEORY,
    TRUE_FALSE,
    BankTooSmall,
    Blueprint,
    Item,
    candidate_seed,
    draw,
    option_order,
    proportional,
    right_key,
    speaks_of_others,
)

TOPICS = ("a", "b", "c")


def item(kind: str, number: int) -> Item:
    options = TRUE_FALSE if kind == "true_false" else tuple(f"{number} {letter}" for letter in "wxyz")
    return Item(
        id=f"{kind}-{number}",
        kind=kind,  # type: ignore[arg-type]
        stem=f"{kind} {number}",
        options=options,
        right=(number % len(options),),
        topic=TOPICS[number % 3 if number % 4 else 0],
        difficulty=1,
    )


BANK = [item("true_false", n) for n in range(150)] + [item("single_choice", n) for n in range(70)]
BY_ID = {one.id: one for one in BANK}


def test_the_stream_is_the_same_for_ever() -> None:
    """A change here would change every paper that is ever drawn again: it must never happen."""
    assert [Stream(seed, "purpose").below(1000) for seed in ("seed", b"seed")] == [FIRST, FIRST]
    assert Stream("seed", "purpose").shuffled(range(8)) == ORDER
    assert draw(BANK, THEORY, "golden").digest() == GOLDEN


FIRST = 419
ORDER = [1, 6, 4, 7, 5, 2, 0, 3]
GOLDEN = "d655c156c4a3ea6e15691c677e3105194b30e09cba831469c37ddebbbf35aea9"


def test_chance_is_fair() -> None:
    counts = Counter(Stream("fair", n).below(5) for n in range(5000))
    assert all(850 < counts[n] < 1150 for n in range(5))
    firsts = Counter(Stream("fair", n).shuffled("abcd")[0] for n in range(4000))
    assert all(850 < firsts[one] < 1150 for one in "abcd")


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=40))
def test_papers_are_reproducible_and_complete(seed: bytes) -> None:
    paper = draw(BANK, THEORY, seed)
    assert paper == draw(reversed(BANK), THEORY, seed)
    assert [q.position for q in paper.questions] == list(range(1, 101))
    assert len({q.item for q in paper.questions}) == 100
    kinds = [BY_ID[q.item].kind for q in paper.questions]
    assert kinds == ["true_false"] * 70 + ["single_choice"] * 30
    for question in paper.questions:
        one = BY_ID[question.item]
        assert sorted(question.order) == list(range(len(one.options)))
        if one.kind == "true_false":
            assert question.order == (0, 1)
        shown = [one.options[index] for index in question.order]
        assert shown["ABCD".index(right_key(one, question.order))] == one.options[one.right[0]]


def test_candidates_get_different_papers() -> None:
    papers = [draw(BANK, THEORY, candidate_seed(b"sitting", f"candidate {n}")).digest() for n in range(60)]
    assert len(set(papers)) == 60


def test_an_items_options_stand_alike_whatever_else_is_in_the_bank() -> None:
    assert option_order(BY_ID["single_choice-3"], "s") == option_order(BY_ID["single_choice-3"], "s")
    small = draw(BANK[:80] + BANK[150:], THEORY, "s")
    for question in small.questions:
        assert question.order == option_order(BY_ID[question.item], "s")


def test_options_about_the_others_stay_last() -> None:
    one = Item(
        id="x",
        kind="single_choice",
        stem="?",
        options=("甲", "以上都对", "乙", "丙"),
        right=(1,),
        topic="a",
        difficulty=1,
    )
    assert all(option_order(one, f"{n}")[-1] == 1 for n in range(50))
    assert speaks_of_others("以上均正确") and speaks_of_others("上述都不对")
    assert not speaks_of_others("10 kV及以上") and not speaks_of_others("2 m及以上的高处")


def test_a_resit_leaves_out_what_was_seen() -> None:
    first = {q.item for q in draw(BANK, THEORY, "first").questions}
    again = {q.item for q in draw(BANK, THEORY, "second", leave_out=first).questions}
    assert not {i for i in again & first if i.startswith("true_false")}
    assert len(again) == 100


def test_topics_follow_the_blueprint() -> None:
    wanted = Blueprint(
        counts={"true_false": 20},
        points={"true_false": Decimal(1)},
        minutes=10,
        pass_mark=Decimal(12),
        topics={"b": 1, "c": 3},
    )
    found = Counter(BY_ID[q.item].topic for q in draw(BANK, wanted, "s").questions)
    assert found == {"b": 5, "c": 15}
    assert wanted.total == 20


def test_a_small_bank_is_refused() -> None:
    with pytest.raises(BankTooSmall) as caught:
        draw(BANK[:69], THEORY, "s")
    assert (caught.value.kind, caught.value.wanted, caught.value.there) == ("true_false", 70, 69)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1),
    st.integers(0, 100),
)
def test_proportional_always_adds_up(groups: dict[str, tuple[int, int]], wanted: int) -> None:
    shares = {name: pair[0] for name, pair in groups.items()}
    limits = {name: pair[1] for name, pair in groups.items()}
    if wanted > sum(limits.values()):
        return
    counts = proportional(wanted, shares, limits)
    assert sum(counts.values()) == wanted
    assert all(0 <= counts[name] <= limits[name] for name in counts)


KEY = [theory.KeyLine("A")] * 70 + [theory.KeyLine("C")] * 30


@given(st.dictionaries(st.integers(1, 100), st.sampled_from(["", "A", "B", "C", "D"])))
def test_marks_stay_within_bounds(answers: dict[int, str]) -> None:
    marked = theory.mark(KEY, answers, Decimal(80))
    assert 0 <= marked.points <= marked.total == 100
    assert marked.right + marked.wrong + marked.open == 100
    assert marked.passed == (marked.points >= 80)
    assert len(marked.wrong_positions) == marked.wrong


@pytest.mark.parametrize(("right", "passed"), [(79, False), (80, True), (100, True), (0, False)])
def test_the_pass_mark(right: int, passed: bool) -> None:
    answers = {position: KEY[position - 1].right for position in range(1, right + 1)}
    assert theory.mark(KEY, answers, Decimal(80)).passed is passed


def test_an_answer_to_no_question_is_an_error() -> None:
    with pytest.raises(ValueError, match="no such"):
        theory.mark(KEY, {101: "A"}, Decimal(80))
    assert theory.mark([theory.KeyLine("ACD", Decimal(2))], {1: "DCA"}, Decimal(2)).points == 2
