"""The log never shows an identity number, and speaks journald's priorities."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.base import log

NUMBERS = st.builds(
    lambda place, body, check: f"{place}{body:011d}{check}",
    st.integers(100000, 999999),
    st.integers(0, 99999999999),
    st.sampled_from("0123456789Xx"),
)


@given(NUMBERS, st.sampled_from(["", " ", "：", ",", '"', "考生", "="]))
def test_a_number_is_masked_wherever_it_stands(number: str, before: str) -> None:
    text = log.mask(f"id{before or ' '}{number}。")
    assert number not in text
    assert number[:6] + "***********" + number[-1] in text


def test_old_numbers_and_permits_are_masked() -> None:
    assert log.mask("999999900101001 x") == "999999********1 x"
    assert log.mask("XYZ999999000001") == "XYZ999********1"


@pytest.mark.parametrize(
    "text", ["a" * 64, "20261121080000123456789", "0197f3a2b4c5d6e7f8a9b0c1d2e3f4a5", "seq 123456"]
)
def test_ids_and_hashes_stay(text: str) -> None:
    assert log.mask(text) == text


def record(message: str, *args: object, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("examsite", level, __file__, 1, message, args, None)


def test_arguments_are_masked_too() -> None:
    line = log.Lines("web", journald=True).format(record("no such candidate %s", "99999919900101001X"))
    assert line == "<4>web: no such candidate 999999***********X"


def test_every_line_of_a_traceback_has_its_priority() -> None:
    line = log.Lines("gate", journald=True).format(record("a\nb", level=logging.ERROR))
    assert line == "<3>gate: a\n<3>gate: b"


def test_a_terminal_sees_names() -> None:
    assert log.Lines("gate", journald=False).format(record("x")).endswith("gate warning: x")


def test_configure_replaces_what_was_there(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log.configure("web")
        log.configure("web")
        logging.getLogger("examsite").info("once")
        assert capsys.readouterr().err.count("once") == 1
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)
