"""Papers that stand for an ID card whose chip gives nothing, and what is wrong with one.

A temporary ID card is valid for three months (Law on Resident ID Cards, art. 12; Rules for temporary ID cards,
art. 9).
"""

from datetime import date, timedelta
from typing import Literal, get_args

from appliance.rules import idnumber

Paper = Literal["chip_unreadable", "temporary_card", "police_certificate", "no_reader", "by_choice"]
"""no_reader = the card is in order and the site's reader is not; by_choice = all is in order, and the person asks to be
checked by people (本人要求人工核验): a face may never be the only way (人脸识别技术应用安全管理办法)."""

WITH_PICTURE = frozenset(get_args(Paper)) - {"by_choice"}
"""Papers whose holder is photographed for the file. Nobody with a paper is compared by the machine."""

NEED_END = frozenset({"temporary_card", "police_certificate"})
"""Papers that always end; a resident card may be long-term."""
TEMPORARY_DAYS = 93

Fault = Literal["", "unknown_paper", "end_missing", "paper_expired", "end_too_far"]


def fault(paper: str, valid_to: date | None, today: date) -> Fault:
    """Why this paper cannot be taken today; empty when it can. `valid_to` None = long-term."""
    if paper not in get_args(Paper):
        return "unknown_paper"
    if valid_to is None:
        return "end_missing" if paper in NEED_END else ""
    if valid_to < today:
        return "paper_expired"
    if paper == "temporary_card" and valid_to > today + timedelta(days=TEMPORARY_DAYS):
        return "end_too_far"
    return ""


def number_fault(number: str, today: date) -> str:
    """Why a typed number (normalised) cannot be one; empty when it can: the check character tells a slip.

    Foreigners' cards: three letters and twelve digits (2017), or eighteen characters that begin with a 9 (2023).
    """
    if number[:3].isalpha() and number.isascii():
        return "" if len(number) == 15 and number[3:].isdecimal() else "bad_shape"
    if number.startswith("9") and not number.startswith("999999"):
        if len(number) != 18 or not (number[:17].isascii() and number[:17].isdecimal()):
            return "bad_shape"
        return "" if idnumber.check_character(number[:17]) == number[17] else "bad_check_digit"
    return idnumber.fault(number, today)
