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
from appliance.flow.display import display
from appliance.flow.last_of_lane import last_of_lane
from appliance.flow.screen_codes import screens
from appliance.flow.security_check import SECURITY
from appliance.rules import entry_screen
from appliance.rules.entry_screen import Decided
from appliance.voice.announce import load, sound_file
from appliance.voice.prompts import SAID, TOLD, Prompt
from appliance.web.ops import sources_of
from appliance.web.pages import page
from appliance.web.screens import WAITING
from appliance.web.sessions import needs
from appliance.wire.gate import GetView, View

Asked = Request[Who, Any, Any]


@get("/")
async def display_page(request: Asked, box: NamedDependency[Box]) -> Template:
    """The waiting-room display."""
    return page(request, "display.html", display=await box.db.read(display, box), coded=_coded(box))


@get("/now")
async def display_now(request: Asked, box: NamedDependency[Box]) -> Template:
    """The part that changes."""
    return page(request, "display_now.html", display=await box.db.read(display, box), coded=_coded(box))


def _coded(box: Box) -> bool:
    """Does a camera look at the waiting display?"""
    return WAITING in screens(box.settings)


async def _entry(request: Asked, box: Box, name: str, lane: str) -> Template:
    sources = sources_of(request, box)
    await sources.refresh()
    state = next((one for one in sources.lanes if one.lane == lane), None)
    if state is None:
        raise NotFound("no_lane", N_("There is no lane {lane}."), N_("Check the configuration."), lane=lane)
    found = await box.db.read(last_of_lane, box, lane)
    tap = found.shown if found else None
    now, put = box.now(), state.last_tap_at
    last = (
        Decided(
            age=(now - (tap.decided_at or tap.at)).total_seconds(),
            result=tap.decision or tap.result,
            ticket=bool(tap.ticket),
            gate=tap.gate,
            waits=tap.case_open,
            security=tap.code == SECURITY and tap.case_open,
        )
        if tap
        else None
    )
    shown = entry_screen.shown(
        last=last,
        fire=any("fire" in one.alarms for one in sources.lanes),
        reader=state.reader,
        camera=state.camera,
        newer=(now - put).total_seconds() if put and (found is None or put > found.newest) else None,
    )
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
