"""docs/manual/questions.md quotes what is really said."""

import re

from appliance.base.i18n import translate
from appliance.intake.questions.sentences import SENTENCES
from tests.house.tree import TOP

MANUAL = (TOP / "docs/manual/questions.md").read_text("utf-8")
SAID = {re.sub(r"\{\w+\}", "…", translate(one, "zh_CN")) for one in SENTENCES.values()}
SAID.add(translate("The file holds no questions the box can read.", "zh_CN"))


def test_every_quoted_sentence_is_said() -> None:
    quoted = re.findall("^\\| “(.+?)” \\|", MANUAL, re.M)
    assert len(quoted) > 10
    assert set(quoted) <= SAID
