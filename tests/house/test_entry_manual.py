"""The entrance manual names every reason with the sentence staff read, and who has to decide."""

import pytest

from appliance.base.i18n import translate
from appliance.rules.admission import RESULTS, SECOND_PERSON, SENTENCES
from tests.house.tree import TOP

MANUAL = (TOP / "docs/manual/entry.md").read_text("utf-8").splitlines()


@pytest.mark.parametrize("code", [code for code, result in RESULTS.items() if result != "admit"])
def test_every_reason_is_in_the_manual(code: str) -> None:
    rows = [line for line in MANUAL if f"`{code}`" in line and line.startswith("|")]
    assert len(rows) == 1, code
    assert translate(SENTENCES[code][0], "zh_CN") in rows[0]
    if RESULTS[code] == "review":
        assert rows[0].endswith("| 两人 |" if code in SECOND_PERSON else "| 一人 |")
