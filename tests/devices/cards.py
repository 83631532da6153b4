"""Made-up cards for tests: place code 999999 does not exist, the names are invented."""

from datetime import date

from appliance.devices.cardreader.layouts import Card, demo_card, write
from appliance.devices.cardreader.protocol import CardData
from appliance.rules.idnumber import check_character


def number(first17: str) -> str:
    """The number with its check character."""
    return first17 + check_character(first17)


RESIDENT = demo_card("张演示", number("99999919900101123"), date(2020, 1, 1))
LONG = Card(
    kind="resident",
    name="欧阳·试验",
    number=number("99999919500229124".replace("0229", "0228")),
    sex="female",
    birth=date(1950, 2, 28),
    valid_from=date(2010, 5, 6),
    long_term=True,
    ethnic="11",
    address="演示省演示市演示区测试路二十号",
    authority="演示市公安局",
)
HMT = Card(
    kind="hmt",
    name="陈例",
    number=number("81000019880808321"),
    sex="male",
    birth=date(1988, 8, 8),
    valid_from=date(2021, 1, 1),
    valid_to=date(2026, 1, 1),
    address="演示省演示市",
    authority="演示市公安局",
    permit="H12345678",
    issues="01",
)
FOREIGN_2017 = Card(
    kind="foreigner2017",
    name="杜明",
    latin_name="DOE, EXAMPLE MIDDLENAME",
    number="XXX999999012345",
    sex="male",
    birth=date(1999, 1, 23),
    valid_from=date(2019, 1, 1),
    valid_to=date(2029, 1, 1),
    nationality="XXX",
    version="01",
    authority="1500",
)
FOREIGN_2023 = Card(
    kind="foreigner2023",
    name="杜明",
    latin_name="DOE, EXAMPLE WITH A VERY LONG NAME INDEED XY",
    number=number("91199919990123002"),
    sex="female",
    birth=date(1999, 1, 23),
    valid_from=date(2024, 1, 1),
    valid_to=date(2034, 1, 1),
    nationality="XXX",
    issues="00",
    previous="012",
)
ALL = [RESIDENT, LONG, HMT, FOREIGN_2017, FOREIGN_2023]


def data(card: Card = RESIDENT) -> CardData:
    """What the chip of `card` hands over."""
    return CardData(write(card), bytes(range(256)) * 4)
