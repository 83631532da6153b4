"""The rules candidates can break: a data file that ships with the box (data/violations.json)."""

from functools import cache
from typing import Literal

import msgspec

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, language
from appliance.intake.catalogue import data

Tier = Literal["warned", "at_once"]

DECISIONS: dict[str, str] = {
    "unfounded": N_("No violation"),
    "warn": N_("A warning"),
    "void_subject": N_("This subject does not count"),
    "void_all": N_("No subject of this exam counts"),
}
"""rules.violations.MEASURES in words."""

TOLD: dict[str, str] = {
    "signed": N_("told, and signs the record"),
    "refused": N_("told, refuses to sign"),
    "absent": N_("had left before being told"),
}
"""What the candidate did when told of the record (Beijing 2009 art. 9: on the spot)."""


class BrokenRule(msgspec.Struct, kw_only=True, frozen=True):
    """One rule. `tier`: warned = first a warning, then out; at_once = out, the result is 0."""

    code: str
    article: str
    tier: Tier
    zh: str
    en: str
    measure: str
    """What is usually decided: one of rules.violations.MEASURES. Two people decide, not this file."""

    @property
    def text(self) -> str:
        """In the current language."""
        return self.en if language() == "en" else self.zh


class _File(msgspec.Struct, kw_only=True, frozen=True):
    name: str
    source: str
    note: str
    rules: tuple[BrokenRule, ...]


@cache
def broken_rules() -> dict[str, BrokenRule]:
    """Every rule by its code, in the order people read them."""
    read = msgspec.json.decode(data("violations.json"), type=_File)
    return {one.code: one for one in read.rules}


def broken_rule(code: str) -> BrokenRule:
    """One rule; NotFound when the list has none of this code."""
    try:
        return broken_rules()[code]
    except KeyError:
        raise NotFound(
            "no_rule", N_("There is no such rule in the list."), N_("Choose the rule that was broken.")
        ) from None
