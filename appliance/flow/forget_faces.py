"""Pictures of people, at the entrance and at the seats, are kept for a configured time, then deleted: that is a fact.

What goes: the live picture, the photograph it was held against, the picture of a paper that stood for a card, captures
of a seat and what cases show of them.
What stays: that a check was made, its distance, its band and the hashes in the journal. A roster's photograph
belongs to the candidate and stays with him; a picture that a later check still needs stays as long as that check.

First the rows let go of their pictures, in transactions that touch no file; then the files nobody points to are
deleted. So a row never names a picture that is gone, and whatever is left over (a crash in between, a picture
whose tap was never recorded) goes in a later night.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import ColumnElement, literal_column
from sqlmodel import Session, and_, col, func, or_, select

from appliance.base.errors import Conflict, Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import Journal, append
from appliance.records.questions import BankPicture, FrozenBank
from appliance.records.roster import Candidate, Roster
from appliance.records.sync import Parcel, Received
from appliance.records.talk import Talk
from appliance.records.theory import Attempt, Paper
from appliance.records.violations import Evidence

HANDFUL = 10
"""Checks, and papers, per transaction: nobody at a gate or a seat waits for longer than that."""
PAUSE = 0.05
"""Seconds between two transactions, in which the others write."""
LEFT_OVER = timedelta(days=30)
"""A picture nobody points to goes this long after it was kept last; its row may be about to be written."""
FACES = (
    FaceCheck.live_photo,
    FaceCheck.reference_photo,
    Tap.paper_picture,
    Candidate.photo,
    Capture.picture,
    ExamCase.picture,
)
"""Columns that name a picture of a person; each has an index of the names."""
SOUNDS = (Talk.room_sound, Talk.seat_sound)
OTHERS = (
    Paper.body,
    BankPicture.sha256,
    FrozenBank.sha256,
    Parcel.body,
    Received.body,
    Roster.lines,
    Evidence.sha256,
    *SOUNDS,
)
POINTERS = FACES + OTHERS
"""Every column that names a sealed file."""
EMPTY: ColumnElement[str] = literal_column("''")
"""As the indexes have it: a bound value would not tell the database that they hold every row asked for."""
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"RIFF")
log = logging.getLogger("examsite.faces")


Dropped = tuple[str, dict[str, str], dict[str, str]]
"""Whose pictures a row let go of (subject of the journal), which row, and the names by column."""


class Forgotten(msgspec.Struct, kw_only=True):
    """`count`: checks and papers whose rows let go; `pictures`: names nobody points to since; `left_over`: pictures
    deleted that nothing was known of.
    """

    count: int = 0
    pictures: set[str] = msgspec.field(default_factory=set)
    left_over: int = 0


def _old_checks(box: Box) -> ColumnElement[bool]:
    before = box.now() - timedelta(days=box.settings.faces.keep_days)
    pictured = or_(FaceCheck.live_photo != EMPTY, FaceCheck.reference_photo != EMPTY)
    return and_(col(FaceCheck.happened_at) < before, pictured)


def _old_papers(box: Box) -> ColumnElement[bool]:
    before = box.now() - timedelta(days=box.settings.faces.keep_days)
    return and_(col(Tap.happened_at) < before, Tap.paper_picture != EMPTY)


def _old(box: Box, kind: type[Capture] | type[ExamCase]) -> ColumnElement[bool]:
    before = box.now() - timedelta(days=box.settings.faces.keep_days)
    return and_(col(kind.happened_at) < before, kind.picture != EMPTY)


def count_due(session: Session, box: Box) -> int:
    """How many checks, papers, captures and cases have pictures that have been kept long enough."""
    due = (
        (FaceCheck, _old_checks(box)),
        (Tap, _old_papers(box)),
        (Capture, _old(box, Capture)),
        (ExamCase, _old(box, ExamCase)),
    )
    return sum(session.exec(select(func.count()).select_from(kind).where(old)).one() for kind, old in due)


def forget_faces(box: Box) -> Forgotten:
    """Delete every picture that has been kept long enough, and what is left over from before."""
    found = Forgotten()
    if box.db.read_now(count_due, box):
        others = box.db.read_now(named_files, OTHERS)  # read before: none of these begins to name a face
        while some := box.db.write_now(let_go, box, others):
            found.count += some.count
            found.pictures |= some.pictures
            time.sleep(PAUSE)
    found.left_over = _sweep(box, found.pictures)
    return found


def let_go(session: Session, box: Box, others: set[str]) -> Forgotten | None:
    """A handful of old checks, papers, captures and cases no longer name their pictures; None when there are no more.

    `others`: names of files that something else than these needs.
    """
    checks = session.exec(
        select(FaceCheck, Tap)
        .join(Tap, col(Tap.id) == col(FaceCheck.tap))
        .where(_old_checks(box))
        .order_by(col(FaceCheck.happened_at))
        .limit(HANDFUL)
    ).all()
    dropped: list[Dropped] = []
    for check, tap in checks:
        names = {"live_photo": check.live_photo, "reference_photo": check.reference_photo}
        check.live_photo = check.reference_photo = ""
        session.add(check)
        dropped.append((tap.candidate or tap.id, {"face_check": check.id}, names))
    papers = select(Tap).where(_old_papers(box)).order_by(col(Tap.happened_at)).limit(HANDFUL)
    for tap in session.exec(papers).all():
        dropped.append((tap.candidate or tap.id, {"tap": tap.id}, {"paper_picture": tap.paper_picture}))
        tap.paper_picture = ""
        session.add(tap)
    dropped += _at_seats(session, box)
    session.flush()
    return _tell(session, box, dropped, others) if dropped else None


def _at_seats(session: Session, box: Box) -> list[Dropped]:
    """Captures, and the cases that came of them."""
    dropped: list[Dropped] = []
    captures = select(Capture, Attempt.candidate).join(Attempt, col(Attempt.id) == col(Capture.attempt))
    captures = captures.where(_old(box, Capture)).order_by(col(Capture.happened_at)).limit(HANDFUL)
    for capture, candidate in session.exec(captures).all():
        dropped.append((candidate, {"capture": capture.id}, {"picture": capture.picture}))
        capture.picture = ""
        session.add(capture)
    cases = select(ExamCase).where(_old(box, ExamCase)).order_by(col(ExamCase.happened_at)).limit(HANDFUL)
    for case in session.exec(cases).all():
        dropped.append((case.candidate, {"case": case.id}, {"picture": case.picture}))
        case.picture = ""
        session.add(case)
    return dropped


def _tell(session: Session, box: Box, dropped: list[Dropped], others: set[str]) -> Forgotten:
    """Journal what let go of which pictures, and which of them nothing needs any more."""
    needed = others | _needed(session, {name for _whose, _what, names in dropped for name in names.values()})
    some = Forgotten(count=len(dropped))
    for whose, what, names in dropped:
        gone = {which: name for which, name in names.items() if name and name not in needed}
        body = {**what, "kept_days": box.settings.faces.keep_days, **gone}
        append(session, "face_pictures.deleted", whose, "process:faces", body, at=box.now())
        some.pictures |= set(gone.values())
    return some


def _needed(session: Session, names: set[str]) -> set[str]:
    """Which of these files something of the entrance still points at."""
    return {
        name
        for one in FACES
        for name in session.exec(select(one).where(col(one).in_(names), one != EMPTY)).all()
    }


def named_files(session: Session, pointers: Sequence[str] = POINTERS) -> set[str]:
    """Names of all sealed files the database points at."""
    return {name for one in pointers for name in session.exec(select(one).where(one != ""))}


def _own(session: Session, box: Box) -> bool:
    """Is this the database of these files? Against another one every picture would be left over."""
    kinds = col(Journal.kind).in_(("site.created", "site.restored"))
    found = session.exec(select(Journal.body).where(kinds)).all()
    return any(msgspec.json.decode(body).get("epoch") == box.site.epoch for body in found)


def _sweep(box: Box, told: set[str]) -> int:
    """Delete old pictures nobody points to. Those not in `told` are journaled first; returns how many they were."""
    if not box.db.read_now(_own, box):
        raise Conflict(
            "other_database",
            N_("The database belongs to another box: no picture is deleted."),
            N_("Correct database.url."),
        )
    before = time.time() - LEFT_OVER.total_seconds()
    old = set(box.files.sealed(before))  # listed before the rows are read: what is kept now is not in it
    lonely = sorted(name for name in old - box.db.read_now(named_files) if _is_picture(box, name))
    unknown = [name for name in lonely if name not in told]
    for start in range(0, len(unknown), HANDFUL):
        box.db.write_now(_tell_swept, box, unknown[start : start + HANDFUL])
    for name in lonely:
        box.files.remove(name, secret=True, before=before)
    box.files.clear_scraps(before)
    return len(unknown)


def _tell_swept(session: Session, box: Box, names: list[str]) -> None:
    body = {"pictures": names}
    append(session, "face_pictures.swept", box.site.code, "process:faces", body, at=box.now())


def _is_picture(box: Box, name: str) -> bool:
    try:
        return box.files.get(name, secret=True).startswith(PICTURES)
    except NotFound:
        return False
    except Corrupt:
        log.exception("a file nobody points to cannot be read: it stays")
        return False
