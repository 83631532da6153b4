"""Tables, one file per cluster. Importing this package registers all of them."""

from appliance.records import (
    accounts,
    base,
    cases,
    entry,
    journal,
    practical,
    questions,
    roster,
    seating,
    site,
    sitting,
    sync,
    theory,
    verdict,
    violations,
    waiting,
)

__all__ = [
    "accounts",
    "base",
    "cases",
    "entry",
    "journal",
    "practical",
    "questions",
    "roster",
    "seating",
    "site",
    "sitting",
    "sync",
    "theory",
    "verdict",
    "violations",
    "waiting",
]
