"""What the reference province knows: its keys, its sites, the parcels it holds, the messages it has for a
site.

Everything is in one folder: `authority/` and `keys/` (made at the first start), `province.db`, `parcels/`.
The file `keys/province.pem` (signing certificate and X25519 public key) is what a site gets as
`province.key`.
"""

import hashlib
import hmac
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from appliance.base import crypto
from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import Corrupt
from appliance.base.ids import new_id
from appliance.records.base import instant
from appliance.records.journal import GENESIS
from appliance.wire.sealed import about
from sync import envelope
from sync.messages import (
    Claim,
    Clear,
    ConfirmedRow,
    ConfirmRows,
    Message,
    PaperKey,
    Receipt,
    Released,
    Roster,
    SealedPapers,
    Signed,
    sign,
)
from sync.province.sealing import Source, make_file, new_code

SCHEMA = """
CREATE TABLE IF NOT EXISTS site (code TEXT PRIMARY KEY, authority TEXT NOT NULL, token_hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS parcel (
  site TEXT, epoch TEXT, number INTEGER, sha256 TEXT NOT NULL, first_seq INTEGER, last_seq INTEGER,
  last_hash TEXT NOT NULL, entries INTEGER, received_at TEXT, receipt TEXT NOT NULL, clear TEXT NOT NULL,
  deliveries INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (site, epoch, number));
CREATE TABLE IF NOT EXISTS refusal (site TEXT, at TEXT, sha256 TEXT, code TEXT, detail TEXT);
CREATE TABLE IF NOT EXISTS message (
  n INTEGER PRIMARY KEY, id TEXT UNIQUE, site TEXT, signed TEXT NOT NULL, taken_at TEXT);
CREATE TABLE IF NOT EXISTS file (site TEXT, sha256 TEXT, body BLOB NOT NULL, PRIMARY KEY (site, sha256));
"""


NOT_BEFORE = timedelta(minutes=15)
"""How long before the start a key may be used."""


class Turned(Exception):
    """The province does not take something. `status` is the HTTP status, `code` stable:

    401 bad_token; 403 unknown_site; 422 bad_format, bad_certificate, bad_signature, bad_chain, bad_secret,
    wrong_address; 409 gap (not the next number, or it does not join the parcel before), other_bytes (the
    number is taken by a parcel with other bytes); and whatever the control endpoint was told to say.
    """

    def __init__(self, status: int, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


class Held(msgspec.Struct, kw_only=True):
    """A parcel the province holds. `deliveries`: how often the same bytes came; one receipt was ever made."""

    site: str
    epoch: str
    number: int
    sha256: str
    first_seq: int
    last_seq: int
    entries: int
    received_at: str
    deliveries: int


class Refusal(msgspec.Struct, kw_only=True):
    """A parcel that was refused."""

    site: str
    at: str
    sha256: str
    code: str
    detail: str


class Province:
    """The far end without its network."""

    def __init__(self, folder: Path, hosts: list[str] | None = None, clock: Clock | None = None) -> None:
        self.folder = folder
        self.clock = clock or SystemClock()
        self._make_keys(hosts or ["localhost", "127.0.0.1"])
        self._signer = crypto.Signer.load(folder / "keys" / "province.key")
        private = load_pem_private_key((folder / "keys" / "sealing.key").read_bytes(), None)
        assert isinstance(private, x25519.X25519PrivateKey)
        self._private = private
        self._lock = threading.Lock()
        self._db = sqlite3.connect(folder / "province.db", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)
        self.refuse_next: list[str] = []
        """Codes with which the next new parcels are refused, whatever they hold (control endpoint)."""

    def close(self) -> None:
        """Close the store."""
        self._db.close()

    def _make_keys(self, hosts: list[str]) -> None:
        if (self.folder / "keys" / "province.pem").exists():
            return
        authority, keys = self.folder / "authority", self.folder / "keys"
        keys.mkdir(parents=True, exist_ok=True)
        crypto.new_authority(authority, "reference province authority")
        crypto.new_leaf(authority, keys, "tls", hosts, server=True)
        crypto.new_leaf(authority, keys, "province")
        private = x25519.X25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        crypto.write_secret(keys / "sealing.key", pem)
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        whole = (keys / "province.pem").read_bytes() + public
        (keys / "province.new").write_bytes(whole)
        (keys / "province.new").rename(keys / "province.pem")

    def register(self, site: str, authority: str, token: str) -> None:
        """Put a site's authority certificate (PEM) and bearer token on record."""
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        self._db.execute("INSERT OR REPLACE INTO site VALUES (?, ?, ?)", (site, authority, digest))

    def admit(self, site: str, token: str) -> None:
        """Is this the site's token? Raises Turned."""
        row = self._db.execute("SELECT token_hash FROM site WHERE code = ?", (site,)).fetchone()
        if row is None:
            raise Turned(403, "unknown_site", site)
        if not hmac.compare_digest(row["token_hash"], hashlib.sha256(token.encode()).hexdigest()):
            raise Turned(401, "bad_token")

    def take(self, site: str, epoch: str, number: int, file: bytes) -> tuple[Signed, bool]:
        """Check and keep a parcel; returns its receipt and whether it is new. Raises Turned.

        The same bytes again give the stored receipt, bit by bit.
        """
        digest = hashlib.sha256(file).hexdigest()
        key = (site, epoch, number)
        with self._lock:
            held = self._db.execute(
                "SELECT sha256, receipt FROM parcel WHERE site = ? AND epoch = ? AND number = ?", key
            ).fetchone()
            if held and held["sha256"] == digest:
                self._db.execute(
                    "UPDATE parcel SET deliveries = deliveries + 1"
                    " WHERE site = ? AND epoch = ? AND number = ?",
                    key,
                )
                return msgspec.json.decode(held["receipt"], type=Signed), False
            try:
                if held:
                    raise Turned(409, "other_bytes", "this number is taken")
                return self._take_new(key, file, digest), True
            except Turned as turned:
                at = instant(self.clock.now())
                self._db.execute(
                    "INSERT INTO refusal VALUES (?, ?, ?, ?, ?)",
                    (site, at, digest, turned.code, turned.detail),
                )
                raise

    def _take_new(self, key: tuple[str, str, int], file: bytes, digest: str) -> Signed:
        site, epoch, number = key
        if self.refuse_next:
            raise Turned(422, self.refuse_next.pop(0), "told to refuse")
        authority = self._db.execute("SELECT authority FROM site WHERE code = ?", (site,)).fetchone()
        if authority is None:
            raise Turned(403, "unknown_site", site)
        try:
            content = envelope.verify(file, authority["authority"].encode())
            clear = envelope.decrypt(content, self._private)
        except Corrupt as error:
            raise Turned(422, error.code, str(error.params.get("detail", ""))) from error
        if (content.site, content.epoch, content.number) != key:
            raise Turned(422, "wrong_address", content.key)
        self._check_place(content)
        now = self.clock.now()
        receipt = Receipt(
            site=site,
            epoch=epoch,
            number=number,
            parcel=digest,
            entries=len(content.entries),
            last_seq=content.last_seq,
            last_hash=content.last_hash,
            received_at=now,
        )
        signed = sign(self._signer, receipt)
        path = self.folder / "parcels" / site / epoch / f"{number:08d}.parcel"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file)
        self._db.execute(
            "INSERT INTO parcel (site, epoch, number, sha256, first_seq, last_seq, last_hash, entries,"
            " received_at, receipt, clear) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *key,
                digest,
                content.first_seq,
                content.last_seq,
                content.last_hash,
                len(content.entries),
                instant(now),
                msgspec.json.encode(signed).decode(),
                msgspec.json.encode(clear).decode(),
            ),
        )
        return signed

    def _check_place(self, content: envelope.Content) -> None:
        """The next number of its epoch, joined to a parcel that is held. A new epoch (after a restored
        backup) joins any parcel of the site."""
        rows = self._db.execute(
            "SELECT epoch, number, sha256, last_seq, last_hash FROM parcel WHERE site = ?", (content.site,)
        ).fetchall()
        newest = max((row["number"] for row in rows if row["epoch"] == content.epoch), default=0)
        if content.number != newest + 1:
            raise Turned(409, "gap", f"expected number {newest + 1}")
        if content.number > 1:
            rows = [row for row in rows if row["epoch"] == content.epoch and row["number"] == newest]
        joins = [row for row in rows if row["sha256"] == content.previous]
        if joins:
            if not envelope.follows(content, joins[0]["sha256"], joins[0]["last_seq"], joins[0]["last_hash"]):
                raise Turned(409, "gap", "entries do not join the parcel before")
        elif content.number > 1 or content.first_seq != 1 or content.previous != GENESIS:
            raise Turned(409, "gap", "does not join the parcel before")

    def send(self, message: Message) -> None:
        """Sign a message and keep it until the site reports it as taken in."""
        signed = msgspec.json.encode(sign(self._signer, message)).decode()
        self._db.execute(
            "INSERT INTO message (id, site, signed) VALUES (?, ?, ?)", (message.id, message.site, signed)
        )

    def waiting(self, site: str) -> list[Signed]:
        """What the site has not taken in."""
        rows = self._db.execute(
            "SELECT signed FROM message WHERE site = ? AND taken_at IS NULL ORDER BY n LIMIT 20", (site,)
        )
        return [msgspec.json.decode(row["signed"], type=Signed) for row in rows]

    def seal(
        self, site: str, room: str, starts_at: datetime, what: Literal["papers", "bank"], source: Source
    ) -> str:
        """Make sealed papers for a sitting of a roster that was sent; returns the code. Raises Turned."""
        numbers = self._expected(site, room, starts_at)
        code = new_code()
        file = make_file(source, what, len(numbers), code, about(site, room, starts_at, what))
        message = SealedPapers(
            id=new_id(),
            site=site,
            issued_at=self.clock.now(),
            room=room,
            starts_at=starts_at,
            what=what,
            file=self.keep_file(site, file),
            size=len(file),
            not_before=starts_at - NOT_BEFORE,
            numbers=numbers if what == "papers" else [],
        )
        self.send(message)
        return code

    def send_key(self, site: str, room: str, starts_at: datetime, code: str) -> None:
        """Let a site open what was sealed for one of its sittings."""
        now = self.clock.now()
        self.send(PaperKey(id=new_id(), site=site, issued_at=now, room=room, starts_at=starts_at, code=code))

    def _expected(self, site: str, room: str, starts_at: datetime) -> list[str]:
        """The numbers of everybody some roster expects at a theory sitting."""
        found: list[str] = []
        for row in self._db.execute("SELECT signed FROM message WHERE site = ? ORDER BY n", (site,)):
            body = msgspec.json.decode(row["signed"], type=Signed).body
            message = msgspec.json.decode(body, type=Message)
            if not isinstance(message, Roster):
                continue
            codes = {
                one.code
                for one in message.sittings
                if (one.subject, one.room, one.starts_at) == ("theory", room, starts_at)
            }
            found += [one.number for one in message.rows if codes and codes & set(one.sittings or codes)]
        if not found:
            raise Turned(422, "no_roster", room)
        return list(dict.fromkeys(found))

    def keep_file(self, site: str, body: bytes) -> str:
        """Keep a file a message will speak of; returns its SHA-256."""
        name = hashlib.sha256(body).hexdigest()
        self._db.execute("INSERT OR IGNORE INTO file VALUES (?, ?, ?)", (site, name, body))
        return name

    def file(self, site: str, name: str) -> bytes:
        """A file for a site. Raises Turned."""
        row = self._db.execute("SELECT body FROM file WHERE site = ? AND sha256 = ?", (site, name)).fetchone()
        if row is None:
            raise Turned(404, "no_file", name)
        return bytes(row["body"])

    def taken(self, site: str, message: str, at: datetime) -> None:
        """The site has taken a message in."""
        self._db.execute(
            "UPDATE message SET taken_at = ? WHERE id = ? AND site = ? AND taken_at IS NULL",
            (instant(at), message, site),
        )

    def held(self) -> list[Held]:
        """Every parcel the province holds."""
        rows = self._db.execute(
            "SELECT site, epoch, number, sha256, first_seq, last_seq, entries, received_at, deliveries"
            " FROM parcel ORDER BY site, last_seq"
        )
        return [Held(**dict(row)) for row in rows]

    def refusals(self) -> list[Refusal]:
        """Every refusal, oldest first."""
        return [Refusal(**dict(row)) for row in self._db.execute("SELECT * FROM refusal ORDER BY rowid")]

    def clear(self, site: str) -> Clear:
        """All released results and claims of a site, in clear."""
        released: list[Released] = []
        claims: list[Claim] = []
        rows = self._db.execute("SELECT clear FROM parcel WHERE site = ? ORDER BY last_seq", (site,))
        for row in rows:
            part = msgspec.json.decode(row["clear"], type=Clear)
            released += part.released
            claims += part.claims
        return Clear(released=released, claims=claims)

    def confirm(self, site: str) -> int:
        """Confirm every row the site has claimed; returns how many the message names."""
        rows = [
            ConfirmedRow(number=claim.number, subject=claim.subject, starts_at=claim.starts_at)  # type: ignore[arg-type]
            for claim in self.clear(site).claims
        ]
        if rows:
            self.send(ConfirmRows(id=new_id(), site=site, issued_at=self.clock.now(), rows=rows))
        return len(rows)

    def take_folder(self, folder: Path) -> tuple[int, int]:
        """A USB stick from a site: take its parcels, leave receipts and messages. Returns (taken, turned
        away).

        The layout is that of `sync.carriers.usb`.
        """
        taken = turned = 0
        sites = set()
        for path in sorted((folder / "parcels").glob("*/*/*.parcel")):
            site, epoch, number = path.parts[-3], path.parts[-2], int(path.stem)
            sites.add(site)
            receipts = folder / "receipts" / site / epoch
            receipts.mkdir(parents=True, exist_ok=True)
            try:
                signed, _new = self.take(site, epoch, number, path.read_bytes())
            except Turned as error:
                turned += 1
                refusal = {"code": error.code, "detail": error.detail}
                (receipts / f"{path.stem}.refusal.json").write_bytes(msgspec.json.encode(refusal))
                continue
            taken += 1
            (receipts / f"{path.stem}.json").write_bytes(msgspec.json.encode(signed))
        for site in sites:
            for n, signed in enumerate(self.waiting(site)):
                place = folder / "messages" / site
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{n:06d}.json").write_bytes(msgspec.json.encode(signed))
            for row in self._db.execute("SELECT sha256, body FROM file WHERE site = ?", (site,)):
                place = folder / "files" / site
                place.mkdir(parents=True, exist_ok=True)
                (place / row["sha256"]).write_bytes(row["body"])
        return taken, turned
