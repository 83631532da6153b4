"""The parcel (上报数据包): a sealed run of the journal that anyone can check. Pure: bytes in, bytes out.

A parcel's file is three lines of text and a compressed document:

    examsite-parcel 1
    SIGNATURE     Ed25519 (RFC 8032) over line 1 and everything after line 2; 128 hexadecimal digits
    CERTIFICATE   of the signing process, X.509 DER in Base64, issued by the site authority
    gzip(JSON)    `Content`, keys sorted, no time in the gzip header

Chain of trust: file -> certificate of the process -> site authority, whose certificate the province has on
record. Chain of content: `previous` is the SHA-256 of the parcel before, `before` the hash of the journal
entry before the first one. The hash of every entry is recomputed from its text. Whoever holds parcels 1..n
holds the whole journal.

Journal bodies hold no personal data. What the province needs of it (names and numbers of released results)
travels in `secret`: HPKE (RFC 9180; X25519, HKDF-SHA256, AES-256-GCM) to the province's public key, bound to
the parcel's key. Nobody else can read it, not on a USB stick and not on the box's own disk.
"""

import base64
import binascii
import gzip
import hashlib
import re
import zlib
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.base.crypto import Signer
from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.records.journal import GENESIS, entry_hash
from sync.messages import Clear

MAGIC = b"examsite-parcel 1\n"
LIMIT = 64 * 1024 * 1024
"""Bytes a parcel may unfold to; more is refused before it is unfolded."""

_HEX = re.compile(rb"[0-9a-f]{128}")
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Entry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A journal entry as it is stored; its previous hash is that of the entry before."""

    seq: int
    at: str
    mark: str
    kind: str
    subject: str
    actor: str
    body: str
    hash: str


class Content(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a parcel says. Key: (site, epoch, number)."""

    site: str
    mark: str
    """DEMO on demo sites."""
    epoch: str
    number: int
    """1, 2, 3 ... without holes in an epoch."""
    first_seq: int
    last_seq: int
    previous: str
    """SHA-256 of the file of the parcel before, of whichever epoch; zeros for a site's first."""
    before: str
    """Hash of the journal entry first_seq - 1; zeros when there is none."""
    sealed_at: datetime
    entries: list[Entry]
    secret: str = ""
    """`Clear`, encrypted to the province, Base64; empty when the entries release nothing."""

    @property
    def key(self) -> str:
        """The parcel's key as text."""
        return f"{self.site}/{self.epoch}/{self.number}"

    @property
    def last_hash(self) -> str:
        """Hash of the last entry."""
        return self.entries[-1].hash


class Sealed(msgspec.Struct, kw_only=True):
    """A parcel's file, its SHA-256 and its signature (both hexadecimal)."""

    file: bytes
    sha256: str
    signature: str


def seal(content: Content, signer: Signer, certificate: bytes) -> Sealed:
    """Encode and sign. The same content gives the same bytes. `certificate`: PEM of the signer's key."""
    document = gzip.compress(msgspec.json.encode(content, order="sorted"), compresslevel=6, mtime=0)
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    rest = base64.b64encode(der) + b"\n" + document
    signature = signer.sign(MAGIC + rest).hex()
    file = MAGIC + signature.encode() + b"\n" + rest
    return Sealed(file=file, sha256=hashlib.sha256(file).hexdigest(), signature=signature)


def verify(file: bytes, authority: bytes) -> Content:
    """Check a parcel from its bytes alone. `authority`: PEM of the site authority.

    Raises Corrupt with one of the codes bad_format, bad_certificate, bad_signature, bad_chain.
    """
    if not file.startswith(MAGIC):
        raise _corrupt("bad_format", "first line")
    signature, _, rest = file[len(MAGIC) :].partition(b"\n")
    line, _, document = rest.partition(b"\n")
    if not _HEX.fullmatch(signature):
        raise _corrupt("bad_format", "signature line")
    certificate = _certificate(line, authority)
    key = certificate.public_key()
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise _corrupt("bad_certificate", "not an Ed25519 key")
    try:
        key.verify(bytes.fromhex(signature.decode()), MAGIC + rest)
    except InvalidSignature as error:
        raise _corrupt("bad_signature", "signature") from error
    content = _content(document)
    if not certificate.not_valid_before_utc <= content.sealed_at <= certificate.not_valid_after_utc:
        raise _corrupt("bad_certificate", "not valid when the parcel was sealed")
    _check_chain(content)
    return content


def read(file: bytes) -> Content:
    """The content without any check of the signature: for one's own files, whose SHA-256 is known."""
    return _content(file[len(MAGIC) :].partition(b"\n")[2].partition(b"\n")[2])


def follows(content: Content, previous: str, last_seq: int, last_hash: str) -> bool:
    """Does the parcel join the one before (its file's SHA-256, its last entry's seq and hash)?"""
    return content.previous == previous and content.first_seq == last_seq + 1 and content.before == last_hash


def encrypt(clear: Clear, recipient: x25519.X25519PublicKey, key: str) -> str:
    """Seal personal data to the province. `key`: the parcel's key, so that it fits no other parcel."""
    sealed = _SUITE.encrypt(msgspec.json.encode(clear), recipient, info=_info(key))
    return base64.b64encode(sealed).decode()


def decrypt(content: Content, private: x25519.X25519PrivateKey) -> Clear:
    """Open `secret` as the province. Raises Corrupt (bad_secret)."""
    if not content.secret:
        return Clear()
    try:
        sealed = base64.b64decode(content.secret, validate=True)
        return msgspec.json.decode(_SUITE.decrypt(sealed, private, info=_info(content.key)), type=Clear)
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise _corrupt("bad_secret", "personal data") from error


def _info(key: str) -> bytes:
    return b"examsite-parcel 1 " + key.encode()


def _certificate(line: bytes, authority: bytes) -> x509.Certificate:
    issuer = x509.load_pem_x509_certificate(authority)
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(line, validate=True))
        certificate.verify_directly_issued_by(issuer)
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except Exception as error:  # the X.509 parser has a dozen kinds of errors for strangers' bytes
        raise _corrupt("bad_certificate", "not issued by the site authority") from error
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    if basic.ca or not usage.digital_signature or [name.value for name in names] != ["sync"]:
        raise _corrupt("bad_certificate", "not the certificate of the sync process")
    return certificate


def _content(document: bytes) -> Content:
    unfold = zlib.decompressobj(wbits=31)
    try:
        text = unfold.decompress(document, LIMIT)
        if unfold.unconsumed_tail or not unfold.eof or unfold.unused_data:
            raise _corrupt("bad_format", "compressed part")
        return msgspec.json.decode(text, type=Content)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _corrupt("bad_format", str(error)) from error


def _check_chain(content: Content) -> None:
    previous, expected = content.before, content.first_seq
    if content.first_seq == 1 and content.before != GENESIS:
        raise _corrupt("bad_chain", "start")
    for entry in content.entries:
        digest = entry_hash(
            previous, entry.seq, entry.at, entry.mark, entry.kind, entry.subject, entry.actor, entry.body
        )
        if entry.seq != expected or entry.hash != digest or entry.mark != content.mark:
            raise _corrupt("bad_chain", f"entry {expected}")
        previous, expected = entry.hash, expected + 1
    if not content.entries or expected != content.last_seq + 1 or content.number < 1:
        raise _corrupt("bad_chain", "length")


def _corrupt(code: str, detail: str) -> Corrupt:
    return Corrupt(
        code,
        N_("The parcel does not hold: {detail}."),
        N_("Keep it as it is and call the inspector."),
        detail=detail,
    )
