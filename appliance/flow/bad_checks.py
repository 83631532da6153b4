"""Checks of recordings that found something: they are told after the file was put back, too. Nothing is written."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlmodel import Session, col, or_, select

from appliance.flow.box import Box
from appliance.flow.whereabouts import Stay
from appliance.records.base import instant, moment
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.records.site import Room, Seat
from appliance.wire.recorder import CheckedFile
from appliance.wire.seals import SealedHead

KIND = "recordings.verified"
MOST = 20
STRETCHES = 200
"""Named in one entry: a disk that is gone is one stretch a camera."""
JOIN = timedelta(seconds=1)


class BadStretch(msgspec.Struct, frozen=True):
    """Recordings of one camera in which every file was found so (`what` as in CheckedFile.found)."""

    camera: str
    start: datetime
    end: datetime
    what: str

    def within(self, others: Iterable["BadStretch"]) -> bool:
        """Is it a part of one of these?"""
        return any(
            (one.camera, one.what) == (self.camera, self.what)
            and one.start <= self.start
            and self.end <= one.end
            for one in others
        )

    def touches(self, stays: Iterable[Stay]) -> bool:
        """Had its camera one of these in view then?"""
        return any(
            self.camera in one.cameras and one.start < self.end and (one.end is None or self.start < one.end)
            for one in stays
        )

    def text(self) -> str:
        """As the journal has it."""
        return f"{self.what} {self.camera} {self.start.isoformat()} {self.end.isoformat()}"


class BadCheck(msgspec.Struct, kw_only=True):
    """One check: so many files were not as recorded, or so many seals were not in the chain. `of`: what `subject` is,
    empty where nobody knows; `name`: what it is called.
    """

    seq: int
    at: datetime
    subject: str
    of: Literal["candidate", "seat", "room", ""]
    name: str
    files: int
    bad: int
    seals: int
    found: list[BadStretch] = []
    more: int = 0
    """Stretches it found and does not name."""


def stretches(files: Iterable[CheckedFile]) -> list[BadStretch]:
    """Damaged files, those of one camera that follow one another as one. Pure."""
    found: list[BadStretch] = []
    for file in sorted(files, key=lambda one: (one.camera, one.found, one.start)):
        one = BadStretch(file.camera, file.start, file.end or file.start, file.found)
        before = found[-1] if found else one
        same = before is not one and (before.camera, before.what) == (one.camera, one.what)
        if same and one.start <= before.end + JOIN:
            found[-1] = BadStretch(one.camera, before.start, max(before.end, one.end), one.what)
        else:
            found.append(one)
    return sorted(found, key=lambda one: (one.start, one.camera))


def seal_text(head: SealedHead) -> str:
    """A seal the chain does not have, as the journal has it."""
    return f"{head.camera} {head.n}"


def bad_checks(session: Session, box: Box, since: datetime) -> list[BadCheck]:
    """Those since then, newest first, each with what no newer one of its subject found: what was put back, or asked
    for at another time, stays told. One more than MOST where there are more.
    """
    found: list[BadCheck] = []
    told: dict[str, list[BadStretch]] = {}
    known: dict[str, set[str]] = {}
    unnamed: dict[str, int] = {}
    for entry, body in _entries(session, since):
        check, first = _check(entry, body), entry.subject not in told
        before, seals = told.setdefault(entry.subject, []), known.setdefault(entry.subject, set())
        check.found = [one for one in check.found if not one.within(before)]
        check.seals = len(set(body.get("broken", [])) - seals)
        more = check.more > unnamed.get(entry.subject, 0)
        if first or check.found or check.seals or more:
            found.append(_named(session, box, check))
            if len(found) > MOST:
                break
        before += check.found
        seals.update(body.get("broken", []))
        unnamed[entry.subject] = max(check.more, unnamed.get(entry.subject, 0))
    return found


def earlier(
    session: Session,
    box: Box,
    subject: str,
    stays: list[Stay],
    now: Iterable[CheckedFile],
    broken: Iterable[SealedHead],
) -> list[BadCheck]:
    """What was once found of the recordings of these stays, whomever the check was about, and is not found `now` (nor
    `broken` now): each stretch with its newest check, newest first, one more than MOST where there are more. A check
    that may have found more of them than it names is told once of each subject.
    """
    told = stretches(now)
    whole = len(told)
    unnamed: dict[str, int] = {}
    cameras = {camera for stay in stays for camera in stay.cameras}
    known = {seal_text(one) for one in broken}
    found: list[BadCheck] = []
    for entry, body in _entries(session, min((one.start for one in stays), default=box.now())):
        check = _check(entry, body)
        named = check.found
        # What is found now is named now, all of it.
        anew = (
            check.subject == subject
            and len(named) + check.more <= whole
            and all(one.within(told) for one in named)
        )
        if check.more and (anew or not _reaches(check, subject, stays)):
            check.more = 0  # what it does not name is none of these recordings, or is named now
        more = check.more > unnamed.get(check.subject, 0)
        check.found = [one for one in named if one.touches(stays) and not one.within(told)]
        told += check.found
        # A seal that is not in the chain speaks of all its camera recorded before.
        seals = {one for one in body.get("broken", []) if one.rpartition(" ")[0] in cameras} - known
        check.seals = len(seals)
        known |= seals
        # Of a candidate the files are always the same; a check of a place may have been of another time.
        own = bool(check.bad) and not named and check.subject == subject
        own = own and session.get(Candidate, subject) is not None
        if check.found or check.seals or more or own:
            # Names only of what is told: there may be a thousand others.
            found.append(_named(session, box, check))
            unnamed[check.subject] = max(check.more, unnamed.get(check.subject, 0))
            if len(found) > MOST:
                break
    return found


def _entries(session: Session, since: datetime) -> Iterator[tuple[Journal, dict[str, Any]]]:
    """Those that tell of something bad, newest first. Most checks do not, and are left to the database."""
    bad = or_(~col(Journal.body).contains('"damaged":[]'), ~col(Journal.body).contains('"broken":[]'))
    wanted = select(Journal).where(Journal.kind == KIND, Journal.at >= instant(since), bad)
    for entry in session.exec(wanted.order_by(col(Journal.seq).desc())):
        body: dict[str, Any] = msgspec.json.decode(entry.body)
        if int(body.get("files", 0)) != int(body.get("whole", 0)) or body.get("broken"):
            yield entry, body


def _check(entry: Journal, body: dict[str, Any]) -> BadCheck:
    """Not named yet."""
    return BadCheck(
        seq=entry.seq,
        at=moment(entry.at),
        subject=entry.subject,
        of="",
        name="",
        files=int(body.get("files", 0)),
        bad=int(body.get("files", 0)) - int(body.get("whole", 0)),
        seals=len(body.get("broken", [])),
        found=[_read(one) for one in body.get("stretches", [])],
        more=int(body.get("more", 0)),
    )


def _reaches(check: BadCheck, subject: str, stays: list[Stay]) -> bool:
    """May a stretch it found of these stays be one it does not name? Those begin after all it names."""
    cameras = {one.camera for one in check.found}
    last = max((one.start for one in check.found), default=check.at)
    return any(
        (check.subject == subject or not cameras.isdisjoint(stay.cameras))
        and stay.start <= check.at
        and (stay.end is None or last < stay.end)
        for stay in stays
    )


def _named(session: Session, box: Box, check: BadCheck) -> BadCheck:
    """With what its subject is and is called."""
    check.of, check.name = _called(session, box, check.subject)
    return check


def _called(session: Session, box: Box, subject: str) -> tuple[Literal["candidate", "seat", "room", ""], str]:
    if person := session.get(Candidate, subject):
        return "candidate", person.name
    if session.get(Seat, subject):
        return "seat", subject
    places = {one.code: one.name for one in box.settings.lanes}
    if room := session.get(Room, subject):
        places[room.code] = room.name
    return ("room", f"{places[subject]} {subject}") if subject in places else ("", subject)


def _read(text: str) -> BadStretch:
    what, _, rest = text.partition(" ")
    camera, start, end = rest.rsplit(" ", 2)
    return BadStretch(camera, datetime.fromisoformat(start), datetime.fromisoformat(end), what)
