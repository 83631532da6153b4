"""A paper's sealed files: its body and the pictures it shows. Stations fetch them before the start.

Each is kept as a file named by the SHA-256 of its sealed bytes. The key of the body lies encrypted in `Paper.opens`
and reaches the station once its attempt runs; the body holds the keys of its pictures. So nothing is opened on the way
from the disk to a station, and what a station keeps tells nothing before the start.
"""

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.base.sealing import seal_own, unseal
from appliance.flow.attempt_view import lease_of
from appliance.flow.box import Box
from appliance.records.journal import append
from appliance.records.theory import Attempt, Paper
from appliance.wire import station as wire

Seals = dict[str, wire.SealedPicture]
"""Pictures of a sitting that are sealed already, by the SHA-256 of the clear ones: each is sealed once."""


class Place(msgspec.Struct, kw_only=True, frozen=True):
    """A seat that may fetch its paper. `body`: name of the sealed paper; empty while there is none."""

    attempt: str
    lease: int
    seat: str
    candidate: str
    state: str
    body: str
    pictures: list[str]


def seal_body(box: Box, seed: bytes, body: wire.Paper) -> tuple[str, bytes]:
    """Keep a paper sealed: (name of its file, `Paper.opens`). The same paper of the same seed gives the same file."""
    key, sealed = seal_own(seed, msgspec.json.encode(body), wire.ABOUT_PAPER)
    return box.files.put(sealed), box.key.encrypt(key)


def seal_pictures(box: Box, seed: bytes, kinds: dict[str, str], seals: Seals) -> Seals:
    """The pictures of a paper as its body names them. `kinds`: SHA-256 -> media type; `seals` is added to."""
    for name, media_type in kinds.items():
        if name not in seals:
            key, sealed = seal_own(seed, box.files.get(name, secret=True), wire.ABOUT_PICTURE)
            seals[name] = wire.SealedPicture(sealed=box.files.put(sealed), media_type=media_type, key=key)
    return {name: seals[name] for name in kinds}


def key_of(box: Box, paper: Paper) -> bytes:
    """The key of a paper's body; empty while nobody on the site has it."""
    return box.key.decrypt(paper.opens) if paper.opens else b""


def open_paper(box: Box, paper: Paper) -> wire.Paper:
    """A paper as its candidate reads it. For whoever may: nothing that serves a station needs it."""
    clear = unseal(key_of(box, paper), box.files.get(paper.body), wire.ABOUT_PAPER)
    return msgspec.json.decode(clear, type=wire.Paper)


def sealed_names(paper: Paper) -> list[str]:
    """Names of the sealed pictures of a paper."""
    return msgspec.json.decode(paper.pictures, type=list[str])


def place_of(session: Session, token_hash: str) -> Place:
    """Whose seat this cookie is of, and what that candidate's paper is made of."""
    lease = lease_of(session, token_hash)
    attempt = session.get_one(Attempt, lease.attempt)
    paper = session.exec(
        select(Paper).where(Paper.sitting == attempt.sitting, Paper.candidate == attempt.candidate)
    ).first()
    return Place(
        attempt=attempt.id,
        lease=lease.number,
        seat=lease.seat,
        candidate=attempt.candidate,
        state=attempt.state,
        body=paper.body if paper else "",
        pictures=sealed_names(paper) if paper else [],
    )


def require_body(place: Place) -> str:
    """The name of the sealed paper. Raises NotFound while there is none."""
    if not place.body:
        raise NotFound(
            "paper_missing",
            N_("Your paper is not ready yet."),
            N_("Try again in a few seconds; if it stays, raise your hand."),
        )
    return place.body


def note_sealed_refused(session: Session, box: Box, place: Place, name: str, code: str) -> None:
    """Journal that a seat asked for a sealed file it may not have. `name`: the file's; empty when it was none."""
    body = {"attempt": place.attempt, "lease": place.lease, "file": name, "code": code}
    append(session, "sealed_file.refused", place.candidate, f"seat:{place.seat}", body, at=box.now())
