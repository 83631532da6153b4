"""Every sentence of the rules and readers has its Chinese, with the same fields in it."""

import re

import pytest

from appliance.base.i18n import catalogue
from appliance.intake.roster_file import SENTENCES as ROSTER
from appliance.rules import admission, verdict

EVERYTHING = [
    *(text for pair in admission.SENTENCES.values() for text in pair),
    *verdict.SENTENCES.values(),
    *ROSTER.values(),
]


@pytest.mark.parametrize("text", EVERYTHING)
def test_there_is_chinese(text: str) -> None:
    chinese = catalogue("zh_CN")[text]
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", chinese))
