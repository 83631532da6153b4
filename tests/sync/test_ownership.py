"""Every journal kind has one owner; the province's messages change only what is the province's."""

import re
from pathlib import Path

import msgspec
import pytest

from appliance.base.errors import Corrupt
from sync import ownership
from sync.messages import ConfirmRows, Roster


def test_every_journal_kind_has_exactly_one_owner() -> None:
    text = (Path(__file__).parents[2] / "docs" / "journal.md").read_text()
    kinds = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", text, re.M)
    assert len(kinds) > 60
    for kind in kinds:
        owners = [
            fact.name
            for fact in ownership.FACTS
            if any(kind == known or (known.endswith(".") and kind.startswith(known)) for known in fact.kinds)
        ]
        assert len(owners) == 1, (kind, owners)


def test_messages_bring_facts_of_the_province() -> None:
    for message in (Roster, ConfirmRows):
        tag = message.__struct_config__.tag
        assert isinstance(tag, str)
        assert all(fact.owner == "province" for fact in ownership.facts_of(tag))
    for kind in ("verdict", "parcel", "answer", ""):
        with pytest.raises(Corrupt):
            ownership.facts_of(kind)


def test_facts_are_named_once() -> None:
    names = [fact.name for fact in ownership.FACTS]
    assert len(names) == len(set(names))
    assert all(msgspec.to_builtins(fact) for fact in ownership.FACTS)
