"""What comes of reading a roster: lines taken, rows not taken and why, people of another site."""

from datetime import date, datetime

import msgspec

from appliance.base.i18n import N_
from appliance.rules.admission import Eligibility

SENTENCES = {
    "missing_name": N_("The name is missing."),
    "missing_number": N_("The ID number is missing."),
    "bad_shape": N_("The ID number does not have 17 digits and a last digit or X."),
    "number_rounded": N_("The ID number was stored as a number and lost digits. Format the column as text."),
    "bad_birth": N_("The ID number holds no possible day of birth."),
    "bad_check_digit": N_(
        "The last character of the ID number does not fit the others. Check for a typing error."
    ),
    "duplicate_number": N_("The same ID number stands in row {other} already for the same sitting."),
    "birth_mismatch": N_("The day of birth is not the one in the ID number."),
    "sex_mismatch": N_("The sex is not the one in the ID number."),
    "unknown_trade": N_("This item is not in the catalogue of special operations."),
    "unknown_category": N_("This category is not in the catalogue of special operations."),
    "unknown_help": N_(
        "This approved help is not known: reading aloud, larger type and more time in percent are."
    ),
    "unknown_kind": N_("The kind of exam is none of initial, review and resit."),
    "unknown_subject": N_("The subject is neither theory nor practical."),
    "other_site": N_("This person is examined at another site."),
    "bad_time": N_("The date or time of the exam cannot be understood."),
}
"""Code of a rejection -> sentence (message id); `{other}` is the rejection's field."""


class RosterLine(msgspec.Struct, kw_only=True, frozen=True):
    """One person expected in one subject. A row that names both subjects makes two lines."""

    row: int
    name: str
    number: str
    exam_type: str = "special_operation"
    trade: str = ""
    """Internal key; empty when neither the row, the title nor the caller names a trade."""
    subject: str = "theory"
    kind: str = "initial"
    ticket_number: str = ""
    employer: str = ""
    help: str = ""
    """Approved help (便利措施), as rules.approved_help writes it."""
    eligibility: Eligibility = "eligible"
    """What a column such as 审核状态 says; a roster without one lists only who may sit."""
    starts_at: datetime | None = None
    """Local, naive; None when the roster does not say it."""
    day: date | None = None
    sitting: str = ""
    """What the roster calls the sitting (场次), as written."""
    provincial: dict[str, str] = {}


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row not taken: the sheet's own row number, its own heading, a stable code. No value is kept.

    `other`: for a duplicate the row that was taken; else 0.
    """

    row: int
    column: str
    code: str
    other: int = 0


class Elsewhere(msgspec.Struct, frozen=True):
    """Somebody who is examined at another site. `day` None when the roster does not say it."""

    number: str
    site: str
    day: date | None


class RosterFile(msgspec.Struct, kw_only=True, frozen=True):
    """A roster after reading. `rows` counts rows with data; `dropped_columns`: heading -> values dropped."""

    sheet: str
    rows: int
    accepted: list[RosterLine]
    rejected: list[Rejection]
    elsewhere: list[Elsewhere] = []
    """People of another site, each also a rejection: who comes to the wrong one is told so."""
    dropped_columns: dict[str, int]
    sha256: str

    @property
    def accepted_rows(self) -> int:
        """How many rows of the sheet were taken."""
        return len({line.row for line in self.accepted})
