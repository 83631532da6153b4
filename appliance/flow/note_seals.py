"""exam-recorder's seals of the recordings go into the journal, and come out of it to be held against the recordings."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.flow.box import Box
from appliance.records.base import instant, moment
from appliance.records.journal import Journal, append
from appliance.wire.seals import SealedHead

KIND = "camera.sealed"
AROUND = 50
"""Seals looked at from a visit's beginning on: two days and nights."""


class _Body(msgspec.Struct):
    number: int
    n: int
    head: str
    sealed_at: str
    sitting: str = ""


def note_seals(session: Session, box: Box, found: list[SealedHead]) -> None:
    """Write the seals the journal does not have yet."""
    for one in found:
        if known_heads(session, [one.camera])[one.camera] == (one.number, one.head):
            continue
        body = {"number": one.number, "n": one.n, "head": one.head, "sealed_at": instant(one.at)}
        if one.sitting:
            body["sitting"] = one.sitting
        append(session, KIND, one.camera, "process:recorder", body, at=box.now())


def heads_of(session: Session, cameras: list[str], since: datetime) -> list[SealedHead]:
    """What the journal knows of these cameras: the seals from `since` on, and the newest."""
    found: dict[tuple[str, int, str], SealedHead] = {}
    for camera in cameras:
        mine = select(Journal.body).where(Journal.subject == camera, Journal.kind == KIND)
        after = mine.where(Journal.at >= instant(since)).order_by(col(Journal.seq)).limit(AROUND)
        newest = mine.order_by(col(Journal.seq).desc()).limit(1)
        for body in [*session.exec(after), *session.exec(newest)]:
            one = _head(camera, body)
            found[camera, one.number, one.head] = one
    return list(found.values())


def known_heads(session: Session, cameras: list[str]) -> dict[str, tuple[int, str]]:
    """Number and hash of the newest seal of each camera; (0, "") of one without any."""
    found = dict.fromkeys(cameras, (0, ""))
    for camera in cameras:
        mine = select(Journal.body).where(Journal.subject == camera, Journal.kind == KIND)
        for body in session.exec(mine.order_by(col(Journal.seq).desc()).limit(1)):
            one = _head(camera, body)
            found[camera] = one.number, one.head
    return found


def all_heads(session: Session) -> list[SealedHead]:
    """Every seal in the journal, in its order."""
    rows = session.exec(
        select(Journal.subject, Journal.body).where(Journal.kind == KIND).order_by(col(Journal.seq))
    )
    return [_head(camera, body) for camera, body in rows]


def _head(camera: str, body: str) -> SealedHead:
    told = msgspec.json.decode(body, type=_Body)
    return SealedHead(
        camera=camera,
        number=told.number,
        n=told.n,
        head=told.head,
        at=moment(told.sealed_at),
        sitting=told.sitting,
    )
