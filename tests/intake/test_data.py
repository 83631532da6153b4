"""The shipped data: a bank file as it is read, practical tasks, trades. The banks themselves: test_banks."""

from decimal import Decimal

import msgspec
import pytest

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import in_language
from appliance.intake import catalogue
from appliance.intake.bank import BankFile, question_bank, read_bank
from appliance.intake.practical_tasks import practical_tasks
from appliance.rules import practical
from appliance.rules.trades import index


def bank_file(trade: str) -> BankFile:
    return msgspec.json.decode(catalogue.data(f"bank_{trade}.json"), type=BankFile)


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
    with in_language("en"):
        assert catalogue.trade_name("low_voltage") == "Low-voltage electrical work"
        english = [catalogue.trade_name(key) for key in catalogue.trades()]
    assert len(set(english)) == len(english) and all(name.isascii() for name in english)
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
