"""The shipped data: question bank, practical tasks, trades."""

from collections import Counter
from decimal import Decimal
from itertools import combinations, pairwise

import msgspec
import pytest

from appliance.base.errors import Corrupt, NotFound
from appliance.intake import catalogue
from appliance.intake.bank import BankFile, faults, plain, question_bank, read_bank
from appliance.intake.practical_tasks import practical_tasks
from appliance.rules import practical
from appliance.rules.paper import THEORY, draw
from appliance.rules.trades import index

BANKS = ["low_voltage"]


def bank_file(trade: str) -> BankFile:
    return msgspec.json.decode(catalogue.data(f"bank_{trade}.json"), type=BankFile)


@pytest.mark.parametrize("trade", BANKS)
def test_a_bank_is_sound(trade: str) -> None:
    file = bank_file(trade)
    assert faults(file.items, file.topics) == []
    counts = Counter(item.kind for item in file.items)
    assert counts["true_false"] >= 140 and counts["single_choice"] >= 60
    assert {item.topic for item in file.items} == set(file.topics)
    stems = Counter(plain(item.stem) for item in file.items)
    assert [stem for stem, count in stems.items() if count > 1] == []
    for item in file.items:
        assert item.id.startswith("lv-") and item.source
        assert 8 <= len(item.stem) <= 120, item.stem
        assert all(1 <= len(option) <= 40 for option in item.options), item.id
        assert item.stem.endswith("。"), item.id


def pairs_of(text: str) -> set[str]:
    return {a + b for a, b in pairwise(text)}


@pytest.mark.parametrize("trade", BANKS)
def test_stems_are_not_near_copies(trade: str) -> None:
    """Two items that share nearly all pairs of characters ask the same thing."""
    items = [item for item in bank_file(trade).items if item.kind == "true_false"]
    pairs = {item.id: pairs_of(plain(item.stem)) for item in items}

    close = [
        (one.stem, other.stem)
        for one, other in combinations(items, 2)
        if one.right == other.right
        and len(pairs[one.id] & pairs[other.id]) / len(pairs[one.id] | pairs[other.id]) > 0.8
    ]
    assert close == []


@pytest.mark.parametrize("trade", BANKS)
def test_nothing_gives_the_answer_away(trade: str) -> None:
    items = bank_file(trade).items
    judged = [item.right[0] for item in items if item.kind == "true_false"]
    assert 0.4 <= judged.count(0) / len(judged) <= 0.6
    chosen = [item for item in items if item.kind == "single_choice"]
    places = Counter(item.right[0] for item in chosen)
    assert max(places.values()) - min(places.values()) <= 0.1 * len(chosen)
    lengths = [(len(item.options[item.right[0]]), [len(o) for o in item.options]) for item in chosen]
    assert sum(own > sum(every) / len(every) * 1.5 for own, every in lengths) <= 0.15 * len(chosen)
    longest = [own == max(every) and every.count(own) == 1 for own, every in lengths]
    shortest = [own == min(every) and every.count(own) == 1 for own, every in lengths]
    assert sum(longest) <= 0.35 * len(chosen) and sum(shortest) <= 0.35 * len(chosen)
    true = [len(item.stem) for item in items if item.kind == "true_false" and item.right == (0,)]
    false = [len(item.stem) for item in items if item.kind == "true_false" and item.right == (1,)]
    assert 0.75 <= (sum(true) / len(true)) / (sum(false) / len(false)) <= 1.33


def test_a_paper_can_be_drawn_and_holds_every_topic() -> None:
    bank = question_bank("low_voltage")
    paper = draw(bank.items, THEORY, "seed")
    assert len(paper.questions) == 100
    topics = {item.id: item.topic for item in bank.items}
    assert {topics[q.item] for q in paper.questions} == set(bank.topics)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"trade": 1}', b"\xff"])
def test_a_damaged_bank_is_refused(content: bytes) -> None:
    with pytest.raises(Corrupt):
        read_bank(content)


def test_a_bank_with_two_right_answers_is_refused() -> None:
    file = bank_file("low_voltage")
    bad = msgspec.structs.replace(file, items=(msgspec.structs.replace(file.items[0], right=(0, 1)),))
    with pytest.raises(Corrupt) as caught:
        read_bank(msgspec.json.encode(bad))
    assert "not_one_right" in caught.value.text()


def test_the_practical_tasks_follow_the_standard() -> None:
    file = practical_tasks("low_voltage")
    assert file.weights == {"K1": Decimal(20), "K2": Decimal(40), "K3": Decimal(20), "K4": Decimal(20)}
    assert sum(file.weights.values()) == 100
    codes = [task.code for task in file.tasks]
    assert codes == [
        "K11",
        "K12",
        "K13",
        "K21",
        "K22",
        "K23",
        "K24",
        "K25",
        "K31",
        "K32",
        "K41",
        "K42",
        "K43",
    ]
    for task in file.tasks:
        assert task.total == 100, task.code
        assert task.code.startswith(task.subject)
        for item in task.items:
            assert item.deductions, (task.code, item.id)
            for deduction in item.deductions:
                assert 0 < deduction.points <= (deduction.most or deduction.points) <= item.most
            assert len({d.id for d in item.deductions}) == len(item.deductions)
        assert practical.score_sheet(task, practical.Sheet(subject=task.subject)).raw == 100


def test_trades() -> None:
    trades = catalogue.trades()
    assert len(trades) >= 50 and index(trades.values())
    assert catalogue.trade_name("low_voltage") == "低压电工"
    assert catalogue.trade_name("not there") == "not there"
    assert catalogue.find_trade("电工作业（低压电工作业）") in ("low_voltage", "")
    assert catalogue.find_trade("1.2 低压电工作业") == "low_voltage"
    assert catalogue.find_trade("低 压 电 工") == "low_voltage"
    assert catalogue.find_trade("高处安装、维护、拆除") == "work_at_height"
    for trade in trades.values():
        assert catalogue.find_trade(trade.name) == trade.key
        assert catalogue.find_trade(f"{trade.category}-{trade.name}") == trade.key
    with pytest.raises(NotFound):
        catalogue.trade("not there")
    with pytest.raises(NotFound):
        question_bank("not there")
    with pytest.raises(NotFound):
        practical_tasks("not there")
