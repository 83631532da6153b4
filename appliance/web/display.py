"""What stands in public: the waiting-room display and the entry screens. Masked names, never a reason."""

import asyncio
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.base.sockets import ask
from appliance.faces.prompts import SENTENCES
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.desk import last_of_lane
from appliance.flow.display import display
from appliance.flow.security_check import SECURITY
from appliance.voice.announce import load, sound_file
from appliance.voice.prompts import SAID, TOLD, Prompt
from appliance.web.ops import sources_of
from appliance.web.pages import page
from appliance.web.sessions import needs
from appliance.wire.gate import GetView, View

Asked = Request[Who, Any, Any]
ADMIT_S = 8
LOOK_S = 12
"""Seconds for which the entry screen shows a decision."""


@get("/")
async def display_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """The waiting-room display."""
    return page(request, "display.html", display=await box.db.read(display, box))


@get("/now")
async def display_now(request: Asked, box: NamedDependency[Box]) -> Template:
    """The part that changes."""
    return page(request, "display_now.html", display=await box.db.read(display, box))


async def _entry(request: Asked, box: Box, name: str, lane: str) -> Template:
    sources = sources_of(request, box)
    await sources.refresh()
    state = next((one for one in sources.lanes if one.lane == lane), None)
    if state is None:
        raise NotFound("no_lane", N_("There is no lane {lane}."), N_("Check the configuration."), lane=lane)
    tap = await box.db.read(last_of_lane, box, lane)
    shown = "card"
    if tap is not None:
        result = tap.decision or tap.result
        age = (box.now() - (tap.decided_at or tap.at)).total_seconds()
        if result == "admit" and age < ADMIT_S and tap.ticket:
            # Nobody is sent to a gate that may be closed.
            shown = "staff" if tap.gate in ("unknown", "not_done") else "go"
        elif age < LOOK_S or (tap.case_open and age < 30):
            shown = "security" if tap.code == SECURITY and tap.case_open else "staff"
    if any("fire" in one.alarms for one in sources.lanes):
        shown = "fire"
    elif shown == "card":
        if "silent" in (state.reader, state.camera) or state.reader in ("missing", "fault"):
            shown = "closed"
        elif state.camera == "busy":
            shown = "face"
        elif state.reader == "busy":
            shown = "hold"
    say = (state.prompt or "look") if shown == "face" else shown if shown in TOLD else ""
    return page(
        request, name, lane=state, tap=tap, shown=shown, told=SENTENCES.get(state.prompt, ""), say=say
    )


@get("/{lane:str}")
async def entry_page(request: Asked, box: NamedDependency[Box], lane: FromPath[str]) -> Template:
    """The entry screen of a lane: what do I do now?"""
    return await _entry(request, box, "entry.html", lane)


@get("/{lane:str}/now")
async def entry_now(request: Asked, box: NamedDependency[Box], lane: FromPath[str]) -> Template:
    """The part that changes."""
    return await _entry(request, box, "entry_now.html", lane)


@get("/{lane:str}/say/{code:str}")
async def entry_sound(box: NamedDependency[Box], lane: FromPath[str], code: FromPath[str]) -> Response[bytes]:
    """What the entry screen says (WAV), spoken once and kept. NotFound for a sentence there is none of."""
    if code not in SAID | TOLD:
        raise NotFound("no_sound", N_("There is nothing to say for {name}."), N_("Show it only."), name=code)
    voice = box.settings.voice
    sounds = box.settings.state / "sounds"

    def spoken() -> bytes:
        return sound_file(load(voice.engine, voice.speed), Prompt(code), sounds, voice.speed).read_bytes()

    return Response(await asyncio.to_thread(spoken), media_type="audio/wav")


@get("/{lane:str}/camera.jpg", guards=[needs("display", "entry")], opt={"passive": True})
async def entry_view(box: NamedDependency[Box], lane: FromPath[str]) -> Response[bytes]:
    """What the lane's camera sees, for the person before it and only while the face is looked at. Kept nowhere."""
    seen = await ask(box.settings.socket("gate"), GetView(lane), View, timeout=1.0)
    headers = {"cache-control": "no-store"}
    if not seen.picture:
        return Response(b"", status_code=204, headers=headers)
    return Response(seen.picture, media_type="image/jpeg", headers=headers)


HANDLERS = [
    Router(
        path="/display",
        guards=[needs("display", "waiting", "chief")],
        route_handlers=[display_page, display_now],
    ),
    Router(
        path="/entry",
        guards=[needs("display", "entry", "chief")],
        route_handlers=[entry_page, entry_now, entry_sound, entry_view],
    ),
]
