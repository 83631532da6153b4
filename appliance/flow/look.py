"""Looking at what is protected: a face picture, a whole ID number, a recording. The look itself is a fact."""

from typing import Any

from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.records.entry import Admission, FaceCheck, Tap
from appliance.records.journal import append
from appliance.records.roster import Candidate


def face_photo(session: Session, check_id: str, which: str) -> tuple[str, str, str]:
    """Name of the sealed picture (`which`: live or reference), whose it is: candidate, else the tap, and of a reference
    whether it is the chip's or the roster's.
    """
    check = session.get(FaceCheck, check_id)
    name = (
        "" if check is None else {"live": check.live_photo, "reference": check.reference_photo}.get(which, "")
    )
    if check is None or not name:
        raise NotFound("no_photo", N_("There is no such photo."), N_("Reload the page."))
    tap = session.get_one(Tap, check.tap)
    return name, tap.candidate or tap.id, check.reference if which == "reference" else ""


def entrance_photo(session: Session, sitting: str, candidate: str) -> str:
    """Name of the sealed picture of whoever was let in as this candidate; empty where none was taken or kept."""
    found = session.exec(
        select(FaceCheck.live_photo)
        .join(Admission, col(Admission.tap) == col(FaceCheck.tap))
        .where(Admission.sitting == sitting, Admission.candidate == candidate, FaceCheck.live_photo != "")
        .order_by(col(FaceCheck.happened_at).desc())
    ).first()
    return found or ""


def paper_picture(session: Session, tap_id: str) -> tuple[str, str]:
    """Name of the sealed picture of the paper or printed card, and whose it is: candidate, else the tap."""
    tap = session.get(Tap, tap_id)
    if tap is None or not tap.paper_picture:
        raise NotFound("no_photo", N_("There is no such photo."), N_("Reload the page."))
    return tap.paper_picture, tap.candidate or tap.id


def roster_photo(session: Session, tap_id: str) -> tuple[str, str]:
    """Name of the sealed roster photo of whoever put this card down, and the candidate."""
    tap = session.get(Tap, tap_id)
    candidate = session.get(Candidate, tap.candidate) if tap and tap.candidate else None
    if candidate is None or not candidate.photo:
        raise NotFound("no_photo", N_("There is no such photo."), N_("Reload the page."))
    return candidate.photo, candidate.id


def note_look(session: Session, box: Box, kind: str, subject: str, who: Who, detail: dict[str, Any]) -> None:
    """Journal that somebody looked."""
    append_fact(session, box, kind, subject, who.actor, detail)


def append_fact(
    session: Session, box: Box, kind: str, subject: str, actor: str, detail: dict[str, Any]
) -> None:
    """Journal that a person or a process looked, or took something away."""
    append(session, kind, subject, actor, detail, at=box.now())


def reveal_number(session: Session, box: Box, candidate_id: str, who: Who) -> str:
    """The whole ID number of a candidate."""
    candidate = session.get(Candidate, candidate_id)
    if candidate is None:
        raise NotFound("no_candidate", N_("There is no such candidate."), N_("Search again."))
    append(session, "number.revealed", candidate.id, who.actor, {}, at=box.now())
    return box.key.decrypt_text(candidate.number_sealed)
