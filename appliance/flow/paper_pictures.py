"""The pictures of a candidate's own paper: which there are, and who asked for one that is not on it."""

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.theory import Attempt, Paper


class Place(msgspec.Struct, kw_only=True, frozen=True):
    """A seat that may ask for pictures. `body`: name of the sealed paper; empty while there is none."""

    attempt: str
    lease: int
    seat: str
    candidate: str
    state: str
    body: str


class _Body(msgspec.Struct):
    pictures: dict[str, str] = {}


def place_of(session: Session, token_hash: str) -> Place:
    """Whose seat this cookie is of."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    body = session.exec(
        select(Paper.body).where(Paper.sitting == attempt.sitting, Paper.candidate == attempt.candidate)
    ).first()
    return Place(
        attempt=attempt.id,
        lease=lease.number,
        seat=lease.seat,
        candidate=attempt.candidate,
        state=attempt.state,
        body=body or "",
    )


def pictures_of_paper(box: Box, body: str) -> dict[str, str]:
    """SHA-256 -> media type of what a kept paper shows. Raises NotFound while there is no paper."""
    if not body:
        raise NotFound(
            "paper_missing",
            N_("Your paper is not ready yet."),
            N_("Try again in a few seconds; if it stays, raise your hand."),
        )
    return msgspec.json.decode(box.files.get(body, secret=True), type=_Body).pictures


def note_picture_refused(session: Session, box: Box, place: Place, picture: str, code: str) -> None:
    """Journal that a seat asked for a picture it may not have. `picture`: its name; empty when it was none."""
    body = {"attempt": place.attempt, "lease": place.lease, "picture": picture, "code": code}
    append(session, "picture.refused", place.candidate, f"seat:{place.seat}", body, at=box.now())
