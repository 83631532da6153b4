"""Messages between a site and its province, as they lie on the line, on a USB stick and on disk.

Everything the province says is `Signed`: `body` is the JSON text exactly as it was signed (Ed25519 over its
UTF-8 bytes), so no reader has to reproduce an encoding. Times are ISO 8601 with a zone. No public
specification of a protocol between site and province exists; this neutral one is what a provincial adapter
translates. Names of provincial fields (ZGLX_NAME, CZXM_NAME, P_id_new ...) are those of the 2018 national
exchange interface.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec

from appliance.base.crypto import Signer, verify
from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

T = TypeVar("T")
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Number = Annotated[str, msgspec.Meta(pattern=r"^\s*[0-9A-Za-z]{6,18}\s*$")]
Id = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z_.-]{1,64}$")]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Seconds = Annotated[int, msgspec.Meta(gt=0, le=86400)]
_canonical = msgspec.json.Encoder(order="sorted").encode


class Signed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A text and the province's signature (128 hexadecimal digits) over its UTF-8 bytes."""

    body: str
    signature: str


class RosterSitting(msgspec.Struct, kw_only=True, frozen=True):
    """A sitting of a roster. `code` is the roster's own name for it; `trade` a key of the trade catalogue."""

    code: str
    subject: Literal["theory", "practical"]
    trade: Text
    room: Text
    starts_at: Moment
    duration_s: Seconds
    sealed: bool = False
    """Its papers, or their bank, come sealed: the site draws none of its own."""
    delivery: Literal["own", "province"] = "own"
    """province = the candidates answer on the province's own page, at `page` (https)."""
    page: Annotated[str, msgspec.Meta(pattern="^(https://[!-~]{1,400})?$")] = ""


class RosterPerson(msgspec.Struct, kw_only=True, frozen=True):
    """A candidate with clear name and number, expected at the sittings whose codes are listed (empty =
    all)."""

    name: Text
    number: Number
    kind: Literal["initial", "review", "resit"] = "initial"
    ticket_number: str = ""
    employer: str = ""
    help: Annotated[str, msgspec.Meta(pattern=r"^(voice)? ?(large)? ?(time([1-9][0-9]?|100))?$")] = ""
    """Approved help at the exam: `voice` (items read aloud), `large` (larger type), `time25` (25 % more time)."""
    eligibility: Literal["eligible", "unknown", "suspended"] = "eligible"
    """Whether this person may sit; suspended = for a violation."""
    sittings: list[str] = []
    photo: bytes = b""
    """JPEG, Base64 in JSON; empty when the province has none."""
    provincial: dict[str, str] = {}
    """Fields to be handed back as they came: ZGLX, ZYLB, CZXM, PX_TYPE_CODE, P_id_new, PAPER_CERTNUM,
    Reg_DEP_ID."""


class Roster(msgspec.Struct, kw_only=True, tag="roster", tag_field="kind"):
    """A signed roster: in force as soon as its signature is checked."""

    id: Id
    site: str
    issued_at: Moment
    sittings: list[RosterSitting]
    rows: list[RosterPerson]


class ConfirmedRow(msgspec.Struct, kw_only=True, frozen=True):
    """One row of a roster loaded by hand that the province stands for."""

    number: Number
    subject: Literal["theory", "practical"]
    starts_at: Moment


class ConfirmRows(msgspec.Struct, kw_only=True, tag="confirm_rows", tag_field="kind"):
    """The province confirms rows that were loaded by hand: their results need no longer be held."""

    id: Id
    site: str
    issued_at: Moment
    rows: list[ConfirmedRow]


class SealedPapers(msgspec.Struct, kw_only=True, tag="sealed_papers", tag_field="kind"):
    """A file of sealed papers, or a sealed bank, for one theory sitting of a roster (appliance/wire/sealed.py).

    The file itself is fetched beside the message (GET files/{file}, or `files/` on a stick); `file` is its SHA-256.
    """

    id: Id
    site: str
    issued_at: Moment
    room: Text
    starts_at: Moment
    what: Literal["papers", "bank"]
    file: Digest
    size: Annotated[int, msgspec.Meta(gt=0)]
    not_before: Moment
    """Before this moment the site takes no key."""
    numbers: list[Number] = []
    """Whose papers they are, in the order of the file."""


class PaperKey(msgspec.Struct, kw_only=True, tag="paper_key", tag_field="kind"):
    """The code that opens what came sealed for a sitting, sent when it may be opened."""

    id: Id
    site: str
    issued_at: Moment
    room: Text
    starts_at: Moment
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9 ]{30,40}$")]


Message = Roster | ConfirmRows | SealedPapers | PaperKey
"""What the province sends besides receipts. `id` is given by the province and never used twice."""


class Receipt(msgspec.Struct, kw_only=True, tag="receipt", tag_field="kind"):
    """The province holds a parcel (接收回执). `parcel`: SHA-256 of the parcel's file."""

    site: str
    epoch: str
    number: int
    parcel: str
    entries: int
    last_seq: int
    last_hash: str
    received_at: datetime


class Waiting(msgspec.Struct, kw_only=True):
    """GET /v1/sites/{site}/messages: what the site has not reported as taken in, oldest first."""

    messages: list[Signed]


class Problem(msgspec.Struct, kw_only=True):
    """Body of every error answer. `code` is stable: see `province.store.Turned`."""

    code: str
    detail: str = ""


class Released(msgspec.Struct, kw_only=True):
    """A verdict released by a person, with the clear identity the province files it under.

    `seq` is the journal entry `results.released`; `verdict` the id in the journal.
    """

    seq: int
    release: str
    verdict: str
    candidate: str
    name: str
    number: str
    trade: str
    day: str
    theory: str | None
    practical: str | None
    passed: bool
    code: str
    held: bool
    """Comes from a roster loaded by hand that the province has not confirmed."""
    provincial: dict[str, str] = {}


class Claim(msgspec.Struct, kw_only=True):
    """A row loaded by hand and confirmed by a second person: the site asks the province to confirm it."""

    seq: int
    roster: str
    candidate: str
    name: str
    number: str
    subject: str
    trade: str
    starts_at: datetime
    ticket_number: str = ""


class Clear(msgspec.Struct, kw_only=True):
    """The part of a parcel with personal data. It travels sealed to the province's key."""

    released: list[Released] = []
    claims: list[Claim] = []


_messages: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_receipts = msgspec.json.Decoder(Receipt)


def sign(signer: Signer, message: Message | Receipt) -> Signed:
    """Sign as the province."""
    body = _canonical(message)
    return Signed(body=body.decode(), signature=signer.sign(body).hex())


def _checked(signed: Signed, key: bytes) -> bytes:
    """The signed bytes. `key`: PEM of the province's certificate or public key."""
    body = signed.body.encode()
    try:
        signature = bytes.fromhex(signed.signature)
    except ValueError:
        signature = b""
    if not verify(key, signature, body):
        raise Corrupt(
            "bad_signature",
            N_("The signature of the province does not fit."),
            N_("Nothing was taken in. Ask the province, and check the file named in province.key."),
        )
    return body


def open_message(signed: Signed, key: bytes, site: str) -> Message:
    """Check the signature and the addressee, then read. Raises Corrupt."""
    body = _checked(signed, key)
    message = _decode(body, _messages)
    if message.site != site:
        raise Corrupt(
            "other_site",
            N_("The message is meant for site {site}."),
            N_("Nothing was taken in. Ask the province."),
            site=message.site,
        )
    return message


def open_receipt(signed: Signed, key: bytes) -> Receipt:
    """Check the signature, then read. Raises Corrupt."""
    return _decode(_checked(signed, key), _receipts)


def _decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise Corrupt(
            "bad_message",
            N_("A message of the province cannot be read: {detail}"),
            N_("Nothing was taken in. Ask the province."),
            detail=str(error),
        ) from error
