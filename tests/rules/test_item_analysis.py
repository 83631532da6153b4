"""Item analysis against figures worked out by hand, and against the definitions on any answers."""

from decimal import Decimal
from statistics import StatisticsError, correlation, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.rules import item_analysis as rule
from appliance.rules.item_analysis import ItemFigures, ItemTally, OptionFigures, SetTally, Tally
from appliance.rules.theory import points_for, share_of

SIX = ["1111", "1110", "1100", "1000", "1101", "0000"]
"""Six candidates, four items: totals 4, 3, 2, 1, 3, 0."""


def single(right: str = "0", options: int = 4, worth: int = 100) -> ItemTally:
    return ItemTally(kind="single_choice", options=options, right=right, worth=worth)


def counted(papers: list[str], times: int = 1) -> tuple[Tally, list[ItemTally]]:
    """Papers of 1 = right, 0 = wrong, - = omitted; all share their items."""
    items = [single() for _ in papers[0]]
    totals = [paper.count("1") * 100 for paper in papers] * times
    tally = Tally(rule.bounds(totals), {"all"})
    signs = {"1": "0", "0": "1", "-": ""}
    for paper in papers * times:
        tally.add([(item, signs[sign]) for item, sign in zip(items, paper, strict=True)], "all")
    return tally, items


def test_facility_and_corrected_discrimination_by_hand() -> None:
    _tally, items = counted(SIX)
    found = [rule.figures([item]) for item in items]
    assert [one.facility for one in found] == pytest.approx([5 / 6, 4 / 6, 2 / 6, 2 / 6])
    # Item 1: scores 1 1 1 1 1 0, rest 3 2 1 0 2 0. n*sum(xy) - sum(x)*sum(y) = 6*8 - 5*8 = 8;
    # n*sum(xx) - sum(x)^2 = 6*5 - 25 = 5; n*sum(yy) - sum(y)^2 = 6*18 - 64 = 44; r = 8 / sqrt(5 * 44).
    assert found[0].discrimination == pytest.approx(8 / 220**0.5)
    # Item 4: scores 1 0 0 0 1 0, rest 3 3 2 1 2 0: 6*5 - 2*11 = 8; 6*2 - 4 = 8; 6*27 - 121 = 41.
    assert found[3].discrimination == pytest.approx(8 / 328**0.5)


def test_groups_by_hand() -> None:
    # 27 % of 6 are 1.62, so two: totals 0 and 1 below; 4 and 3 above, and the other 3 belongs to them too.
    assert rule.bounds([400, 300, 200, 100, 300, 0]) == rule.Bounds(100, 300)
    tally, items = counted(SIX)
    assert (tally.lower, tally.upper) == (2, 3)
    assert [rule.figures([item]).index for item in items] == pytest.approx([0.5, 1.0, 2 / 3, 2 / 3])
    assert rule.bounds([]) is None and rule.bounds([500] * 40) is None
    assert rule.bounds([100, 200]) == rule.Bounds(100, 200)


def test_kr20_by_hand() -> None:
    # Sum of p*q = 5/36 + 8/36 + 8/36 + 8/36 = 29/36; totals 4 3 2 1 3 0: mean 13/6, variance 39/6 - 169/36 = 65/36.
    # KR-20 = 4/3 * (1 - 29/65) = 48/65. Five times the same six, for fewer than thirty are not judged.
    tally, _items = counted(SIX, 5)
    (found,) = rule.reliability(tally, 1)
    assert (found.kind, found.count, found.items) == ("kr20", 30, 4)
    assert found.value == pytest.approx(48 / 65)
    assert found.standard_error == pytest.approx((65 / 36 * 30 / 29) ** 0.5 * (17 / 65) ** 0.5)
    few = rule.alpha(counted(SIX)[0].of_set["all"])
    assert (few.kind, few.value, few.reason) == ("none", None, "few")


def test_papers_that_share_no_items_have_no_alpha() -> None:
    # Twenty get 4 of 4, twenty 2 of 4: MS between = (16*20 + 4*20 - 120^2/40) / (4*39) = 40/156;
    # MS within = (20 * 0 + 20 * (2 - 4/4)) / (40 * 3) = 20/120; 1 - (1/6) / (10/39) = 0.35.
    tally = Tally(None)
    for place in range(40):
        chosen = ["0"] * 4 if place < 20 else ["0", "0", "1", "1"]
        tally.add([(single(), one) for one in chosen], f"own {place}")
    (found,) = rule.reliability(tally, 40)
    assert found.kind == "nested" and found.value == pytest.approx(0.35)
    tally.add([(single(), "0")], "short")
    assert rule.nested(tally).reason == "lengths_differ"
    assert rule.nested(Tally(None)).reason == "few"


def test_alike_and_single_items_have_no_reliability() -> None:
    tally, _items = counted(["11"], 40)
    assert rule.alpha(tally.of_set["all"]).reason == rule.nested(tally).reason == "all_alike"
    assert rule.alpha(counted(["1", "0"], 20)[0].of_set["all"]).reason == "one_item"
    assert rule.alpha(SetTally()).reason == "few"


def test_part_of_the_points() -> None:
    item = ItemTally(kind="multiple_choice", options=4, right="023", worth=200, rule="mean_of_right")
    tally = Tally(None)
    for chosen in ("023", "02", "0", "01", ""):
        tally.add([(item, chosen)])
    found = rule.figures([item])
    assert found.facility == 0.2 and found.omitted == 1
    assert found.mean_share == pytest.approx((2 + 1.33 + 0.67) / 10)
    assert [one.count for one in found.options] == [4, 1, 2, 1]
    assert [one.right for one in found.options] == [True, False, True, True]
    assert found.options[0].mean_total == pytest.approx((2 + 1.33 + 0.67) / 4)


def test_an_item_worth_different_points_is_one_item() -> None:
    one, two = single(worth=100), single(worth=400)
    rest = single()
    tally = Tally(None)
    for chosen, other in (("0", "0"), ("1", "1")) * 2:
        tally.add([(one, chosen), (rest, other)])
        tally.add([(two, chosen), (rest, other)])
    found = rule.figures([one, two])
    assert (found.count, found.facility, found.mean_share) == (8, 0.5, 0.5)
    assert found.discrimination == pytest.approx(1.0)


def item(
    counts: tuple[int, ...] = (60, 20, 10, 10),
    omitted: int = 0,
    discrimination: float | None = 0.35,
    index: float | None = 0.4,
    kind: str = "single_choice",
) -> ItemFigures:
    n = sum(counts) + omitted
    lines = tuple(OptionFigures(i, i == 0, c, c / n, None) for i, c in enumerate(counts))
    facility = counts[0] / n
    return ItemFigures(kind, "0", n, omitted, facility, facility, discrimination, index, lines)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "flags"),
    [
        (item(), ()),
        (item((20, 5, 2, 2)), ()),  # 29 answers: nothing is said
        (item((20, 5, 2, 3), discrimination=-0.44), ("negative",)),
        (item((20, 5, 2, 3), discrimination=-0.43, index=-0.1), ("weak",)),  # 2.326 / sqrt(29) = 0.432
        (item(discrimination=-0.24, index=0.0), ("negative",)),
        (item((6000, 4000), discrimination=-0.03, index=0.0, kind="true_false"), ("negative",)),
        (item((96, 4, 0, 0), discrimination=-0.1, index=0.0), ("too_easy",)),
        (item((30, 50, 10, 10)), ("wrong_beats_right",)),
        (item((29, 28, 28, 15)), ("too_hard",)),
        (item((45, 55), kind="true_false"), ("wrong_beats_right", "too_hard")),
        (item(discrimination=0.1, index=0.19), ("weak",)),
        (item(discrimination=0.1, index=0.25), ()),
        (item(discrimination=None, index=None), ()),
        (item(omitted=12), ("omitted",)),
        (item((60, 40, 0, 10)), ("unused_option",)),
        (item((96, 4, 0, 0), discrimination=0.05, index=0.0), ("too_easy",)),
        (item((96, 4), kind="true_false"), ("too_easy",)),
    ],
)
def test_flags(found: ItemFigures, flags: tuple[str, ...]) -> None:
    assert rule.flags(found) == flags


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (0.4, "very_good"),
        (0.39, "good"),
        (0.3, "good"),
        (0.2, "marginal"),
        (0.19, "poor"),
        (0.0, "poor"),
        (-0.001, "negative"),
        (None, "undefined"),
    ],
)
def test_bands(value: float | None, band: str) -> None:
    assert rule.band(value) == band


def test_the_most_urgent_comes_first() -> None:
    calm, wrong, negative = item(), item((30, 50, 10, 10)), item(discrimination=-0.3)
    found = [ItemFigures(**{**one.__dict__, "flags": rule.flags(one)}) for one in (calm, wrong, negative)]
    assert [one.flags for one in sorted(found, key=rule.urgency)] == [
        ("negative",),
        ("wrong_beats_right",),
        (),
    ]


CHOSEN = st.sampled_from(["", "0", "1", "2", "01", "02", "12", "012"])


@st.composite
def sheets(draw: st.DrawFn) -> list[list[str]]:
    count = draw(st.integers(1, 5))
    return draw(st.lists(st.lists(CHOSEN, min_size=count, max_size=count), min_size=1, max_size=40))


@given(sheets(), st.sampled_from(["all_or_nothing", "mean_of_right", "mapped_sum"]))
def test_sums_say_what_the_definitions_say(papers: list[list[str]], how: str) -> None:
    items = [
        ItemTally(kind="multiple_choice", options=3, right="02", worth=150, rule=how)  # type: ignore[arg-type]
        for _ in papers[0]
    ]
    gained = [
        [int(points_for(share_of(how, "02", one), Decimal("1.5")) * 100) for one in paper]  # type: ignore[arg-type]
        for paper in papers
    ]
    totals = [sum(paper) for paper in gained]
    tally = Tally(rule.bounds(totals), {"all"})
    assert [tally.add(list(zip(items, paper, strict=True)), "all") for paper in papers] == totals
    for place, one in enumerate(items):
        found = rule.figures([one])
        own = [paper[place] for paper in gained]
        rest = [total - x for total, x in zip(totals, own, strict=True)]
        assert found.count == len(papers)
        assert found.facility == pytest.approx(sum(p[place] == "02" for p in papers) / len(papers))
        assert found.omitted == sum(p[place] == "" for p in papers)
        assert found.mean_share == pytest.approx(sum(own) / len(own) / 150)
        assert [line.count for line in found.options] == [
            sum(str(i) in p[place] for p in papers) for i in range(3)
        ]
        try:
            assert found.discrimination == pytest.approx(correlation(own, rest))
        except StatisticsError:
            assert found.discrimination is None
        assert found.discrimination is None or -1.000001 <= found.discrimination <= 1.000001
        assert found.index is None or -1 <= found.index <= 1
    spread, k = pvariance(totals), len(items)
    found = rule.alpha(tally.of_set["all"])
    if found.value is not None:
        parts = sum(pvariance([paper[place] for paper in gained]) for place in range(k))
        assert found.value == pytest.approx(k / (k - 1) * (1 - parts / spread))
        assert found.value <= 1.000001


@given(sheets())
def test_the_order_of_candidates_changes_nothing(papers: list[list[str]]) -> None:
    def run(order: list[list[str]]) -> list[ItemFigures]:
        items = [single("1", 3) for _ in order[0]]
        tally = Tally(rule.bounds(sum(one == "1" for one in p) * 100 for p in order))
        for paper in order:
            tally.add(list(zip(items, paper, strict=True)))
        return [rule.figures([one]) for one in items]

    assert run(papers) == run(papers[::-1])
