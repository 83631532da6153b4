"""Names by old and new GB 18030, and every dot: the table is held against Python's codec."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rules import names
from appliance.rules.names import _MOVED

LATER = {
    0xE78D: 0xFE10,
    0xE78E: 0xFE12,
    0xE78F: 0xFE11,
    0xE790: 0xFE13,
    0xE791: 0xFE14,
    0xE792: 0xFE15,
    0xE793: 0xFE16,
    0xE794: 0xFE17,
    0xE795: 0xFE18,
    0xE796: 0xFE19,
    0xE7C7: 0x1E3F,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE832: 0x9FB8,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE864: 0x9FBB,
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE831: 0x215D7,
    0xE83B: 0x2298F,
    0xE855: 0x241FE,
}
"""What came after GB 18030-2000: one in 2005, 18 swapped and six moved beyond FFFF in 2022."""


def test_the_table_is_that_of_the_standards() -> None:
    """GBK gave its empty codes from A2AB on to U+E766 and following, in order; 2000 filled 80 of them.

    The 81st is the euro sign, which no name holds.
    """
    codes = [
        bytes([high, low])
        for high in (*range(0xA2, 0xAA), *range(0xD7, 0xD8), *range(0xFE, 0xFF))
        for low in (*range(0x40, 0x7F), *range(0x80, 0xFF))
    ]
    spoken = {code: code.decode("gb18030") for code in codes}
    private = {code: ord(one) for code, one in spoken.items() if 0xE766 <= ord(one) <= 0xE864}
    gaps = set(range(0xE766, 0xE865)) - set(private.values())
    assert gaps == set(_MOVED) - set(LATER) | {0xE76C} and len(gaps) == 81
    for gap in gaps - {0xE76C}:
        below = max((code for code, point in private.items() if point < gap), key=lambda code: private[code])
        since = [code for code in codes if code > below and not _in_gbk(code)]
        assert spoken[since[gap - private[below] - 1]] == _MOVED[gap], hex(gap)
    assert {point: ord(_MOVED[point]) for point in LATER} == LATER
    assert len(_MOVED) == 105 and len(set(_MOVED.values())) == 105
    assert not any(unicodedata.category(one) == "Co" for one in _MOVED.values())


def _in_gbk(code: bytes) -> bool:
    """True for a code GBK had a character for, or the user's own ranges (U+E000 to U+E765)."""
    try:
        code.decode("gbk")
    except UnicodeDecodeError:
        return 0xE000 <= ord(code.decode("gb18030")) < 0xE766
    return True


@pytest.mark.parametrize(
    ("card", "roster"),
    [
        ("\ue863某", "䶮某"),
        ("李\ue863", "李䶮"),
        ("王\ue82d", "王㭎"),
        ("王\ue81e", "王龴"),
        ("王\ue831", "王\U000215d7"),
        ("张\uf900", "张豈"),
        ("买买提•艾力", "买买提˙艾力"),
        ("买买提·艾力", "买买提‧艾力"),
        ("买买提·艾力", "买买提．艾力"),
        ("买买提·艾力", "买买提.艾力"),
        ("买买提·艾力", "买买提・艾力"),
        ("买买提·艾力", "买买提･艾力"),
        ("买买提·艾力", "买买提●艾力"),
        ("买买提·艾力", "买买提 ⸱ 艾力"),
        ("买买提·艾力", "买买提﹒艾力"),
        ("ANNA SMITH", "Anna  Smith"),
    ],
)
def test_one_name_in_two_spellings(card: str, roster: str) -> None:
    assert names.same(card, roster)
    assert names.normalise(card).casefold() == names.normalise(roster).casefold()


@pytest.mark.parametrize(
    ("card", "roster"),
    [("王\ue000", "王\ue001"), ("王\ue862", "王䶮"), ("王\uf8ff", "王"), ("买买提艾力", "买买提·艾力")],
)
def test_two_names(card: str, roster: str) -> None:
    """A character nobody knows is equal to itself only."""
    assert not names.same(card, roster)


def test_a_name_of_private_characters_is_chinese() -> None:
    assert names.normalise("\ue123 \ue124") == "\ue123\ue124"
    assert names.mask("\ue123\ue124") == "\ue123*"
    assert names.mask("\ue863某") == "䶮*"
    assert names.mask("〇一") == "〇*"


@settings(deadline=None)
@given(st.text(alphabet="张䶮\ue863\ue81e\ue123˙•·. aB\u3000", max_size=15))
def test_what_is_normal_stays_so(name: str) -> None:
    once = names.normalise(name)
    assert names.normalise(once) == once
    assert names.same(name, once)
