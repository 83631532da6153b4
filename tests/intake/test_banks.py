"""Every question bank that ships: sound, balanced, and nothing but knowledge leads to the answer."""

import re
from collections import Counter
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from unicodedata import normalize

import msgspec
import pytest

from appliance.intake import catalogue
from appliance.intake.bank import BankFile, BankItem, faults, plain, question_bank
from appliance.rules.paper import THEORY, draw, speaks_of_others

FOLDER = Path(catalogue.__file__).with_name("data")
BANKS = sorted(path.stem.removeprefix("bank_") for path in FOLDER.glob("bank_*.json"))
LARGE = {"low_voltage", "fusion_welding", "work_at_height"}
"""Trades whose banks hold at least 300 items; every other bank holds at least 100."""


@cache
def bank_file(trade: str) -> BankFile:
    return msgspec.json.decode(catalogue.data(f"bank_{trade}.json"), type=BankFile)


def judged(trade: str) -> list[BankItem]:
    return [item for item in bank_file(trade).items if item.kind == "true_false"]


def chosen(trade: str) -> list[BankItem]:
    return [item for item in bank_file(trade).items if item.kind == "single_choice"]


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def test_there_are_banks_of_trades_in_the_catalogue() -> None:
    assert set(BANKS) <= set(catalogue.trades())
    assert len(BANKS) >= 6 and set(BANKS) >= LARGE


def test_no_id_stands_in_two_banks() -> None:
    ids = Counter(item.id for trade in BANKS for item in bank_file(trade).items)
    assert [one for one, count in ids.items() if count > 1] == []


@pytest.mark.parametrize("trade", BANKS)
def test_a_bank_is_sound(trade: str) -> None:
    file = bank_file(trade)
    assert file.trade == trade and file.owner == "project"
    assert faults(file.items, file.topics) == []
    assert len(file.items) >= (300 if trade in LARGE else 100)
    assert {item.topic for item in file.items} == set(file.topics)
    assert len({item.id.split("-")[0] for item in file.items}) == 1
    for item in file.items:
        assert item.source.strip(), item.id
        assert 6 <= len(item.stem) <= 200 and item.stem.endswith(("。", "？")), item.id
        assert all(1 <= len(option) <= 80 for option in item.options), item.id
        folded = {"".join(normalize("NFKC", option).casefold().split()) for option in item.options}
        assert len(folded) == len(item.options), item.id


@pytest.mark.parametrize("trade", BANKS)
def test_levels_and_topics_are_spread(trade: str) -> None:
    items = bank_file(trade).items
    levels = Counter(item.difficulty for item in items)
    assert min(levels[1], levels[3]) >= 0.05 * len(items) and max(levels.values()) <= 0.8 * len(items)
    topics = Counter(item.topic for item in items)
    assert len(topics) >= 6 and max(topics.values()) <= 0.25 * len(items)
    assert min(topics.values()) >= 0.02 * len(items)


FIGURES = re.compile(r"[0-9A-Za-z.]+")


def pairs_of(text: str) -> frozenset[str]:
    return frozenset(a + b for a, b in pairwise(plain(text)))


@pytest.mark.parametrize("trade", BANKS)
def test_items_are_not_near_copies(trade: str) -> None:
    """Two items of a kind that share nearly all pairs of characters ask the same thing."""
    close = []
    for items in (judged(trade), chosen(trade)):
        words = {item.id: pairs_of(item.stem) for item in items}
        whole = {item.id: pairs_of(item.stem + "".join(sorted(item.options))) for item in items}
        for one, other in combinations(items, 2):
            if one.kind == "true_false" and one.right != other.right:
                continue  # a sentence and its plain contrary look alike; they stand for two questions
            if set(FIGURES.findall(one.stem)) != set(FIGURES.findall(other.stem)):
                continue  # the same question about T4 and T6, 1 kV and 10 kV: two things to know
            stems, both = (
                len(pairs[one.id] & pairs[other.id]) / len(pairs[one.id] | pairs[other.id])
                for pairs in (words, whole)
            )
            if stems > 0.8 and both > 0.6:
                close.append((one.id, other.id))
    assert close == []


@pytest.mark.parametrize("trade", BANKS)
def test_true_and_false_are_balanced(trade: str) -> None:
    items = judged(trade)
    assert 0.35 <= share([item.right == (0,) for item in items]) <= 0.65
    for topic in bank_file(trade).topics:
        answers = [item.right for item in items if item.topic == topic]
        assert len(answers) < 4 or len(set(answers)) == 2, topic
    true = [len(item.stem) for item in items if item.right == (0,)]
    false = [len(item.stem) for item in items if item.right == (1,)]
    assert 0.75 <= (sum(true) / len(true)) / (sum(false) / len(false)) <= 1.33


LAX = re.compile("不必|不需要|不再需要|无需|可以|即可|只要|任何|总是|完全|只会|不会")
"""Words that in many banks give a wrong sentence away: permission and generalisation."""


@pytest.mark.parametrize("trade", BANKS)
def test_words_alone_do_not_tell_true_from_false(trade: str) -> None:
    """Calling every lax sentence wrong and every other right must not do much better than a coin."""
    hits = [(LAX.search(item.stem) is None) == (item.right == (0,)) for item in judged(trade)]
    assert 0.35 <= share(hits) <= 0.65


@pytest.mark.parametrize("trade", BANKS)
def test_neither_place_nor_length_gives_the_answer_away(trade: str) -> None:
    items = chosen(trade)
    assert {len(item.options) for item in items} == {4}
    places = Counter(item.right[0] for item in items)
    assert all(0.2 <= places[place] / len(items) <= 0.3 for place in range(4)), places
    lengths = [(len(item.options[item.right[0]]), [len(o) for o in item.options]) for item in items]
    longest = [own == max(every) and every.count(own) == 1 for own, every in lengths]
    shortest = [own == min(every) and every.count(own) == 1 for own, every in lengths]
    assert share(longest) <= 0.35, [item.id for item, one in zip(items, longest, strict=True) if one]
    assert share(shortest) <= 0.35, [item.id for item, one in zip(items, shortest, strict=True) if one]
    assert share([own > sum(every) / len(every) * 1.5 for own, every in lengths]) <= 0.15
    of_others = [any(speaks_of_others(option) for option in item.options) for item in items]
    assert share(of_others) <= 0.1


@pytest.mark.parametrize("trade", BANKS)
def test_a_paper_can_be_drawn_and_holds_every_topic(trade: str) -> None:
    bank = question_bank(trade)
    papers = [draw(bank.items, THEORY, f"seed {number}") for number in range(3)]
    topics = {item.id: item.topic for item in bank.items}
    for paper in papers:
        assert len(paper.questions) == 100
        assert {topics[question.item] for question in paper.questions} == set(bank.topics)
    assert len({paper.digest() for paper in papers}) == 3
