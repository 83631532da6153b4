"""The recordings of one candidate from the gate to the way out: what there is, what is missing and why,
and whether every file is as it was recorded.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from appliance.base.crypto import fingerprint, read_secret
from appliance.base.errors import ExamError
from appliance.base.evidence_words import wrong
from appliance.base.i18n import _
from appliance.base.sockets import ask, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.bad_checks import STRETCHES, BadCheck, earlier, seal_text, stretches
from appliance.flow.box import Box, keys
from appliance.flow.cameras import names_of
from appliance.flow.look import note_look
from appliance.flow.note_seals import heads_of
from appliance.flow.whereabouts import Stay, stays
from appliance.web.camera_alarms import ALARMS
from appliance.web.checks import Check, checks
from appliance.web.pages import page
from appliance.wire.recorder import (
    AlarmSpan,
    CameraSpan,
    CheckedFile,
    Clip,
    FindClips,
    Found,
    Gap,
    SpanHead,
    VerifySpans,
)
from appliance.wire.seals import SealedHead

Asked = Request[Who, Any, Any]
PIECE = timedelta(minutes=10)
"""Recordings are offered in pieces of this length."""
FRESH = 3.0
"""Seconds for which a check of the files serves everybody who opens a page: longer, and it told of the past."""
WIDTH = 1000.0
"""Units of the time bar."""
LEAST = 4.0
"""A mark is never narrower: a lost second must be seen."""
DAMAGED = ("altered", "row_altered", "missing", "unreadable")
NAMED = 20
"""Damaged files named in the journal; their number is told in any case."""


class Mark(msgspec.Struct):
    """Something drawn on a bar. `kind`: recorded, gap, damaged, alarm."""

    kind: str
    x: float
    width: float


class Row(msgspec.Struct):
    """One camera during one stay."""

    camera: str
    name: str
    marks: list[Mark]
    pieces: list[Clip]
    gaps: list[Gap]
    alarms: list[tuple[AlarmSpan, str]]
    """With words for what was wrong."""
    damaged: list[CheckedFile]
    recorded_s: float


class Place(msgspec.Struct):
    """One stay, up to now, with what its cameras have of it."""

    stay: Stay
    end: datetime
    rows: list[Row]


class Files(msgspec.Struct):
    """What came of reading the files again."""

    whole: int
    damaged: list[CheckedFile]
    open: int
    elsewhere: int
    """Moved to a place that is not read for this."""
    deleted: int
    """By order, after their date."""
    doubtful: list[CheckedFile]
    """Hashed only when a crash or a lost index was put right."""
    seals: int
    """Seals of the journal that were held against the chain."""
    broken: list[SealedHead]
    """Those the chain does not have."""
    unsealed: list[CheckedFile] = []
    """Whole files that ended after the newest seal of their camera: no signature lies over them yet."""
    unread: int = 0
    """Those nobody knows of: the disk does not give the chain's file."""

    @property
    def closed(self) -> int:
        """Files that have a hash to be held against."""
        return self.whole + len(self.damaged)


class Lost(msgspec.Struct):
    """All gaps together, how many cameras there are, and how many places without one."""

    count: int
    seconds: int
    cameras: int
    blind: int


def called(files: Iterable[CheckedFile | SealedHead], names: dict[str, str]) -> str:
    """Their cameras, each once, as people call them."""
    return _(", ").join(dict.fromkeys(names[one.camera] for one in files))


def lost(found: list[Place]) -> Lost:
    """The gaps of all stays, each once."""
    gaps = together(gap for place in found for row in place.rows for gap in row.gaps)
    seconds = sum(lasted(gap) for gap in gaps)
    cameras = {row.camera for place in found for row in place.rows}
    return Lost(len(gaps), seconds, len(cameras), sum(not place.stay.cameras for place in found))


def lasted(gap: Gap) -> int:
    """Its seconds, from the second it begins in to that it ends in: as the page writes both."""
    return int(gap.end.timestamp()) - int(gap.start.timestamp())


def together(gaps: Iterable[Gap]) -> list[Gap]:
    """Those of stays that lie over one another: what two of them tell of one camera is one gap. Pure."""
    found: list[Gap] = []
    for gap in sorted(gaps, key=lambda one: (one.camera, one.start)):
        before = found[-1] if found else gap
        meets = before is not gap and before.camera == gap.camera and gap.start <= before.end
        if meets and (gap.cause == before.cause or gap.end <= before.end):
            before.end = max(before.end, gap.end)
        else:
            found.append(msgspec.structs.replace(gap))
    return sorted(found, key=lambda one: (one.start, one.camera))


def bar(stay_start: datetime, stay_end: datetime, kind: str, start: datetime, end: datetime) -> Mark:
    """A stretch on the time bar of a stay."""
    length = max((stay_end - stay_start).total_seconds(), 0.001)
    first = max(0.0, (start - stay_start).total_seconds() / length * WIDTH)
    last = min(WIDTH, (end - stay_start).total_seconds() / length * WIDTH)
    width = min(max(last - first, LEAST), WIDTH)
    return Mark(kind, round(min(first, WIDTH - width), 2), round(width, 2))


def pieces(clips: list[Clip]) -> list[Clip]:
    """Stretches cut into pieces that can be watched; a crumb at the end goes with the piece before it."""
    found: list[Clip] = []
    for clip in clips:
        at = clip.start
        while at < clip.end:
            until = clip.end if clip.end - at < PIECE * 1.2 else at + PIECE
            found.append(msgspec.structs.replace(clip, start=at, end=until, bytes=0))
            at = until
    return found


async def places(box: Box, wanted: list[Stay], damaged: list[CheckedFile]) -> list[Place]:
    """Every stay with the recordings of its cameras."""
    names = names_of(box.settings)
    found = []
    for stay in wanted:
        end = min(stay.end or box.now(), box.now())
        place = Place(stay, max(end, stay.start), [])
        found.append(place)
        if not stay.cameras or end <= stay.start:
            continue
        asked = FindClips(cameras=stay.cameras, start=stay.start, end=end)
        seen = await ask(box.settings.socket("clips"), asked, Found)
        for camera in stay.cameras:
            clips = [one for one in seen.clips if one.camera == camera]
            gaps = [one for one in seen.gaps if one.camera == camera]
            bad = [
                one
                for one in damaged
                if one.camera == camera and one.start < end and (one.end or end) >= stay.start
            ]
            marks = [bar(stay.start, end, "recorded", one.start, one.end) for one in clips]
            marks += [bar(stay.start, end, "gap", one.start, one.end) for one in gaps]
            alarms = [(one, _(ALARMS[one.kind])) for one in seen.alarms if one.camera == camera]
            marks += [bar(stay.start, end, "alarm", one.start, one.end or end) for one, _what in alarms]
            marks += [bar(stay.start, end, "damaged", one.start, one.end or end) for one in bad]
            seconds = sum((one.end - one.start).total_seconds() for one in clips)
            place.rows.append(
                Row(camera, names.get(camera, camera), marks, pieces(clips), gaps, alarms, bad, seconds)
            )
    return found


def unsealed(files: Iterable[CheckedFile], heads: Iterable[SealedHead]) -> list[CheckedFile]:
    """Whole files no seal of the journal lies over yet. Pure."""
    newest: dict[str, datetime] = {}
    for one in heads:
        newest[one.camera] = max(one.at, newest.get(one.camera, one.at))
    return [
        one
        for one in files
        if one.found == "whole" and not (one.end and one.camera in newest and one.end <= newest[one.camera])
    ]


async def read_again(check: Check, box: Box, wanted: list[Stay], candidate: str, who: Who) -> Files:
    """Have every file of these stays read and held against its hash; what came of it is journaled."""
    spans = [
        CameraSpan(camera=camera, start=stay.start, end=stay.end or box.now())
        for stay in wanted
        for camera in stay.cameras
    ]
    heads: list[SealedHead] = []
    if spans:
        since = min(span.start for span in spans)
        heads = await box.db.read(heads_of, sorted({span.camera for span in spans}), since)
    request = VerifySpans(spans=spans, heads=heads)
    head, frames = await ask_stream(box.settings.socket("clips"), request, SpanHead, timeout=20.0)
    done, every = 0, []
    check.progress(0, head.files)
    async for frame in frames:
        every.append(msgspec.msgpack.decode(frame, type=CheckedFile))
        done += 1
        check.progress(done, head.files)
    files = Files(
        whole=sum(one.found == "whole" for one in every),
        damaged=[one for one in every if one.found in DAMAGED],
        elsewhere=sum(one.found == "elsewhere" for one in every),
        deleted=sum(one.found == "deleted" for one in every),
        open=sum(one.found == "open" for one in every),
        doubtful=[one for one in every if one.state in ("recovered", "adopted")],
        seals=len(heads) - head.unread,
        broken=head.broken,
        unsealed=unsealed(every, [one for one in heads if one not in head.broken]),
        unread=head.unread,
    )
    named = stretches(files.damaged)
    body = {
        "files": files.closed,
        "whole": files.whole,
        "elsewhere": files.elsewhere,
        "deleted": files.deleted,
        "damaged": [f"{one.found} {one.path}" for one in files.damaged[:NAMED]],
        "stretches": [one.text() for one in named[:STRETCHES]],
        "more": max(0, len(named) - STRETCHES),
        "seals": files.seals,
        "broken": [seal_text(one) for one in files.broken[:NAMED]],
        "unread": files.unread,
    }
    check.result = files  # shown even when the journal cannot be written now
    await box.db.write(note_look, box, "recordings.verified", candidate, who, body)
    return files


async def check_of(
    request: Asked, box: Box, wanted: list[Stay], subject: str, again: bool = False, of: str = ""
) -> Check:
    """The check of the files of these stays, shared by every page that shows it. `of`: the one a page waits for."""
    # One stay more, or one that is over now, is another check.
    times = " ".join(f"{at:%Y%m%dT%H%M}" if at else "" for stay in wanted for at in (stay.start, stay.end))
    return await checks(request, box).get(
        f"files {subject} {times}",
        lambda check: read_again(check, box, wanted, subject, request.user),
        FRESH,
        again,
        worth=0,
        of=of,
    )


async def found_before(box: Box, subject: str, wanted: list[Stay], check: Check | None) -> list[BadCheck]:
    """What earlier checks found of these stays, besides what this one finds."""
    files: Files | None = check.result if check else None
    now, broken = (files.damaged, files.broken) if files else ([], [])
    return await box.db.read(earlier, box, subject, wanted, now, broken)


@get("/{candidate:str}/recordings")
async def inspection_recordings(
    request: Asked,
    box: NamedDependency[Box],
    candidate: FromPath[str],
    again: FromQuery[bool] = False,
    of: FromQuery[str] = "",
) -> Template:
    """The block of the page: bars, clips, gaps, and the proof of the files."""
    wanted = await box.db.read(stays, box, candidate)
    files = await check_of(request, box, wanted, candidate, again, of)
    found: list[Place] = []
    # What does not hold stays marked while it is read again.
    marked: Files | None = files.result or files.before
    problem: ExamError | None = files.error
    try:
        found = await places(box, wanted, marked.damaged if marked else [])
    except ExamError as error:
        problem = error
    return page(
        request,
        "recordings.html",
        candidate=candidate,
        places=found,
        lost=lost(found),
        check=files,
        problem=problem,
        bad=await found_before(box, candidate, wanted, files),
        names=names_of(box.settings),
        wrong=wrong,
        called=called,
        lasted=lasted,
        authority=fingerprint(read_secret(keys(box.settings) / "authority.pem")),
        leaving_min=box.settings.recorder.leaving_min,
    )
