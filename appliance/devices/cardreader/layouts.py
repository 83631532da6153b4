"""The 256-byte text block of the four identity cards, read and written.

UTF-16LE, unused cells are blanks. The two bytes at offset 248 tell the card: blank = resident, J =
residence permit for Hong Kong, Macau and Taiwan residents, I = foreigner's card of 2017, Y = that of 2023.
Birth date and sex are held against the number of the first two; the six-digit place code is not checked
(codes are retired, and test holders carry 999999).
"""

import unicodedata
from datetime import date, timedelta
from typing import Literal

import msgspec

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.rules import idnumber

SIZE = 256
LONG_TERM = "长期"

Kind = Literal["resident", "hmt", "foreigner2017", "foreigner2023"]
Field = tuple[int, int]
"""Offset and length in bytes."""

KINDS: dict[str, Kind] = {" ": "resident", "J": "hmt", "I": "foreigner2017", "Y": "foreigner2023"}
SEXES = {"1": "male", "2": "female", "0": "unknown", "9": "unstated"}

_RESIDENT: dict[str, Field] = {
    "name": (0, 30),
    "sex": (30, 2),
    "ethnic": (32, 4),
    "birth": (36, 16),
    "address": (52, 70),
    "number": (122, 36),
    "authority": (158, 30),
    "valid_from": (188, 16),
    "valid_to": (204, 16),
}
FIELDS: dict[Kind, dict[str, Field]] = {
    "resident": _RESIDENT,
    "hmt": {**_RESIDENT, "permit": (220, 18), "issues": (238, 4)},
    "foreigner2017": {
        "latin_name": (0, 120),
        "sex": (120, 2),
        "number": (122, 30),
        "nationality": (152, 6),
        "name": (158, 30),
        "valid_from": (188, 16),
        "valid_to": (204, 16),
        "birth": (220, 16),
        "version": (236, 4),
        "authority": (240, 8),
    },
    "foreigner2023": {
        "name": (0, 30),
        "sex": (30, 2),
        "issues": (32, 4),
        "birth": (36, 16),
        "latin_name": (52, 70),
        "number": (122, 36),
        "valid_from": (188, 16),
        "valid_to": (204, 16),
        "latin_name_more": (220, 22),
        "nationality": (242, 6),
        "previous": (250, 6),
    },
}
MARKER: Field = (248, 2)

FINDINGS = {
    "bad_shape": N_("The number on the card has not the shape of an ID number."),
    "bad_check_digit": N_("The check digit of the number on the card is wrong."),
    "bad_birth": N_("The number on the card holds no day of birth."),
    "birth_mismatch": N_("The day of birth on the card is not that of its number."),
    "sex_mismatch": N_("The sex on the card is not that of its number."),
    "dates_reversed": N_("The card's dates contradict each other."),
}
"""What `findings` may find, by stable code -> sentence for staff (message id)."""


class Card(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What a card says, field by field. Dates are days; `valid_to` is None when `long_term`."""

    kind: Kind
    name: str
    """Chinese name; the Latin one when there is no Chinese name."""
    number: str
    sex: Literal["male", "female", "unknown", "unstated"]
    birth: date
    valid_from: date
    valid_to: date | None = None
    long_term: bool = False
    latin_name: str = ""
    ethnic: str = ""
    """Two digits, GB 3304."""
    nationality: str = ""
    """Three letters, GB/T 2659."""
    address: str = ""
    authority: str = ""
    permit: str = ""
    """Travel permit number (residence permits of Hong Kong, Macau and Taiwan residents)."""
    issues: str = ""
    version: str = ""
    previous: str = ""


def _unreadable(code: str, field: str) -> Corrupt:
    return Corrupt(
        code,
        N_("The card's text cannot be understood (field: {field})."),
        N_("Read the card again; if it stays so, use the manual way."),
        field=field,
    )


def _cells(text: bytes, field: Field, name: str) -> str:
    offset, length = field
    try:
        cells = text[offset : offset + length].decode("utf-16-le").replace("\0", " ").strip(" \u3000")
    except UnicodeDecodeError as error:
        raise _unreadable("bad_text", name) from error
    if any(
        unicodedata.category(one) == "Cc" for one in cells
    ):  # rare characters of any plane or private use are right
        raise _unreadable("bad_text", name)
    return cells


def _day(value: str, name: str) -> date:
    if len(value) != 8 or not (value.isascii() and value.isdigit()):
        raise _unreadable("bad_date", name)
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError as error:
        raise _unreadable("bad_date", name) from error


def read(text: bytes) -> Card:
    """The card in a text block of 256 bytes.

    Raises Corrupt: bad_text, bad_date, unknown_card or empty_field.
    """
    if len(text) != SIZE:
        raise _unreadable("bad_text", "all")
    marker = text[MARKER[0] : MARKER[0] + 2].decode("utf-16-le", errors="replace").replace("\0", " ")
    kind = KINDS.get(marker)
    if kind is None:
        raise _unreadable("unknown_card", "type")
    value = {name: _cells(text, field, name) for name, field in FIELDS[kind].items()}
    latin = value.get("latin_name", "")
    if more_latin := value.pop("latin_name_more", ""):
        latin = latin.ljust(FIELDS[kind]["latin_name"][1] // 2) + more_latin
    sex = SEXES.get(value["sex"])
    if sex is None:
        raise _unreadable("bad_sex", "sex")
    name, number = value["name"] or latin, value["number"]
    if not name or not number:
        raise _unreadable("empty_field", "name" if not name else "number")
    long_term = value["valid_to"] == LONG_TERM
    more = {
        k: value[k]
        for k in (
            "ethnic",
            "nationality",
            "address",
            "authority",
            "permit",
            "issues",
            "version",
            "previous",
        )
        if k in value
    }
    return Card(
        kind=kind,
        name=name,
        number=number,
        sex=sex,  # type: ignore[arg-type]
        birth=_day(value["birth"], "birth"),
        valid_from=_day(value["valid_from"], "valid_from"),
        valid_to=None if long_term else _day(value["valid_to"], "valid_to"),
        long_term=long_term,
        latin_name=latin,
        **more,
    )


def findings(card: Card) -> list[str]:
    """What does not fit inside the card itself, as codes of `FINDINGS`; empty for a sound one.

    `bad_shape`, `bad_check_digit`, `bad_birth`: the number by itself; `birth_mismatch`, `sex_mismatch`: the
    number against the fields; `dates_reversed`: born after the issue, or over before it began. The foreigner's
    number of 2023 has the check character; its makers do not publish that it carries birth and sex.
    """
    found = _number_findings(card)
    if card.valid_from < card.birth or (card.valid_to is not None and card.valid_to < card.valid_from):
        found.append("dates_reversed")
    return found


def _number_findings(card: Card) -> list[str]:
    if card.kind == "foreigner2017":
        sound = len(card.number) == 15 and card.number[:3].isalpha() and card.number[3:].isdigit()
        return [] if sound and card.number.isascii() else ["bad_shape"]
    if card.kind == "foreigner2023":
        shaped = len(card.number) == 18 and card.number[0] == "9" and card.number[:17].isdigit()
        if not shaped or not card.number.isascii():
            return ["bad_shape"]
        return [] if idnumber.check_character(card.number[:17]) == card.number[17] else ["bad_check_digit"]
    if fault := idnumber.fault(card.number):
        return [fault]
    found = []
    if idnumber.birth(card.number) != card.birth:
        found.append("birth_mismatch")
    if card.sex in ("male", "female") and idnumber.sex(card.number) != card.sex:
        found.append("sex_mismatch")
    return found


def validity(card: Card, day: date) -> Literal["valid", "expired", "not_yet_valid"]:
    """Whether the card is in force on `day` (the last day counts)."""
    if day < card.valid_from:
        return "not_yet_valid"
    if card.valid_to is not None and day > card.valid_to:
        return "expired"
    return "valid"


def write(card: Card) -> bytes:
    """The text block of `card`: what a simulated card holds. Raises ValueError when a field is too long."""
    latin = card.latin_name
    if card.kind == "foreigner2023":
        latin, latin_more = card.latin_name[:35], card.latin_name[35:]
    else:
        latin_more = ""
    value: dict[str, str] = {
        **{name: str(getattr(card, name, "")) for name in FIELDS[card.kind]},
        "name": "" if card.name == card.latin_name else card.name,
        "latin_name": latin,
        "latin_name_more": latin_more,
        "sex": next(code for code, sex in SEXES.items() if sex == card.sex),
        "birth": f"{card.birth:%Y%m%d}",
        "valid_from": f"{card.valid_from:%Y%m%d}",
        "valid_to": LONG_TERM if card.valid_to is None else f"{card.valid_to:%Y%m%d}",
    }
    block = bytearray(" ".encode("utf-16-le") * (SIZE // 2))
    for name, (offset, length) in FIELDS[card.kind].items():
        cells = value[name].encode("utf-16-le")
        if len(cells) > length:
            raise ValueError(f"{name} is longer than its {length // 2} cells")
        block[offset : offset + len(cells)] = cells
    marker = next(letter for letter, kind in KINDS.items() if kind == card.kind)
    block[MARKER[0] : MARKER[0] + 2] = marker.encode("utf-16-le")
    return bytes(block)


def demo_card(name: str, number: str, issued: date) -> Card:
    """A made-up resident's card for simulators: birth and sex from the number, valid for twenty years."""
    born = idnumber.birth(number)
    if born is None:
        raise ValueError("the number holds no day of birth")
    return Card(
        kind="resident",
        name=name,
        number=number,
        sex=idnumber.sex(number),
        birth=born,
        valid_from=issued,
        valid_to=issued + timedelta(days=7300),
        ethnic="01",
        address="演示省演示市演示路1号",
        authority="演示市公安局",
    )
