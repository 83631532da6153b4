"""Pictures of face checks are kept for a configured time, then deleted, and the deletion is a fact.

What goes: the live picture and the photograph it was held against. What stays: that a check was made, its
distance, its band and the hashes in the journal. A roster's photograph belongs to the candidate and stays
with him; a picture that a later check still needs stays as long as that check.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from appliance.flow.box import Box
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import append
from appliance.records.roster import Candidate

HANDFUL = 20
"""Checks per transaction: their files are deleted inside it."""


def _old(box: Box) -> ColumnElement[bool]:
    before = box.now() - timedelta(days=box.settings.faces.keep_days)
    pictured = or_(FaceCheck.live_photo != "", FaceCheck.reference_photo != "")
    return and_(col(FaceCheck.happened_at) < before, pictured)


def count_due(session: Session, box: Box) -> int:
    """How many checks have pictures that have been kept long enough."""
    return session.exec(select(func.count()).select_from(FaceCheck).where(_old(box))).one()


def forget_faces(session: Session, box: Box) -> int:
    """Delete the pictures of a handful of old checks; returns how many checks there were, 0 at the end."""
    checks = session.exec(
        select(FaceCheck).where(_old(box)).order_by(col(FaceCheck.happened_at)).limit(HANDFUL)
    ).all()
    for check in checks:
        names = {"live_photo": check.live_photo, "reference_photo": check.reference_photo}
        check.live_photo = check.reference_photo = ""
        session.add(check)
        session.flush()
        deleted = {
            which: name
            for which, name in names.items()
            if name and not _needed(session, name) and box.files.remove(name, secret=True)
        }
        tap = session.get_one(Tap, check.tap)
        append(
            session,
            "face_pictures.deleted",
            tap.candidate or tap.id,
            "process:faces",
            {"face_check": check.id, "kept_days": box.settings.faces.keep_days, **deleted},
            at=box.now(),
        )
    return len(checks)


def _needed(session: Session, name: str) -> bool:
    """Does a roster or another check still point at this picture?"""
    checks = select(FaceCheck.id).where(or_(FaceCheck.live_photo == name, FaceCheck.reference_photo == name))
    owner = select(Candidate.id).where(Candidate.photo == name)
    return session.exec(checks).first() is not None or session.exec(owner).first() is not None
