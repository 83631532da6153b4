"""The curve's arithmetic: properties of every set of pairs, and small ones counted by hand."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from appliance.faces.curve import ENOUGH_DIFFERENT, ENOUGH_SAME, LOST, Bands, Pairs, careful
from appliance.faces.roc_picture import draw

DISTANCES = st.lists(st.floats(0, 2), min_size=1, max_size=80)
PAIRS = st.builds(Pairs, DISTANCES, DISTANCES)


@given(PAIRS)
def test_a_wider_threshold_lets_more_in(pairs: Pairs) -> None:
    table = pairs.table()
    assert (table[0].threshold, table[0].frr, table[0].far) == (0.0, 1.0, 0.0)
    assert (table[-1].frr, table[-1].far) == (0.0, 1.0)
    for one, next_ in pairwise(table):
        assert one.threshold < next_.threshold and one.frr >= next_.frr and one.far <= next_.far


@given(PAIRS, st.floats(0, 2))
def test_rates_are_what_counting_gives(pairs: Pairs, threshold: float) -> None:
    point = pairs.at(threshold)
    assert point.frr == pytest.approx(sum(d >= threshold for d in pairs.same) / len(pairs.same))
    assert point.far == pytest.approx(sum(d < threshold for d in pairs.different) / len(pairs.different))


@given(PAIRS)
def test_no_threshold_comes_nearer_to_equal_error(pairs: Pairs) -> None:
    equal = pairs.equal_error()
    assert all(abs(equal.frr - equal.far) <= abs(p.frr - p.far) + 1e-12 for p in pairs.table())


@given(PAIRS, st.floats(0, 1))
def test_the_threshold_for_a_far_keeps_it_and_no_wider_one_does(pairs: Pairs, most: float) -> None:
    found = pairs.at_far(most)
    assert found.far <= most
    assert all(p.far > most for p in pairs.table() if p.far > found.far)


@given(PAIRS)
def test_the_bands_follow_from_the_curve(pairs: Pairs) -> None:
    bands = pairs.suggest()
    assert 0 <= bands.admit_below <= bands.review_below
    assert pairs.at(bands.admit_below).far <= 0.001
    assert pairs.at(bands.review_below + 0.001).frr <= LOST


@given(PAIRS, st.floats(0, 1), st.floats(0, 1), st.booleans(), st.booleans())
def test_few_pairs_never_widen(pairs: Pairs, admit: float, more: float, same: bool, different: bool) -> None:
    present, suggested = Bands(admit, admit + more), pairs.suggest()
    bands = careful(suggested, present, same, different)
    assert bands.admit_below <= bands.review_below
    assert bands.admit_below <= (suggested.admit_below if different else present.admit_below)
    assert bands.review_below >= (0 if same else present.review_below)


def test_by_hand() -> None:
    pairs = Pairs([0.1, 0.2, 0.3, 0.5], [0.4, 0.6, 0.7, 0.8])
    equal = pairs.equal_error()
    assert (equal.threshold, equal.frr, equal.far) == (0.5, 0.25, 0.25)
    assert (pairs.at_far().threshold, pairs.at_far().frr) == (0.4, 0.25)
    assert pairs.suggest() == Bands(0.4, 0.501)
    assert Pairs([0.2, 0.3], [0.7, 0.9]).suggest() == Bands(0.5, 0.7)


def test_what_is_enough() -> None:
    few = Pairs([0.1] * (ENOUGH_SAME - 1), [0.9] * (ENOUGH_DIFFERENT - 1))
    many = Pairs([0.1] * ENOUGH_SAME, [0.9] * ENOUGH_DIFFERENT)
    assert not few.enough_same and not few.enough_different
    assert many.enough_same and many.enough_different
    for pairs in (([], [1.0]), ([1.0], [])):
        with pytest.raises(ValueError):
            Pairs(*pairs)


def test_the_picture() -> None:
    body = draw(Pairs([0.1, 0.2, 0.3, 0.5], [0.4, 0.6, 0.7, 0.8]), "dlib")
    with Image.open(io.BytesIO(body)) as image:
        assert image.format == "PNG" and len(image.getcolors(1 << 16)) > 4
