"""Tables, one file per cluster. Importing this package registers all of them."""

from appliance.records import (
    accounts,
    base,
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
    waiting,
)

__all__ = [
    "accounts",
    "base",
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
    "waiting",
]
