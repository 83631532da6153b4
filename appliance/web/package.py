"""An evidence package is made: recordings with their proofs, stills, records as PDF, and a signed list of it all.

One ZIP, nothing compressed: recordings and pictures are already, and so it is as fast as the disk.
"""

import asyncio
import base64
import hashlib
import shutil
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.base.crypto import Signer, fingerprint, read_secret
from appliance.base.errors import Corrupt, ExamError, NotFound, Refused, Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.sockets import ask, ask_stream
from appliance.flow.box import Box, keys
from appliance.flow.camera_views import camera_codes
from appliance.flow.cameras import names_of
from appliance.flow.look import append_fact
from appliance.flow.package_facts import PORTRAYED, Facts, package_facts
from appliance.flow.seen import Seen, joined
from appliance.web.camera_alarms import ALARMS
from appliance.web.clip_export import journaled, patiently
from appliance.web.package_known import known_of
from appliance.web.package_words import showing, told
from appliance.web.package_zip import Package, Progress
from appliance.wire import evidence as wire
from appliance.wire.playback import GetCopy
from appliance.wire.proof import broken_sources, copy_at_end, proof_at_end, sealing
from appliance.wire.recorder import CameraSpan, Clip, ClipHead, FindClips, Found, GetClip, Kept
from appliance.wire.sheets import RoomAlarm

LONGEST = timedelta(hours=8)
NAMED = 20
"""Broken recordings the journal names; the package's list names all."""
PIECE = timedelta(hours=2)
"""A longer recording is several files."""
COPY = timedelta(minutes=30)
"""The longest copy exam-clips makes at once."""
SHORT = timedelta(seconds=2)
"""A film may begin or end by so much beside the time asked for without anything missing."""
PLAIN: frozenset[Kept] = frozenset({"open", "closed"})
"""Recordings that need no word about how they came into the store."""
AGAIN = 20
"""Times a recording that broke off is asked for again: a disk that gives ever less is not read to its end."""
SPARE = 2 * 10**9
"""Bytes that stay free on the disk the exam itself needs."""


class Wanted(msgspec.Struct, kw_only=True):
    """What is to be in it. `copies`: with the time in the picture, besides the originals."""

    cameras: list[str]
    start: datetime
    end: datetime
    copies: bool = False


class Made(msgspec.Struct, kw_only=True):
    """A finished package."""

    bytes: int
    files: int
    manifest: str
    """SHA-256 of the signed list."""
    gaps: int
    left_out: list[wire.LeftOut]
    """What belongs into it and could not be had."""
    broken: list[wire.Broken]
    """Recordings that were not as recorded when they were put into it."""


async def check_wanted(box: Box, wanted: Wanted) -> None:
    """Raises Refused or Corrupt for what cannot be made."""
    if not wanted.start < wanted.end <= wanted.start + LONGEST:
        raise Refused(
            "bad_package_times",
            N_("A package ends after it begins and covers at most {hours} hours."),
            N_("Correct the times."),
            hours=int(LONGEST.total_seconds() // 3600),
        )
    unknown = set(wanted.cameras) - await box.db.read(camera_codes, box)
    if unknown:
        raise Corrupt(
            "unknown_camera",
            N_("There is no camera {camera}."),
            N_("Reload the page."),
            camera=" ".join(sorted(unknown)),
        )


async def make_package(
    box: Box,
    seen: Seen,
    wanted: Wanted,
    actor: str,
    by: str,
    target: Path,
    progress: Progress,
    name: str = "",
) -> Made:
    """Make it at `target`. Both the asking and the outcome are journaled. `by`: the name of who asks, as printed;
    `name`: the package's, where it is to be given out under another one than the file's.
    """
    await check_wanted(box, wanted)
    subject = seen.candidate or seen.id
    asked = {
        "of": seen.sort,
        "id": seen.id,
        "cameras": wanted.cameras,
        "from": wanted.start.isoformat(),
        "to": wanted.end.isoformat(),
        "copies": wanted.copies,
    }
    asked |= {} if actor.startswith("account:") else {"by": by}
    await box.db.write(append_fact, box, "package.requested", subject, actor, asked)
    facts = await box.db.read(package_facts, box, seen, wanted.start, wanted.end, by)
    known = await box.db.read(known_of, box, subject, spans(seen, wanted))
    found = Found(clips=[], gaps=[])
    for span in spans(seen, wanted):
        request = FindClips(cameras=[span.camera], start=span.start, end=span.end)
        part = await ask(box.settings.socket("clips"), request, Found, 20.0)
        found.clips += part.clips
        found.gaps += part.gaps
        found.alarms += [one for one in part.alarms if one not in found.alarms]
    package = Package(target, box, progress)
    package.total = sum(one.bytes for one in found.clips)
    _require_room(box, target, package.total * (2 if wanted.copies else 1))
    progress(0, package.total)
    await _recordings(package, box, found.clips, wanted)
    await _stills(package, box, facts)
    sheet = _sheet(box, seen, wanted, facts, found, package, by, name or target.name)
    sheet = msgspec.structs.replace(sheet, held=known.held, before=known.before)
    for number, violation in enumerate(facts.violations, 1):
        lying = msgspec.structs.replace(violation, within=showing(package.files, violation.happened_at))
        body = await asyncio.to_thread(_print, "violation_record", lying)
        await package.put(_file(f"records/violation-{number}.pdf", "record"), body)
    await package.put(
        _file("records/journal.pdf", "record"), await asyncio.to_thread(_print, "evidence_records", sheet)
    )
    await package.put(_file("cover.pdf", "cover"), await asyncio.to_thread(_print, "evidence_cover", sheet))
    manifest = signed_manifest(box, seen, wanted, facts, found, package, actor)
    await package.close(manifest)
    made = Made(
        bytes=target.stat().st_size,
        files=len(package.files),
        manifest=hashlib.sha256(manifest).hexdigest(),
        gaps=len(found.gaps),
        left_out=package.left_out,
        broken=package.broken,
    )
    outcome = {**asked, "manifest": made.manifest, "bytes": made.bytes, "files": made.files}
    photos = sum(bool(one.photo) for one in package.files)
    outcome |= {"photos": photos} if photos else {}
    outcome |= {"left_out": len(made.left_out)} if made.left_out else {}
    outcome |= {"broken": [f"{one.code} {one.source}" for one in made.broken[:NAMED]]} if made.broken else {}
    await box.db.write(append_fact, box, "package.exported", subject, actor, outcome)
    return made


def spans(seen: Seen, wanted: Wanted) -> list[CameraSpan]:
    """Which camera when: as long as it saw what this is about, within the time asked for; joined where they meet."""
    stays = [one for visit in seen.visits for one in visit.stays]
    found = joined(stays, wanted.start, wanted.end)
    return [span for camera in wanted.cameras for span in found if span.camera == camera]


def unseen(seen: Seen, wanted: Wanted) -> list[wire.Unseen]:
    """Where nobody was recorded, because no camera looks there."""
    stays = [one for visit in seen.visits for one in visit.stays if not one.cameras]
    found = [
        wire.Unseen(
            kind=one.kind,
            name=one.name,
            start=max(one.start, wanted.start),
            end=min(one.end or wanted.end, wanted.end),
        )
        for one in stays
    ]
    return [one for one in found if one.start < one.end]


def _require_room(box: Box, target: Path, size: int) -> None:
    free = shutil.disk_usage(target.parent).free
    exams = target.parent.stat().st_dev == box.settings.state.stat().st_dev
    spare = SPARE if exams else 0
    if free < size + spare:
        raise Unavailable(
            "no_room_for_package",
            N_("The box's disk has no room for this package: it needs {need} MB, {free} MB are free."),
            N_("Choose a shorter time or fewer cameras; or write it to another disk with examsite."),
            need=(size + spare) // 10**6,
            free=free // 10**6,
        )


def _file(path: str, kind: wire.FileKind, **more: Any) -> wire.PackageFile:
    return wire.PackageFile(path=path, kind=kind, bytes=0, sha256="", **more)


def _print(name: str, facts: Any) -> bytes:
    made: bytes = getattr(import_module("appliance.reports"), name)(facts)
    return made


def pieces(clips: list[Clip], longest: timedelta) -> list[Clip]:
    """Stretches no longer than `longest`, in order of time."""
    found = []
    for clip in sorted(clips, key=lambda one: (one.start, one.camera)):
        at = clip.start
        while at < clip.end:
            until = min(clip.end, at + longest)
            found.append(Clip(camera=clip.camera, start=at, end=until, bytes=0, run=clip.run))
            at = until
    return found


async def _recordings(package: Package, box: Box, clips: list[Clip], wanted: Wanted) -> None:
    for one in pieces(clips, PIECE):
        await _recording(package, box, one, "clip")
    for one in pieces(clips, COPY) if wanted.copies else []:
        await _recording(package, box, one, "copy")


def _path(box: Box, kind: wire.FileKind, camera: str, start: datetime, end: datetime | None = None) -> str:
    """`end`: of what could not be had."""
    stem = f"{camera}-{box.local(start):%Y%m%d-%H%M%S}"
    stem += f"-to-{box.local(end):%H%M%S}" if end else ""
    return f"copies/{stem}-copy.mp4" if kind == "copy" else f"clips/{stem}.mp4"


async def _recording(package: Package, box: Box, clip: Clip, kind: wire.FileKind) -> None:
    """One stretch. exam-clips ends a film before a file that cannot be read: what lies behind it is asked for again,
    and what is between is named. One that turns out so while it is read breaks the film off, and it is asked for again.
    """
    at, again = clip.start, 0
    while clip.end - at > (SHORT if at > clip.start else timedelta()):
        try:
            head = await _film(package, box, msgspec.structs.replace(clip, start=at), kind)
        except (NotFound, Corrupt) as error:
            _left_out(package, box, clip, kind, at, clip.end, error.code)
            return
        if head is None and (again := again + 1) <= AGAIN:
            continue  # exam-clips knows the file now, and ends before it
        if head is None:
            _left_out(package, box, clip, kind, at, clip.end, "segment_unreadable")
            return
        if head.start - at > SHORT:
            _left_out(package, box, clip, kind, at, head.start, "segment_unreadable")
        at = head.end


def _left_out(
    package: Package, box: Box, clip: Clip, kind: wire.FileKind, start: datetime, end: datetime, code: str
) -> None:
    path = _path(box, kind, clip.camera, start, end)
    one = wire.LeftOut(path=path, code=code, camera=clip.camera, start=start, end=end)
    package.left_out.append(one)


async def _film(package: Package, box: Box, clip: Clip, kind: wire.FileKind) -> ClipHead | None:
    """One film of it; None: it broke off, nothing of it is in the package."""
    asked: GetClip | GetCopy = GetCopy(camera=clip.camera, start=clip.start, end=clip.end, run=clip.run)
    if kind == "clip":
        asked = GetClip(camera=clip.camera, start=clip.start, end=clip.end, run=clip.run, proof=True)
    socket = box.settings.socket("clips")
    asked = await journaled(box, asked)
    head, chunks = await patiently(lambda: ask_stream(socket, asked, ClipHead, timeout=120.0))
    path = package.free(_path(box, kind, clip.camera, max(clip.start, head.start)))
    file = _file(path, kind, camera=head.camera, start=head.start, end=head.end)
    try:
        last = await package.stream(file, chunks)
    except Corrupt as error:
        if error.code != "segment_unreadable":
            raise
        return None
    finally:
        await chunks.aclose()
    stated, copied = proof_at_end(last), copy_at_end(last)
    file.film = stated.film if stated else copied.original if copied else ""
    file.lost = copied.lost if copied else 0
    file.kept = sorted(one.state for one in stated.sources if one.state not in PLAIN) if stated else []
    package.sources += stated.sources if stated else []
    package.broken += [
        wire.Broken(path=path, source=one.path, code=one.found) for one in broken_sources(stated)
    ]
    return head


async def _stills(package: Package, box: Box, facts: Facts) -> None:
    for number, one in enumerate(facts.sealed, 1):
        path = f"{'photos' if one.photo else 'stills'}/{number:03d}-{one.path}-{box.local(one.at):%H%M%S}"
        try:
            body = await asyncio.to_thread(box.files.get, one.name, True)
        except ExamError as error:
            package.left_out.append(wire.LeftOut(path=path, code=error.code))
            continue
        ending = "json" if one.kind == "screen" else "png" if body[:4] == b"\x89PNG" else "jpg"
        more = {"camera": one.camera, "start": one.at, "end": one.at, "photo": one.photo}
        await package.put(_file(f"{path}.{ending}", one.kind, **more), body)


def _sheet(
    box: Box, seen: Seen, wanted: Wanted, facts: Facts, found: Found, package: Package, by: str, name: str
) -> wire.EvidenceSheet:
    names = names_of(box.settings)
    return wire.EvidenceSheet(
        heading=wire.PlainHeading(
            site_code=box.site.code,
            site_name=box.site_name,
            demo=box.site.demo,
            timezone=box.settings.site.timezone,
            made_at=box.now(),
            made_by=by,
        ),
        name=seen.name,
        more=seen.more,
        start=wanted.start,
        end=wanted.end,
        files=package.files,
        gaps=found.gaps,
        alarms=[
            RoomAlarm(
                camera=names.get(one.camera, one.camera), start=one.start, end=one.end, what=ALARMS[one.kind]
            )
            for one in found.alarms
        ],
        left_out=package.left_out,
        broken=package.broken,
        sealing=sealing(package.sources),
        unseen=unseen(seen, wanted),
        idle=sorted(set(wanted.cameras) - {one.camera for one in spans(seen, wanted)}),
        cameras={code: names.get(code, code) for code in wanted.cameras},
        lines=told(facts, package.files),
        portrayed=seen.sort in PORTRAYED,
        package=name,
        authority=fingerprint(read_secret(keys(box.settings) / "authority.pem")),
        journal_seq=facts.journal_seq,
        journal_hash=facts.journal_hash,
    )


def signed_manifest(
    box: Box, seen: Seen, wanted: Wanted, facts: Facts, found: Found, package: Package, actor: str
) -> bytes:
    """The JSON of a SignedManifest."""
    stated = wire.Manifest(
        site=box.site.code,
        site_name=box.site_name,
        mark="DEMO" if box.site.demo else "",
        zone=box.settings.site.timezone,
        of=seen.sort,
        id=seen.id,
        candidate=seen.candidate,
        asked_start=wanted.start.astimezone(UTC),
        asked_end=wanted.end.astimezone(UTC),
        cameras=wanted.cameras,
        files=package.files,
        gaps=found.gaps,
        alarms=found.alarms,
        left_out=package.left_out,
        broken=package.broken,
        sealing=sealing(package.sources),
        journal_seq=facts.journal_seq,
        journal_hash=facts.journal_hash,
        made_at=datetime.now(UTC),  # by the clock the key's certificate was made by
        made_by=actor,
    )
    body = msgspec.json.encode(stated)
    certificate = x509.load_pem_x509_certificate(read_secret(keys(box.settings) / f"{wire.PROCESS}.pem"))
    signer = Signer.load(keys(box.settings) / f"{wire.PROCESS}.key")
    signed = wire.SignedManifest(
        body=body.decode(),
        signature=signer.sign(body).hex(),
        certificate=base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
    )
    return msgspec.json.encode(signed)


def scratch(box: Box) -> Path:
    """A fresh name for a package on the box."""
    folder = scratch_folder(box)
    folder.mkdir(mode=0o750, exist_ok=True)
    return folder / f"{new_id()}.zip"


def scratch_folder(box: Box) -> Path:
    """Where packages for pages lie until they are fetched."""
    return box.settings.state / "packages"
