"""A clip that proves itself: at the end of the MP4 lies a `uuid` box with a signed account of what it is.

Players skip the box (ISO/IEC 14496-12, 4.2: unknown boxes are ignored). It holds the JSON of SignedProof: what
exam-clips states (ClipProof), the Ed25519 signature of its key, and that key's certificate. Chain of trust: file
-> key of `clips` -> site authority, whose certificate the province has on record. So a clip is checked with the
file and that one certificate, on any machine: `verify_clip`.
"""

import base64
import binascii
import hashlib
import logging
import os
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Literal, get_args

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.base.crypto import Signer, certified_key, read_secret, verify
from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.base.site import read_site
from appliance.wire.playback import CopyProof, Written
from appliance.wire.proof import BOX, broken_names, broken_sources, sealing
from appliance.wire.recorder import Check, CheckedFile, ClipProof, Sealing, SignedProof
from appliance.wire.seals import SealedHead
from cameras.clips.cut import Cut
from cameras.clips.film import Locate, Piece, Span, spoiled, unreadable
from cameras.clips.links import Links
from cameras.index import Segment
from cameras.integrity import CHUNK, stated

log = logging.getLogger("examsite.clips")
PROCESS = "clips"
Code = Literal[
    "no_proof",
    "altered",
    "bad_signature",
    "bad_certificate",
    "source_altered",
    "source_row_altered",
    "source_missing",
    "source_unreadable",
]
SOURCE: dict[str, Code] = {
    "altered": "source_altered",
    "row_altered": "source_row_altered",
    "missing": "source_missing",
    "unreadable": "source_unreadable",
}


class ClipFinding(msgspec.Struct, kw_only=True):
    """What does not hold about a clip. `path`: the clip, or the file of the store it was cut from."""

    code: Code
    camera: str
    path: str


class ClipVerified(msgspec.Struct, kw_only=True):
    """The JSON of `recordings verify-clip`; `clip`: what is stated, None when nothing could be read; `sealing`: what is
    stated of the seals over its recordings, None when nothing is, or nobody of this site signed it.
    """

    ok: bool
    checked: int
    findings: list[ClipFinding]
    clip: ClipProof | CopyProof | None
    sealing: Sealing | None = None


class Proven:
    """A clip with its proof, made while it is read: every file it is cut from is read from one end to the other, held
    against the hash of its recording, and its part given on. Nothing is written.
    """

    def __init__(
        self,
        settings: Settings,
        made: Cut,
        start: datetime,
        end: datetime,
        locate: Locate,
        links: Links | None = None,
        heads: Sequence[SealedHead] = (),
    ) -> None:
        """`start`, `end`: as asked for. `links`: rows are held against the chain. `heads`: seals the journal knows.
        Raises NotFound without a key for proofs.
        """
        folder = settings.state / "keys"
        self._signer = Signer.load(folder / f"{PROCESS}.key")
        certificate = x509.load_pem_x509_certificate(read_secret(folder / f"{PROCESS}.pem"))
        self._der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        self._made, self._locate, self._links, self._heads = made, locate, links, heads
        site = read_site(settings.state)
        names = {camera.code: camera.name for camera in settings.cameras}
        self._stated = ClipProof(
            site=site.code,
            site_name=site.name,
            mark="DEMO" if site.demo else "",
            zone=settings.site.timezone,
            camera=made.head.camera,
            camera_name=names.get(made.head.camera, made.head.camera),
            asked_start=start,
            asked_end=end,
            start=made.head.start,
            end=made.head.end,
            film="0" * 64,
            film_bytes=made.film.size,
            sources=[stated(segment, max(get_args(Check), key=len)) for segment in made.segments],
            made_at=datetime.max.replace(tzinfo=UTC),
        )
        for one in self._stated.sources if links else []:
            one.sealed = self._stated.made_at
        self.written: Written | None = None
        """What all of it was, once it has been read."""
        # How long the proof will be is said before it is made: blanks at its end make up what it is shorter by.
        self._room = len(self._text())
        size = made.film.size + 4 + len(BOX) + self._room
        self.head = msgspec.structs.replace(made.head, bytes=size)

    def _text(self) -> bytes:
        body = msgspec.json.encode(self._stated)
        signature = self._signer.sign(body).hex()
        return msgspec.json.encode(
            SignedProof(body=body.decode(), signature=signature, certificate=self._der)
        )

    def read(self) -> Iterator[Piece]:
        """The clip's bytes, `head.bytes` in all. Each view is good until the next is asked for."""
        film = hashlib.sha256(self._made.film.front)
        yield self._made.film.front
        given = len(self._made.film.front)
        spans = list(self._made.film.spans)
        found: list[CheckedFile] = []
        buffers = bytearray(CHUNK), bytearray(CHUNK)
        with ThreadPoolExecutor(1) as pool:
            for segment in self._made.segments:
                path = self._made.paths.get(segment.id)
                mine = [span for span in spans if span.path == path]
                whole = hashlib.sha256()
                size = taken = 0
                pending: Future[None] | None = None
                for block in _blocks(self._now(segment, path), buffers):
                    if pending:
                        pending.result()
                    # Two hashes at once: of the file as a whole here, of the film's part of it below.
                    pending = pool.submit(whole.update, block)
                    for piece in _inside(mine, size, block):
                        film.update(piece)
                        taken += len(piece)
                        yield piece
                    size += len(block)
                if pending:
                    pending.result()
                if taken != sum(span.size for span in mine):
                    raise unreadable(segment.path)  # it has become shorter since its index was read
                given += taken
                same = size == segment.bytes and whole.hexdigest() == segment.sha256
                seen: Check = "open" if segment.end is None else "whole" if same else "altered"
                found.append(stated(segment, seen))
                if self._links:
                    # First the seal, then whether it holds: one that is made in between is not told of.
                    found[-1].sealed = self._links.sealed(segment) if segment.end else None
                    found[-1].found = self._links.judged(segment, seen, self._heads)
        self._stated.sources, self._stated.film = found, film.hexdigest()
        for one in broken_sources(self._stated):
            log.error("%s is not as recorded: %s; a clip cut from it says so", one.path, one.found)
        self._stated.made_at = datetime.now(UTC)
        text = self._text().ljust(self._room)
        box = struct.pack(">I", 4 + len(BOX) + len(text)) + BOX + text
        film.update(box)
        yield box
        broken = broken_names(self._stated)
        self.written = Written(bytes=given + len(box), sha256=film.hexdigest(), broken=broken)

    def _now(self, segment: Segment, path: Path | None) -> Path:
        """Where it lies now: the archive may have moved it since it was cut."""
        return path if path and path.exists() else self._locate(segment)


def _blocks(path: Path, buffers: tuple[bytearray, bytearray]) -> Iterator[memoryview]:
    """In turns in one buffer and the other: each block is good until the one after the next. (New memory for every
    block costs as much as a hash.)
    """
    try:
        with open(path, "rb", buffering=0) as source:
            for buffer in cycle(buffers):
                if not (length := source.readinto(buffer)):
                    return
                yield memoryview(buffer)[:length]
    except OSError as error:
        raise spoiled(path) from error


def _inside(spans: list[Span], at: int, block: memoryview) -> Iterator[memoryview]:
    """The parts of a block that begins at `at` of a file which lie within spans of it."""
    for span in spans:
        first, last = max(span.at, at), min(span.at + span.size, at + len(block))
        if first < last:
            yield block[first - at : last - at]


def require_authority(authority: bytes) -> None:
    """Raises Corrupt when it is no certificate in PEM."""
    try:
        x509.load_pem_x509_certificate(authority)
    except ValueError as error:
        raise Corrupt(
            "bad_authority",
            N_("The certificate of the site's authority cannot be read."),
            N_("Ask the site, or the province, for the file authority.pem."),
        ) from error


def verify_clip(path: Path, authority: bytes) -> ClipVerified:
    """Check a downloaded clip, or a copy with the time in the picture. `authority`: PEM of the site authority.

    Raises NotFound when there is no such file, Corrupt when it is no film at all (not_a_clip) or when `authority`
    is no certificate (bad_authority).
    """
    require_authority(authority)
    found = ClipVerified(ok=False, checked=1, findings=[], clip=None)
    signed, film_bytes, after = _read(path)
    if signed is None:
        found.findings.append(ClipFinding(code="no_proof", camera="", path=str(path)))
        return found
    stated = _stated(signed.body)
    if stated is None:
        found.findings.append(ClipFinding(code="bad_signature", camera="", path=str(path)))
        return found
    found.clip = stated
    codes: list[Code] = []
    try:
        key = certified_key(_base64(signed.certificate), authority, PROCESS, stated.made_at)
        if not verify(key, bytes.fromhex(signed.signature), signed.body.encode()):
            codes.append("bad_signature")
    except ValueError:
        codes.append("bad_signature")
    except Corrupt:
        codes.append("bad_certificate")
    if isinstance(stated, ClipProof) and not codes:  # what nobody signed is not handed on
        found.sealing = sealing(stated.sources)
    if after or film_bytes != stated.film_bytes or _film(path, film_bytes) != stated.film:
        codes.append("altered")
    found.findings += [ClipFinding(code=code, camera=stated.camera, path=str(path)) for code in codes]
    for one in stated.sources if isinstance(stated, ClipProof) else []:
        if code := SOURCE.get(one.found):
            found.findings.append(ClipFinding(code=code, camera=one.camera, path=one.path))
    found.ok = not found.findings
    return found


def _stated(body: str) -> ClipProof | CopyProof | None:
    try:
        return msgspec.json.decode(body, type=ClipProof)
    except msgspec.DecodeError:
        pass  # not a clip: perhaps a copy
    try:
        return msgspec.json.decode(body, type=CopyProof)
    except msgspec.DecodeError:
        return None


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _film(path: Path, length: int) -> str:
    """SHA-256 of the first `length` bytes."""
    digest = hashlib.sha256()
    with open(path, "rb") as source:
        while length and (chunk := source.read(min(CHUNK, length))):
            digest.update(chunk)
            length -= len(chunk)
    return digest.hexdigest()


def _read(path: Path) -> tuple[SignedProof | None, int, int]:
    """The proof in a file, the bytes before it and the bytes after it; None when there is none to be read.

    The box is looked for by its name and not box by box from the front: a film altered there has a proof, too.
    """
    try:
        with open(path, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            if size < 12:
                raise _no_clip(path)
            at = _last_box(source.fileno(), size)
            if at < 4:
                if os.pread(source.fileno(), 4, 4) != b"ftyp":
                    raise _no_clip(path)
                return None, size, 0
            (length,) = struct.unpack(">I", os.pread(source.fileno(), 4, at - 4))
            if at - 4 + length > size:
                return None, at - 4, 0  # cut off
            text = os.pread(source.fileno(), max(0, length - 4 - len(BOX)), at + len(BOX))
    except OSError as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(path)
        ) from error
    try:
        return msgspec.json.decode(text, type=SignedProof), at - 4, max(0, size - (at - 4 + length))
    except msgspec.DecodeError:
        return None, at - 4, 0


def _last_box(file: int, size: int) -> int:
    """Where `BOX` begins last; -1: nowhere. Read and not mapped: an unreadable sector must not end the process."""
    for start in range((size - 1) // CHUNK * CHUNK, -1, -CHUNK):
        at = os.pread(file, CHUNK + len(BOX) - 1, start).rfind(BOX)
        if at >= 0:
            return start + at
    return -1


def _no_clip(path: Path) -> Corrupt:
    return Corrupt(
        "not_a_clip",
        N_("{path} is no recording."),
        N_("Name a clip that was downloaded from the inspector's page."),
        path=str(path),
    )
