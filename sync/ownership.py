"""Who owns which fact. One owner per fact, so there is nothing to merge: the other side only ever holds a
copy.

The site sends what it owns in parcels (journal entries, and released results in clear words); the province
sends what it owns in signed messages. A message may change only facts of the province; a parcel that names a
fact of the province only reports what the site did with it.
"""

from typing import Literal

import msgspec

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

Owner = Literal["site", "province"]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of fact. `kinds`: journal kinds (or their first part, `seat.`) that record it at the site."""

    name: str
    owner: Owner
    kinds: tuple[str, ...] = ()
    brought_by: tuple[str, ...] = ()
    """Kinds of signed messages that carry it; only facts of the province have any."""
    note: str = ""


FACTS = (
    Fact(
        name="candidate",
        owner="province",
        kinds=("candidate.",),
        brought_by=("roster",),
        note="name, number, portrait; a name that differs from the known one is reported, not overwritten",
    ),
    Fact(
        name="roster",
        owner="province",
        kinds=("roster.received", "roster.enrolled", "roster_row."),
        brought_by=("roster", "confirm_rows"),
        note="who is expected where and when, admission ticket numbers, provincial fields",
    ),
    Fact(
        name="sealed papers",
        owner="province",
        kinds=("sealed_papers.",),
        brought_by=("sealed_papers", "paper_key"),
        note="papers and banks nobody at the site can read before their key comes; what the site did with them",
    ),
    Fact(
        name="roster loaded by hand",
        owner="site",
        kinds=("roster.loaded", "roster.confirmed", "roster.rejected"),
        note="a claim: its results are held until the province confirms the row",
    ),
    Fact(
        name="sitting",
        owner="site",
        kinds=("sitting.", "papers."),
        note="the plan comes with the roster; start and end are the site's",
    ),
    Fact(
        name="site and rooms",
        owner="site",
        kinds=("site.", "room.", "station.", "device.", "camera.", "clock.", "file.", "screen_code."),
    ),
    Fact(name="accounts", owner="site", kinds=("account.", "sign_in.", "sign_out.")),
    Fact(
        name="entry",
        owner="site",
        kinds=(
            "tap.",
            "face.",
            "face_pictures.",
            "card.",
            "case.",
            "admission.",
            "gate.",
            "absence.",
            "locker.",
            "roll_call.",
        ),
    ),
    Fact(name="queue and seat", owner="site", kinds=("ticket.", "seat.", "seat_sign_in.", "lease.")),
    Fact(
        name="attempt",
        owner="site",
        kinds=(
            "attempt.",
            "rules.",
            "answer.",
            "sealed_file.",
            "warning.",
            "talk.",
            "evidence.",
            "violation.",
            "exam_case.",
            "page.",
            "capture.",
            "captures.",
            "seat_check.",
            "hand.",
            "request.",
        ),
    ),
    Fact(name="mark", owner="site", kinds=("paper.", "tasks.", "sheet.", "practical.")),
    Fact(
        name="own question bank",
        owner="site",
        kinds=("bank.", "questions.", "item."),
        note="other exams and rehearsals; a bank of the province is never changed at a site",
    ),
    Fact(
        name="verdict",
        owner="site",
        kinds=("verdict.", "results."),
        note="the site combines and releases; publishing is the authority's act and not known here",
    ),
    Fact(
        name="insight",
        owner="site",
        kinds=("photo.", "number.", "clip.", "package.", "timeline.", "recordings."),
        note="who looked at what",
    ),
    Fact(
        name="recordings kept",
        owner="site",
        kinds=("hold.", "storage."),
        note="holds, deletions after the date, findings, and sittings there will be no room for: the province reads"
        " of them days before",
    ),
    Fact(
        name="parcel",
        owner="site",
        kinds=("parcel.", "contact.", "message."),
        note="sealing, sending, outages, messages refused",
    ),
    Fact(name="receipt", owner="province", brought_by=("receipt",), note="that the province holds a parcel"),
    Fact(name="publication and certificate", owner="province", note="never stored at a site"),
)


def facts_of(message_kind: str) -> list[Fact]:
    """The facts a message of the province may change. Raises Corrupt for kinds that bring nothing."""
    brought = [fact for fact in FACTS if message_kind in fact.brought_by]
    if not brought or any(fact.owner != "province" for fact in brought):
        raise Corrupt(
            "not_the_provinces",
            N_("The province may not send a message of the kind {kind}."),
            N_("Nothing was taken in. Ask the province."),
            kind=message_kind,
        )
    return brought
