"""Rows of a blueprint are filled as far as the bank allows; what was seen is left out; no two papers alike."""

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rules.paper import (
    TRUE_FALSE,
    BankTooSmall,
    Blueprint,
    Item,
    Kind,
    Paper,
    Row,
    candidate_seed,
    draw,
)
from appliance.rules.questions import blueprint_fault, held, shortages
from appliance.rules.rows import fill, short
from appliance.rules.unlike import Others, draw_seed, draw_unlike


def item(number: int, topic: str = "", difficulty: int = 1, kind: Kind = "single_choice") -> Item:
    options = TRUE_FALSE if kind == "true_false" else ("甲", "乙", "丙", "丁")
    return Item(
        id=f"{kind}-{number:03d}",
        kind=kind,
        stem=f"第{number}问",
        options=options,
        right=(0,),
        topic=topic,
        difficulty=difficulty,
    )


def plan(*rows: Row) -> Blueprint:
    kinds = {row.kind for row in rows}
    counts = {kind: sum(row.count for row in rows if row.kind == kind) for kind in kinds}
    points = dict.fromkeys(kinds, Decimal(100) / sum(counts.values()))
    return Blueprint(counts=counts, points=points, minutes=60, pass_mark=Decimal(80), rows=rows)


def row(count: int, topic: str = "", difficulty: int = 0, kind: Kind = "single_choice") -> Row:
    return Row(kind=kind, count=count, topic=topic, difficulty=difficulty)


def possible(wanted: list[int], fits: list[list[int]], chosen: list[int]) -> bool:
    """Can these things all stand somewhere at once? By trying."""
    if not chosen:
        return True
    first, *rest = chosen
    for place in fits[first]:
        if wanted[place]:
            less = [count - (at == place) for at, count in enumerate(wanted)]
            if possible(less, fits, rest):
                return True
    return False


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=4).flatmap(
        lambda wanted: st.tuples(
            st.just(wanted),
            st.lists(
                st.lists(st.integers(0, len(wanted) - 1), unique=True).map(sorted), min_size=1, max_size=7
            ),
        )
    )
)
def test_rows_are_filled_with_the_first_that_can_be(case: tuple[list[int], list[list[int]]]) -> None:
    wanted, fits = case
    taken = fill(wanted, fits)
    for thing, place in enumerate(taken):
        assert place == -1 or place in fits[thing]
    assert all(taken.count(place) <= count for place, count in enumerate(wanted))
    first: list[int] = []
    for thing in range(len(fits)):
        if possible(wanted, fits, [*first, thing]):
            first.append(thing)
    assert [thing for thing, place in enumerate(taken) if place >= 0] == first, "first come, most of all"
    assert (sum(short(wanted, fits)) == 0) == (len(first) == sum(wanted))


def test_rows_that_overlap_make_room_for_one_another() -> None:
    bank = [item(n, "a", 1) for n in range(3)] + [item(n + 3, "b", 2) for n in range(3)]
    wanted = plan(row(3), row(2, topic="a"), row(1, difficulty=2))
    assert len(draw(bank, wanted, "s").questions) == 6
    assert len(draw(bank, plan(row(3, difficulty=1), row(3, topic="b")), "s").questions) == 6


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=20), st.sets(st.integers(0, 59)))
def test_a_paper_follows_its_rows_and_repeats_as_little_as_the_bank_allows(
    seed: bytes, known: set[int]
) -> None:
    bank = [item(n, "abc"[n % 3], n % 2 + 1) for n in range(60)]
    seen = {bank[n].id for n in known}
    by_id = {one.id: one for one in bank}
    wanted = plan(row(4, "a", 1), row(6, "b"), row(10))
    paper = draw(bank, wanted, seed, seen)
    assert paper == draw(reversed(bank), wanted, seed, seen)
    drawn = [by_id[one.item] for one in paper.questions]
    assert len(set(drawn_ids := [one.id for one in drawn])) == 20
    assert sum(one.topic == "a" and one.difficulty == 1 for one in drawn) >= 4
    assert sum(one.topic == "b" for one in drawn) >= 6
    fresh = [one for one in bank if one.id not in seen]
    a1 = sum(one.topic == "a" and one.difficulty == 1 for one in fresh)
    b = sum(one.topic == "b" for one in fresh)
    least = max(0, 4 - a1) + max(0, 6 - b)
    most_fresh = 20 - least - max(0, 20 - least - len(fresh))
    assert sum(one not in seen for one in drawn_ids) == most_fresh


@pytest.mark.parametrize("fresh", [0, 3, 9, 10, 30])
def test_without_rows_a_resit_repeats_as_little_as_the_bank_allows(fresh: int) -> None:
    bank = [item(n, "ab"[n % 2]) for n in range(30)]
    seen = {one.id for one in bank[fresh:]}
    drawn = draw(bank, plan(row(10)), "s", seen).questions
    assert sum(one.item not in seen for one in drawn) == min(10, fresh)


def test_what_is_missing_is_said_of_the_row() -> None:
    there = {("single_choice", "a", 1): 4, ("single_choice", "b", 2): 2, ("true_false", "a", 1): 9}
    assert held(there, row(1, topic="a")) == 4 and held(there, row(1)) == 6
    assert shortages(plan(row(4, topic="a"), row(2)), there) == []
    assert shortages(plan(row(5, topic="a"), row(1)), there) == [(row(5, topic="a"), 1)]
    assert shortages(plan(row(3, "b", 2), row(1)), there) == [(row(3, "b", 2), 1)]
    (one,) = shortages(plan(row(4, topic="a"), row(3)), there)
    assert one[1] == 1, "every row alone can be filled, not both"
    bank = [item(n, "a") for n in range(4)] + [item(n, "b", 2) for n in (4, 5)]
    with pytest.raises(BankTooSmall):
        draw(bank, plan(row(4, topic="a"), row(3)), "s")


def test_rows_add_up_to_the_kinds() -> None:
    sound = plan(row(4, topic="a"), row(6))
    assert blueprint_fault(sound) == ("", None)
    for rows in ((row(4),), (row(11), row(-1))):
        wrong = Blueprint(
            counts=sound.counts, points=sound.points, minutes=60, pass_mark=Decimal(80), rows=rows
        )
        assert blueprint_fault(wrong) == ("bad_count", "single_choice")


def papers(bank: list[Item], wanted: Blueprint, people: int, seed: bytes) -> list[Paper]:
    """The papers of a sitting, one after the other."""
    others, found = Others(), []
    for person in range(people):
        own = f"person {person}"
        number, paper = draw_unlike(lambda n, own=own: draw(bank, wanted, draw_seed(seed, own, n)), others)
        assert paper == draw(bank, wanted, draw_seed(seed, own, number)), "the number makes it again"
        others.add(paper)
        found.append(paper)
    return found


def shared(one: Paper, other: Paper) -> int:
    """Places at which two papers show the same item."""
    return sum(a.item == b.item for a, b in zip(one.questions, other.questions, strict=True))


@settings(max_examples=5, deadline=None)
@given(st.binary(min_size=1, max_size=20))
def test_no_two_papers_of_a_sitting_are_alike(seed: bytes) -> None:
    """Whoever sits beside whom: seats are drawn later than papers, so it holds for any two."""
    same_items = [item(n) for n in range(20)]
    for bank in (same_items, [item(n) for n in range(80)]):
        found = papers(bank, plan(row(20)), 30, seed)
        assert len({one.digest() for one in found}) == 30
        assert all(shared(a, b) <= 5 for a, b in combinations(found, 2))


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=1, max_size=20))
def test_not_even_where_the_bank_hardly_allows_it(seed: bytes) -> None:
    bank = [item(0, kind="true_false"), item(1, kind="true_false"), item(2, kind="true_false")]
    found = papers(bank, plan(row(3, kind="true_false")), 6, seed)
    assert len({one.digest() for one in found}) == 6, "three items have six orders, and six people come"
    assert len(papers(bank, plan(row(3, kind="true_false")), 7, seed)) == 7, "a seventh gets one all the same"


def test_the_first_draw_is_the_candidates_own_seed() -> None:
    assert draw_seed(b"s", "x", 0) == candidate_seed(b"s", "x") != draw_seed(b"s", "x", 1)
