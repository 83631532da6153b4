"""Every picture of the manuals is there, is shown, and has a known source."""

import re

from tests.house.tree import TOP
from tests.pictures import KEPT_BY_HAND, PICTURES, SOURCES


def test_pictures_are_shown_and_have_a_source() -> None:
    pages = [TOP / "README.md", *(TOP / "docs" / "manual").glob("*.md")]
    shown = {
        name for page in pages for name in re.findall(r"pictures/([\w-]+)\.png", page.read_text("utf-8"))
    }
    kept = {file.stem for file in PICTURES.glob("*.png")}
    assert shown == kept
    assert kept == set(SOURCES) | set(KEPT_BY_HAND) and not set(SOURCES) & set(KEPT_BY_HAND)
