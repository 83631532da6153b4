"""A whole simulated camera: discovery, ONVIF, RTSP, picture, and a control socket to unplug it."""

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import msgspec

from appliance.base import sockets
from appliance.base.site import require_demo
from appliance.wire.simulators import CameraDid, GetCamera, SetCamera
from cameras import wsdiscovery
from cameras.simulator import http_server, replay, rtsp_server, soap, soap_media2
from cameras.simulator.card import Card
from cameras.simulator.kinds import Authentication, Codec, Media, Scene, Sound
from cameras.simulator.picture import CRF, PictureSource
from cameras.simulator.responder import Responder
from cameras.simulator.scene import Room
from cameras.simulator.sound import SoundSource


class Traits(msgspec.Struct, kw_only=True):
    """How one simulated camera is. Port 0 = a free one; `skew`: seconds its clock is ahead of the true
    time.
    """

    code: str = "SIM"
    title: str = ""
    scene: Scene = "theory"
    host: str = "127.0.0.1"
    port: int = 0
    rtsp_port: int = 0
    user: str = "admin"
    password: str = ""
    authentication: Authentication = "both"
    skew: float = 0.0
    fps: int = 10
    key_every: float = 1.0
    crf: int = CRF
    """Constant quality of the encoder, 0 (best) to 51: sets the bit rate."""
    codec: Codec = "h264"
    sound: Sound = "none"
    media: Media = "both"
    advertise: str = ""
    """Host named in ONVIF answers instead of the true one, as cameras behind an address translation do."""
    empty_options: bool = False
    events: bool = True
    """Does it have ONVIF's events?"""
    second: bool = False
    """Has it a second, smaller stream?"""
    card: float = 0.0
    """Minutes of pictures its card holds; 0 = it has none, and no Profile G."""
    discovery_port: int = wsdiscovery.PORT
    """0 = not found by discovery."""
    fixed_message: str = ""
    control: Path | None = None


class SimulatedCamera:
    """Start it, stop it, plug and unplug it. Refuses to be made on a production site."""

    def __init__(self, traits: Traits) -> None:
        require_demo()
        self.traits = traits
        self.plugged = False
        self.discovered = False
        """Does it answer discovery?"""
        self.source = PictureSource(
            Room(traits.code, traits.title, traits.scene),
            self.now,
            traits.fps,
            traits.key_every,
            traits.crf,
            traits.codec,
        )
        self.second = self._second_source() if traits.second else None
        self.endpoint = (
            f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{traits.host}:{traits.port}:{traits.code}')}"
        )
        self.card = Card(self.source, traits.card)
        self.sound = SoundSource(traits.code, traits.sound, self.now) if traits.sound != "none" else None
        self.rtsp = rtsp_server.RtspServer(
            self.source, traits.user, traits.password, self.second, self.card, self.sound
        )
        self._soap = soap.Camera(
            base="",
            stream="",
            snapshot="",
            user=traits.user,
            password=traits.password,
            authentication=traits.authentication if traits.user else "none",
            serial=traits.code,
            fps=traits.fps,
            key_every=traits.key_every,
            empty_options=traits.empty_options,
            codec=traits.codec,
            media=traits.media,
            events=traits.events,
        )
        self.http = http_server.HttpServer(self._soap, self.now, self._jpeg, self.card)
        self.http.set_clock = self._set_clock
        self.responder = Responder(self._match, traits.fixed_message)
        self._control: asyncio.Server | None = None

    def _second_source(self) -> PictureSource:
        """The same room, smaller."""
        traits, size, fps = self.traits, soap_media2.SECOND_SIZE, soap_media2.SECOND_FPS
        room, drawing = self.source.room, self.source.drawing
        return PictureSource(room, self.now, fps, 1.0, traits.crf, traits.codec, size, drawing)

    def now(self) -> datetime:
        """The camera's own clock."""
        return datetime.now(UTC) + timedelta(seconds=self.traits.skew)

    @property
    def address(self) -> str:
        """HOST:PORT of its device service."""
        host = "127.0.0.1" if self.traits.host == "0.0.0.0" else self.traits.host
        return f"{host}:{self.http.port}"

    async def start(self) -> None:
        """Plug in and open the control socket."""
        await self.plug()
        if self.traits.control:
            self._control = await sockets.serve(
                self.traits.control, {SetCamera: self.change, GetCamera: self._get}
            )

    async def stop(self) -> None:
        """Disappear for good."""
        await self.unplug()
        self.card.stop()
        self.source.stop()
        if self.sound:
            self.sound.stop()
        if self.second:
            self.second.stop()
        if self._control:
            self._control.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def plug(self) -> None:
        """Serve, on the same ports as before."""
        if self.plugged:
            return
        await self.rtsp.start(self.traits.host, self.traits.rtsp_port)
        await self.http.start(self.traits.host, self.traits.port)
        host = self.traits.advertise or self.address.rpartition(":")[0]
        self._soap.base = f"http://{host}:{self.http.port}"
        self.http.events.base = self._soap.base
        self._soap.stream = f"rtsp://{host}:{self.rtsp.port}{rtsp_server.PATH}"
        if self.second:
            self._soap.second = f"rtsp://{host}:{self.rtsp.port}{rtsp_server.SECOND}"
        self.http.card.replay = f"rtsp://{host}:{self.rtsp.port}{replay.PATH}"
        self._soap.card = self.card.there
        self._soap.snapshot = f"http://{host}:{self.http.port}{http_server.SNAPSHOT}"
        self.discovered = False
        if self.traits.discovery_port:
            try:
                one = "" if self.traits.host in ("0.0.0.0", "127.0.0.1") else self.traits.host
                await self.responder.start(self.traits.discovery_port, one)
                self.discovered = True
            except OSError:
                self.discovered = False  # somebody holds the port alone; said by the command that started us
        self.plugged = True

    async def unplug(self) -> None:
        """Serve nothing; viewers are cut off in the middle."""
        if self.plugged:
            self.plugged = False
            self.responder.stop()
            await self.rtsp.stop()
            await self.http.stop()

    def _match(self, host: str) -> wsdiscovery.Match:
        shown = host if self.traits.host == "0.0.0.0" else self.traits.host
        shown = self.traits.advertise or shown
        scopes = [
            "onvif://www.onvif.org/type/video_encoder",
            "onvif://www.onvif.org/Profile/Streaming",
            f"onvif://www.onvif.org/name/{self.traits.code}",
            "onvif://www.onvif.org/hardware/SIM",
        ]
        address = f"http://{shown}:{self.http.port}/onvif/device_service"
        return wsdiscovery.Match(self.endpoint, [address], scopes)

    async def _jpeg(self) -> bytes:
        return await asyncio.to_thread(self.source.jpeg)

    def _set_clock(self, to: datetime) -> None:
        self.traits.skew = (to - datetime.now(UTC)).total_seconds()

    async def reboot(self, seconds: float) -> None:
        """Away for so long; back with time stamps that begin anew, every subscription forgotten."""
        self.http.events.restart()
        await self.unplug()
        await asyncio.sleep(seconds)
        self.source.jumped = -time.monotonic()
        if self.sound:
            self.sound.jumped = self.source.jumped
        await self.plug()

    async def change(self, order: SetCamera) -> CameraDid:
        """What an order over the control socket does."""
        if order.plugged is not None:
            await (self.plug() if order.plugged else self.unplug())
        if order.frozen is not None:
            self.source.frozen = order.frozen
        if order.hung is not None:
            self.source.room.hung = self.now() if order.hung else None
        if order.drop:
            self.rtsp.drop()
        if order.view is not None:
            await asyncio.to_thread(self.source.spoil, order.view)
        if order.screen is not None:
            number = int(order.screen) if order.screen else None
            await asyncio.to_thread(self.source.show, number)
        if order.stalled is not None:
            self.source.stalled = order.stalled
            if self.second:
                self.second.stalled = order.stalled
        if order.silent is not None:
            self.http.silent = order.silent
        self.source.jumped += order.jump
        if self.sound:
            self.sound.jumped = self.source.jumped
        if order.crf is not None:
            self.source.crf = order.crf
        if order.event is not None:
            self.http.events.tell(order.event, order.event_on, self.now())
        if order.empty_options is not None:
            self._soap.empty_options = order.empty_options
        if order.card is not None:
            self.card.mode = order.card
            self._soap.card = self.card.there
        if order.skew is not None:
            self.traits.skew = order.skew
        if order.password is not None:
            self.rtsp.password = self._soap.password = order.password
        if order.sends_to is not None:
            self.rtsp.sends_to = order.sends_to
        if order.soap_sends_to is not None:
            self.http.sends_to = order.soap_sends_to
        if order.reboot is not None:
            await self.reboot(order.reboot)
        return await self._get(GetCamera())

    async def _get(self, _asked: GetCamera) -> CameraDid:
        return CameraDid(
            plugged=self.plugged,
            viewers=self.rtsp.viewers,
            calls=self.http.calls[-100:],
            frozen=self.source.frozen,
            subscriptions=self.http.events.count,
        )
