"""Checks of recordings that found something: they are told after the file was put back, too. Nothing is written."""

from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.base import instant, moment
from appliance.records.journal import Journal
from appliance.records.roster import Candidate

KIND = "recordings.verified"
MOST = 20


class BadCheck(msgspec.Struct, kw_only=True):
    """One check: so many files were not as recorded, or so many seals were not in the chain. `name` empty: not of a
    candidate.
    """

    seq: int
    at: datetime
    subject: str
    name: str
    files: int
    bad: int
    seals: int


def bad_checks(session: Session, box: Box, since: datetime, subject: str = "") -> list[BadCheck]:
    """The newest of each subject since then; with one named, all of it. Newest first."""
    wanted = select(Journal).where(Journal.kind == KIND, Journal.at >= instant(since))
    if subject:
        wanted = wanted.where(Journal.subject == subject)
    found: list[BadCheck] = []
    for entry in session.exec(wanted.order_by(col(Journal.seq).desc())):
        body: dict[str, Any] = msgspec.json.decode(entry.body)
        bad, seals = int(body.get("files", 0)) - int(body.get("whole", 0)), len(body.get("broken", []))
        if not (bad or seals) or (not subject and any(one.subject == entry.subject for one in found)):
            continue
        person = session.get(Candidate, entry.subject)
        found.append(
            BadCheck(
                seq=entry.seq,
                at=moment(entry.at),
                subject=entry.subject,
                name=person.name if person else "",
                files=int(body.get("files", 0)),
                bad=bad,
                seals=seals,
            )
        )
        if len(found) == MOST:
            break
    return found
