"""The outbox: the journal goes into parcels without holes, and each parcel is acknowledged exactly once.

A parcel is due when an entry after the last parcel is about anything but the outbox itself. Entries of `OWN`
kinds (parcel.sealed, parcel.acknowledged ...) alone never make a parcel, or every receipt would cause the
next parcel for ever; they ride in the next one that is due.

States: sealed -> acknowledged, or sealed -> refused. A refusal stands until a person looks: nothing after it
is sent (its successors chain to it), and `again` puts the very same bytes back in the queue. Bytes never
change once sealed.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlmodel import Session, col, func, select

from appliance.base.crypto import Signer, read_secret, usable
from appliance.base.errors import Conflict, Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.box import Box, keys
from appliance.flow.receipts import names_parcel
from appliance.records.journal import GENESIS, Journal, JournalHead, append
from appliance.records.sync import Parcel
from sync import envelope
from sync.messages import Clear, Receipt, Signed, open_receipt
from sync.results import clear_of

ACTOR = "process:sync"
OWN = (
    "parcel.sealed",
    "parcel.acknowledged",
    "parcel.refused",
    "parcel.requeued",
    "contact.lost",
    "contact.restored",
)
"""Kinds that do not make a parcel due."""

MOST = 5000
"""Entries in one parcel; a longer backlog gives several."""


class Keys(msgspec.Struct, frozen=True):
    """What sealing needs: the sync process' key and certificate (PEM), and the province's public keys."""

    signer: Signer
    certificate: bytes
    province: bytes
    recipient: x25519.X25519PublicKey | None

    @classmethod
    def load(cls, box: Box) -> "Keys":
        """Read them. `province.key` names a PEM file with the province's signing certificate (or public key)
        and its X25519 public key, one after the other."""
        folder = keys(box.settings)
        path = box.settings.province.key
        pem = b""
        if path:
            with contextlib.suppress(OSError):  # sealing goes on; delivering says what is missing
                pem = Path(path).read_bytes()
        return cls(
            Signer.load(folder / "sync.key"),
            read_secret(folder / "sync.pem"),
            pem if usable(pem) else b"",
            _recipient(pem),
        )


def _recipient(pem: bytes) -> x25519.X25519PublicKey | None:
    """The X25519 key among the PEM blocks, if any."""
    end = b"-----END PUBLIC KEY-----"
    for block in pem.split(b"-----BEGIN PUBLIC KEY-----")[1:]:
        body = b"-----BEGIN PUBLIC KEY-----" + block.partition(end)[0] + end + b"\n"
        try:
            key = load_pem_public_key(body)
        except (ValueError, UnsupportedAlgorithm):
            continue
        if isinstance(key, x25519.X25519PublicKey):
            return key
    return None


class Run(msgspec.Struct):
    """What the next parcel will hold: unsigned content, and its personal data still in clear."""

    content: envelope.Content
    clear: Clear


def unsealed(session: Session) -> int:
    """Entries that make a parcel due and are in none."""
    last = session.exec(select(func.max(Parcel.last_seq))).one() or 0
    return session.exec(
        select(func.count()).where(col(Journal.seq) > last, col(Journal.kind).not_in(OWN))
    ).one()


def next_run(session: Session, box: Box, most: int = MOST) -> Run | None:
    """The entries after the last parcel, or None when none of them makes a parcel due."""
    if not unsealed(session):
        return None
    last = session.exec(select(Parcel).order_by(col(Parcel.last_seq).desc()).limit(1)).first()
    after = last.last_seq if last else 0
    rows = session.exec(
        select(Journal).where(col(Journal.seq) > after).order_by(col(Journal.seq)).limit(most)
    ).all()
    number = session.exec(select(func.max(Parcel.number)).where(Parcel.epoch == box.site.epoch)).one()
    entries = [_entry(row) for row in rows]
    content = envelope.Content(
        site=box.site.code,
        mark=rows[0].mark,
        epoch=box.site.epoch,
        number=(number or 0) + 1,
        first_seq=rows[0].seq,
        last_seq=rows[-1].seq,
        previous=last.body if last else GENESIS,
        before=rows[0].previous,
        sealed_at=box.now(),
        entries=entries,
    )
    return Run(content, clear_of(session, box, entries))


def _entry(row: Journal) -> envelope.Entry:
    return envelope.Entry(
        seq=row.seq,
        at=row.at,
        mark=row.mark,
        kind=row.kind,
        subject=row.subject,
        actor=row.actor,
        body=row.body,
        hash=row.hash,
    )


async def seal(box: Box, held: Keys, most: int = MOST) -> list[Parcel]:
    """Put everything due into parcels. The file is on disk before the row that names it."""
    made = []
    while run := await box.db.read(next_run, box, most):
        content = run.content
        if run.clear.released or run.clear.claims:
            if held.recipient is None:
                raise Refused(
                    "no_province_key",
                    N_("Results cannot be sealed: the province's encryption key is missing."),
                    N_("Ask the province for its key file and name it in province.key."),
                )
            content.secret = envelope.encrypt(run.clear, held.recipient, content.key)
        sealed = await asyncio.to_thread(envelope.seal, content, held.signer, held.certificate)
        await asyncio.to_thread(box.files.put, sealed.file, True)
        try:
            made.append(await box.db.write(_record, box, content, sealed))
        except Conflict:  # `sync export` and exam-sync at once: what the other sealed is not due any more
            continue
    return made


def _record(session: Session, box: Box, content: envelope.Content, sealed: envelope.Sealed) -> Parcel:
    session.get_one(JournalHead, 1, with_for_update=True)
    last = session.exec(select(Parcel).order_by(col(Parcel.last_seq).desc()).limit(1)).first()
    if (last.body if last else GENESIS) != content.previous:
        raise Conflict(
            "sealed_elsewhere", N_("Another process has just sealed a parcel."), N_("Try again in a moment.")
        )
    parcel = Parcel(
        id=new_id(),
        epoch=content.epoch,
        number=content.number,
        first_seq=content.first_seq,
        last_seq=content.last_seq,
        body=sealed.sha256,
        signature=sealed.signature,
        sealed_at=content.sealed_at,
    )
    session.add(parcel)
    session.flush()
    facts = {
        "epoch": content.epoch,
        "number": content.number,
        "first_seq": content.first_seq,
        "last_seq": content.last_seq,
        "sha256": sealed.sha256,
    }
    append(session, "parcel.sealed", parcel.id, ACTOR, facts, at=box.now())
    return parcel


def pending(session: Session, limit: int = 100) -> Sequence[Parcel]:
    """Parcels to deliver, in order, up to the first refused one."""
    rows = session.exec(
        select(Parcel).where(Parcel.state != "acknowledged").order_by(col(Parcel.last_seq)).limit(limit)
    ).all()
    refused = next((i for i, row in enumerate(rows) if row.state == "refused"), len(rows))
    return rows[:refused]


def acknowledge(session: Session, box: Box, parcel_id: str, signed: Signed, receipt: Receipt) -> bool:
    """Keep the receipt; False when the parcel was acknowledged before. `receipt` was checked by
    `check_receipt`."""
    parcel = session.get_one(Parcel, parcel_id)
    if parcel.state == "acknowledged":
        return False
    text = msgspec.json.encode(signed).decode()
    parcel.state, parcel.receipt, parcel.last_error = "acknowledged", text, ""
    parcel.acknowledged_at = box.now()
    session.add(parcel)
    session.flush()
    facts = {
        "number": parcel.number,
        "epoch": parcel.epoch,
        "receipt_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "received_at": receipt.received_at.isoformat(),
    }
    append(session, "parcel.acknowledged", parcel.id, "province", facts, at=box.now())
    return True


def check_receipt(parcel: Parcel, box: Box, signed: Signed, province: bytes) -> Receipt:
    """Is this the province's signed receipt of exactly this parcel? Raises Corrupt."""
    receipt = open_receipt(signed, province)
    if not names_parcel(receipt, box, parcel):
        raise Corrupt(
            "other_parcel",
            N_("The receipt is for another parcel."),
            N_("The parcel counts as not received. Ask the province."),
        )
    return receipt


def refuse(session: Session, box: Box, parcel_id: str, code: str, detail: str) -> bool:
    """The province refused the parcel: recorded with its cause, until a person looks."""
    parcel = session.get_one(Parcel, parcel_id)
    if parcel.state != "sealed":
        return False
    parcel.state, parcel.last_error = "refused", f"{code}: {detail}" if detail else code
    parcel.tries += 1
    session.add(parcel)
    session.flush()
    facts = {"number": parcel.number, "epoch": parcel.epoch, "code": code}
    append(session, "parcel.refused", parcel.id, "province", facts, at=box.now())
    return True


def failed(session: Session, parcel_id: str, error: str) -> None:
    """One try without an answer."""
    parcel = session.get_one(Parcel, parcel_id)
    if parcel.state == "sealed":
        parcel.tries += 1
        parcel.last_error = error
        session.add(parcel)


def again(session: Session, box: Box, number: int, epoch: str, reason: str, actor: str) -> Parcel:
    """A person looked at a refusal: send the same bytes once more."""
    parcel = session.exec(select(Parcel).where(Parcel.epoch == epoch, Parcel.number == number)).first()
    if parcel is None:
        raise NotFound("no_parcel", N_("There is no parcel {number}."), number=number)
    if parcel.state != "refused":
        raise Conflict(
            "not_refused",
            N_("Parcel {number} was not refused."),
            N_("Nothing more is to be done."),
            number=number,
        )
    if not reason.strip():
        raise Refused("no_reason", N_("A reason is needed."), N_("Say what was looked at."))
    parcel.state = "sealed"
    session.add(parcel)
    session.flush()
    facts = {"number": number, "epoch": epoch, "reason": reason.strip(), "was": parcel.last_error}
    append(session, "parcel.requeued", parcel.id, actor, facts, at=box.now())
    return parcel
