"""Papers instead of a card."""

from datetime import date, timedelta

import pytest

from appliance.rules import papers
from tests.devices import cards

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("paper", "valid_to", "code"),
    [
        ("chip_unreadable", None, ""),
        ("chip_unreadable", TODAY, ""),
        ("chip_unreadable", TODAY - timedelta(days=1), "paper_expired"),
        ("no_reader", None, ""),
        ("by_choice", None, ""),
        ("by_choice", TODAY - timedelta(days=1), "paper_expired"),
        ("temporary_card", None, "end_missing"),
        ("temporary_card", TODAY + timedelta(days=papers.TEMPORARY_DAYS), ""),
        ("temporary_card", TODAY + timedelta(days=papers.TEMPORARY_DAYS + 1), "end_too_far"),
        ("temporary_card", TODAY - timedelta(days=1), "paper_expired"),
        ("police_certificate", None, "end_missing"),
        ("police_certificate", TODAY, ""),
        ("driving_licence", TODAY, "unknown_paper"),
    ],
)
def test_what_is_wrong_with_a_paper(paper: str, valid_to: date | None, code: str) -> None:
    assert papers.fault(paper, valid_to, TODAY) == code


@pytest.mark.parametrize(
    ("number", "code"),
    [
        *((card.number, "") for card in cards.ALL),
        (cards.RESIDENT.number[:-2] + "00", "bad_check_digit"),
        ("12345", "bad_shape"),
        ("", "bad_shape"),
        ("99999920990101123X", "bad_birth"),
        ("XXX99999901234", "bad_shape"),
        (cards.FOREIGN_2023.number[:-1] + "?", "bad_check_digit"),
        ("9\u0661" + "0" * 16, "bad_shape"),
    ],
)
def test_a_slip_of_the_finger_is_told(number: str, code: str) -> None:
    assert papers.number_fault(number, TODAY) == code
