"""The key of sealed papers has come: signed by the province, or typed in by two people.

Trying a code is slow by intention and happens outside the transaction. What a code opens is kept under the box's own
key from then on; the code itself is kept nowhere and journaled nowhere.
"""

import asyncio
import hashlib

import msgspec
from sqlmodel import Session, col, select

from appliance.base import paper_code
from appliance.base.errors import Corrupt, ExamError, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.sealing import key_of_code, unseal
from appliance.flow.accounts import Who, second_person
from appliance.flow.blueprints import Plans, cells_of, give_time, require_items, require_sound, text_of
from appliance.flow.box import Box
from appliance.flow.freeze_bank import Frozen, note_frozen
from appliance.flow.paper_proof import proof_of
from appliance.flow.spare_papers import keep_spares, spares_of
from appliance.flow.start_sitting import begin_ready, sitting_of
from appliance.flow.take_sealed import unreadable
from appliance.records.journal import append
from appliance.records.questions import BankPicture, QuestionBank
from appliance.records.sealed import SealedParcel
from appliance.records.sitting import Sitting
from appliance.records.theory import Paper
from appliance.rules.paper import Blueprint, Exam, key_lines
from appliance.wire import sealed as wire

STAFF = ("invigilator", "chief")
SECOND = ("invigilator", "chief", "office")
SLIPS = ("code_length", "code_mistyped", "key_too_early", "nothing_sealed")
"""Refusals that say nothing of anybody's intentions."""


_decoder: msgspec.msgpack.Decoder[wire.Secret] = msgspec.msgpack.Decoder(wire.Secret)


class Sealed(msgspec.Struct, kw_only=True, frozen=True):
    """A parcel that waits for its key, with what it was sealed for."""

    id: str
    file: str
    about: bytes


class Opened(msgspec.Struct, kw_only=True, frozen=True):
    """A parcel's secret, under the box's own key already. `bank`: name of the frozen file of a bank."""

    parcel: str
    blueprint: Blueprint
    papers: list[tuple[str, bytes, bytes, str]] = []
    """(name of the sealed body, `Paper.opens`, `Paper.key_sealed`, `Paper.choices`)"""
    name: str = ""
    bank: str = ""
    frozen: Frozen | None = None


def waiting_parcels(session: Session, box: Box, sitting_id: str) -> list[Sealed]:
    """What waits for a key at a sitting, and may be opened by now. Raises Refused before the first such moment."""
    sitting = sitting_of(session, sitting_id)
    found = session.exec(
        select(SealedParcel)
        .where(SealedParcel.sitting == sitting.id, col(SealedParcel.opened_at).is_(None))
        .order_by(col(SealedParcel.received_at))
    ).all()
    due = [one for one in found if one.not_before <= box.now()]
    if found and not due:
        raise Refused(
            "key_too_early",
            N_("The sealed papers may not be opened before {time}."),
            N_("Wait until then, and type the code in again."),
            time=box.local(min(one.not_before for one in found)).strftime("%H:%M"),
        )
    return [
        Sealed(
            id=one.id,
            file=one.file,
            about=wire.about(box.site.code, sitting.room, sitting.starts_at, one.what),
        )
        for one in due
    ]


def require_code(text: str) -> str:
    """The digits of a code. Raises Refused that says which group was mistyped."""
    if lacking := paper_code.missing(text):
        raise Refused(
            "code_length",
            N_("The code has 30 digits; {count} were typed."),
            N_("Compare it group by group."),
            count=30 - lacking,
        )
    if wrong := paper_code.wrong_groups(text):
        raise Refused(
            "code_mistyped",
            N_("Mistyped: group {groups}."),
            N_("Have these groups read out again; the others are right."),
            groups=", ".join(map(str, wrong)),
        )
    return paper_code.key_digits(text)


def try_code(box: Box, sealed: list[Sealed], digits: str) -> list[Opened]:
    """What a code opens. Raises Refused when it opens nothing, Corrupt when a kept file was altered."""
    opened = []
    for one in sealed:
        container = wire.unpack(box.files.get(one.file))
        try:
            clear = unseal(key_of_code(digits, container.salt), container.secret, one.about)
        except Corrupt:
            continue
        try:
            opened.append(_kept(box, one, container, _decoder.decode(clear)))
        except (ValueError, msgspec.DecodeError) as error:
            raise unreadable(str(error)) from error
    if not opened:
        raise Refused(
            "wrong_code",
            N_("This code does not open the papers of this sitting."),
            N_("Ask the province whether the code is for this room and this start."),
        )
    return opened


def _kept(box: Box, one: Sealed, container: wire.Container, secret: wire.Secret) -> Opened:
    blueprint = msgspec.json.decode(secret.blueprint, type=Blueprint)
    require_sound(blueprint)
    if isinstance(secret, wire.PapersSecret):
        for paper in secret.papers:
            key_lines(blueprint, paper.right)
        papers = [
            (
                hashlib.sha256(body.body).hexdigest(),
                box.key.encrypt(paper.key),
                box.key.encrypt(msgspec.json.encode(paper.right)),
                paper.choices,
            )
            for body, paper in zip(container.papers, secret.papers, strict=True)
        ]
        return Opened(parcel=one.id, blueprint=blueprint, papers=papers)
    for picture in secret.pictures.values():
        box.files.put(picture, secret=True)
    frozen = msgspec.json.decode(secret.frozen, type=Frozen)
    require_items(_plans(blueprint), cells_of(frozen))
    name = box.files.put(secret.frozen, secret=True)
    return Opened(parcel=one.id, blueprint=blueprint, name=secret.name, bank=name, frozen=frozen)


def open_sealed(
    session: Session, box: Box, sitting_id: str, opened: list[Opened], actor: str, second: str = ""
) -> int:
    """Keep what a code opened; parcels that are open already change nothing. Returns how many were opened."""
    sitting = sitting_of(session, sitting_id)
    count = 0
    for one in opened:
        parcel = session.get_one(SealedParcel, one.parcel)
        if parcel.opened_at is not None:
            continue
        if one.frozen is not None:
            _use_bank(session, box, sitting, one, one.frozen)
        papers = _use_papers(session, box, parcel, one)
        _use_blueprint(sitting, _plans(one.blueprint))
        parcel.opened_at, parcel.opened_by, parcel.second = box.now(), actor, second
        parcel.how = "typed" if second else "message"
        session.add(sitting)
        session.add(parcel)
        session.flush()
        body = {
            "parcel": parcel.id,
            "file": parcel.file,
            "how": parcel.how,
            "second": second,
            "papers": papers,
            "duration_s": sitting.duration_s,
        }
        append(session, "sealed_papers.opened", sitting.id, actor, body, at=box.now())
        count += 1
    if count and sitting.state == "running":
        begin_ready(session, box, sitting, actor)
    return count


def _plans(blueprint: Blueprint) -> dict[Exam, Blueprint]:
    return {"initial": blueprint}


def _use_blueprint(sitting: Sitting, plans: Plans) -> None:
    """The province's minutes are the room's clock, its points the marking: one rule for all that comes for it."""
    text = text_of(plans)
    if sitting.blueprint and sitting.blueprint != text:
        raise Refused(
            "sealed_otherwise",
            N_("These papers have another time or another marking than those of the sitting that are open."),
            N_("Call the province: it sends them once more, with the rules of the first ones."),
        )
    sitting.blueprint = text
    if sitting.state == "planned":
        give_time(sitting, plans)


def _use_papers(session: Session, box: Box, parcel: SealedParcel, one: Opened) -> int:
    """Give each paper of a parcel the key that opens it and the one that marks it."""
    secrets = {body: rest for body, *rest in one.papers}
    rows = session.exec(select(Paper).where(Paper.sitting == parcel.sitting, Paper.bank == parcel.file)).all()
    for paper in rows:
        paper.opens, paper.key_sealed, paper.choices = secrets[paper.body]  # type: ignore[assignment]
        paper.proof = proof_of(box, paper)
        session.add(paper)
    spares = spares_of(parcel)
    for spare in spares:
        spare.opens, spare.key_sealed, spare.choices = secrets[spare.body]  # type: ignore[assignment]
    keep_spares(parcel, spares)
    return len(rows)


def _use_bank(session: Session, box: Box, sitting: Sitting, one: Opened, frozen: Frozen) -> None:
    """From now on the sitting's papers are drawn from the bank; it belongs to the province."""
    if session.get(QuestionBank, frozen.bank) is None:
        taken = session.exec(select(QuestionBank.id).where(QuestionBank.name == one.name)).first()
        bank = QuestionBank(
            id=frozen.bank,
            name=f"{one.name} ({frozen.bank[-8:]})" if taken else one.name,
            owner="province",
            trade=sitting.trade,
            purpose="exam",
            created_by="province",
            created_at=box.now(),
        )
        session.add(bank)
        session.flush()
    for name, media_type in (frozen.pictures or {}).items():  # named, so that no sweep takes them
        if session.get(BankPicture, (frozen.bank, name)) is None:
            session.add(BankPicture(bank=frozen.bank, sha256=name, media_type=media_type))
    note_frozen(session, box, one.bank, frozen)
    sitting.bank, sitting.bank_sha256 = frozen.bank, one.bank


def note_code_refused(
    session: Session, box: Box, sitting_id: str, code: str, actor: str, second: str
) -> None:
    """Journal that a code was typed in that opened nothing, and why. The code itself is not kept."""
    body = {"code": code, "second": second}
    append(session, "sealed_papers.refused", sitting_id, actor, body, at=box.now())


async def use_code(box: Box, sitting_id: str, text: str, actor: str, second: str = "") -> int:
    """Try a code and open what it opens. Returns how many parcels were opened. Raises NotFound when none waits."""
    sealed = await box.db.read(waiting_parcels, box, sitting_id)
    if not sealed:
        raise NotFound("nothing_sealed", N_("No sealed papers wait for a key here."), N_("Reload the page."))
    digits = require_code(text)
    opened = await asyncio.to_thread(try_code, box, sealed, digits)
    return await box.db.write(open_sealed, box, sitting_id, opened, actor, second)


async def type_code(box: Box, sitting_id: str, text: str, who: Who, second_login: str) -> int:
    """Two people type a code in; a code that opens nothing, and sealed papers that were altered, are journaled.

    The second person's password is checked before (flow/confirm_second.py).
    """
    if who.role not in STAFF:
        raise Refused(
            "not_your_role",
            N_("Your account is not allowed to do this."),
            N_("Ask the head of the site which account may."),
        )
    second = await box.db.read(_second_of, who, second_login)
    try:
        return await use_code(box, sitting_id, text, who.actor, second)
    except ExamError as error:
        if error.code not in SLIPS:
            await box.db.write(note_code_refused, box, sitting_id, error.code, who.actor, second)
        raise


def _second_of(session: Session, first: Who, login: str) -> str:
    return second_person(session, first, login, SECOND).id
