"""The changing codes in a candidate's recordings: one recorded picture of each minute read again and held against the
journal, camera by camera.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from appliance.base.sockets import Chunks, ask_stream
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.screen_codes import Look, judge_looks
from appliance.flow.whereabouts import Stay, stays
from appliance.web.checks import Check, checks
from appliance.web.clip_export import patiently
from appliance.web.pages import page
from appliance.wire.recorder import CameraSpan
from appliance.wire.screens import ReadScreens, ScreenRead, ScreensHead

Asked = Request[Who, Any, Any]
AT_ONCE = timedelta(minutes=30)
REST = timedelta(seconds=25)
"""A last minute of which less is asked for need have no picture; in a part of its own it would be asked for one."""
FRESH = 300.0
"""Seconds for which one reading serves everybody who opens the page."""
Progress = Callable[[int, int], None]


class Codes(msgspec.Struct, kw_only=True):
    """One camera with a screen in its view, during the visits: pictures looked at, and how many of them proved what.

    `dark`: minutes without a picture, `unread` those of them of which a file is there, or was, that does not give it;
    `wrong`: a code of another screen, or none of this site's.
    """

    camera: str
    name: str
    looked: int
    dark: int
    unread: int
    right: int
    missing: int
    late: int
    wrong: int


async def looks_at(
    box: Box, span: CameraSpan, screen: str, progress: Progress = lambda _done, _total: None
) -> tuple[list[Look], Counter[str]]:
    """What exam-clips reads in one recorded picture of each minute, and of how many minutes there is no picture, by the
    reason (code of an error; empty: nothing was recorded).
    """
    found: list[Look] = []
    dark: Counter[str] = Counter()
    minutes = 0
    whole = windows_of(span)
    for number, asked in enumerate(whole, 1):
        head, frames = await _asked(box, asked)
        minutes += head.minutes
        async for frame in frames:
            seen = msgspec.msgpack.decode(frame, type=ScreenRead)
            if seen.problem:
                dark[seen.problem] += 1
            else:
                found.append(Look(camera=span.camera, screen=screen, at=seen.at, numbers=seen.numbers))
            progress(len(found) + dark.total(), minutes * len(whole) // number)
    dark[""] = max(0, minutes - len(found) - dark.total())
    return found, +dark


async def _asked(box: Box, asked: ReadScreens) -> tuple[ScreensHead, Chunks]:
    """What lies in object storage is fetched first."""
    clips = box.settings.socket("clips")
    return await patiently(lambda: ask_stream(clips, asked, ScreensHead, timeout=30.0))


def windows_of(span: CameraSpan) -> list[ReadScreens]:
    """No more at once than may have to be fetched, each ending with a minute. Pure."""
    found, at = [], span.start
    while at < span.end:
        until = at.replace(second=0, microsecond=0) + AT_ONCE
        until = span.end if span.end - until < REST else until
        found.append(ReadScreens(camera=span.camera, start=at, end=until))
        at = until
    return found


def with_screens(box: Box) -> dict[str, str]:
    """Cameras that have a screen in their view -> its name."""
    return {one.code: one.screen for one in box.settings.cameras if one.screen}


def spans_of(wanted: list[Stay], known: dict[str, str], now: datetime) -> list[CameraSpan]:
    """Each of these cameras as long as it saw the candidate; stays that meet are one. On the way out nobody waits for
    a screen: it may be dark by then.
    """
    found: list[CameraSpan] = []
    newest: dict[str, CameraSpan] = {}
    for stay in sorted(wanted, key=lambda one: one.start):
        end = min(stay.end or now, now)
        for camera in [one for one in stay.cameras if one in known] if stay.kind != "exit" else []:
            before = newest.get(camera)
            if before and stay.start <= before.end:
                before.end = max(before.end, end)
            elif stay.start < end:
                newest[camera] = CameraSpan(camera=camera, start=stay.start, end=end)
                found.append(newest[camera])
    return found


async def _read(check: Check, box: Box, wanted: list[Stay]) -> list[Codes]:
    known, names = with_screens(box), {one.code: one.name for one in box.settings.cameras}
    counts: dict[str, Counter[str]] = {}
    for span in spans_of(wanted, known, box.now()):
        looks, dark = await looks_at(box, span, known[span.camera], check.progress)
        judged = await box.db.read(judge_looks, box, looks)
        count = counts.setdefault(span.camera, Counter())
        count.update(one.verdict for one in judged)
        count["dark"] += dark.total()
        count["unread"] += dark.total() - dark[""]
    return [
        Codes(
            camera=camera,
            name=names.get(camera, camera),
            looked=count.total() - count["dark"] - count["unread"],
            dark=count["dark"],
            unread=count["unread"],
            right=count["ok"],
            missing=count["missing"],
            late=count["late"],
            wrong=count["other"] + count["unknown"],
        )
        for camera, count in counts.items()
    ]


@get("/{candidate:str}/screens")
async def inspection_screens(
    request: Asked, box: NamedDependency[Box], candidate: FromPath[str], again: FromQuery[bool] = False
) -> Template:
    """The block of the page."""
    wanted = await box.db.read(stays, box, candidate)
    check = await checks(request, box).get(
        f"screens {candidate}", lambda one: _read(one, box, wanted), FRESH, again
    )
    return page(request, "screens_seen.html", candidate=candidate, check=check)
