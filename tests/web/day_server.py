"""The exam day of `day.py` behind a real server over TLS, with stand-ins for the gatehouse and the recorder."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import uvicorn

from appliance.base.errors import DeviceFault, Unavailable
from appliance.base.sockets import Handler, Streamed, serve
from appliance.devices.printer.port import Printed
from appliance.faces import demo_people
from appliance.flow.box import Box, keys
from appliance.lane_printer import NOT_PRINTED
from appliance.web.app import create_app
from appliance.web.server import Server
from appliance.wire.archive import Events, GetEvents, KeepOrders, Taken
from appliance.wire.cameras import CheckReport, GetNotes, GetReports, Notes, Reports
from appliance.wire.gate import (
    CardPhotographed,
    GetLanes,
    GetView,
    LaneState,
    PaperByHand,
    PaperTaken,
    PhotographCard,
    PrintTicket,
    TicketPrinted,
    View,
)
from appliance.wire.live import GetLive, LiveHead, LivePicture
from appliance.wire.orders import Orders, OrdersKept
from appliance.wire.recorder import (
    AlarmsKept,
    CameraStatus,
    Cause,
    GetPictures,
    GetStatus,
    GetStill,
    Pictures,
    PictureStatus,
    Status,
    StillHead,
    TellAlarms,
)
from tests.conftest import START
from tests.web.day import Day, build
from tests.web.recordings import clip_handlers


def answering(answer: object) -> Handler:
    """A part that is told something and has nothing to say."""

    async def say(_told: object) -> object:
        return answer

    return say


RECORDER = {
    Orders: answering(OrdersKept()),
    TellAlarms: answering(AlarmsKept()),
    GetNotes: answering(Notes(epoch="stand-in", notes=[])),
}
ARCHIVE = {KeepOrders: answering(Taken()), GetEvents: answering(Events(archive="stand-in", events=[]))}


class RunningClock:
    """The exam day's time, running from a chosen moment."""

    def __init__(self, start: datetime) -> None:
        self._start, self._began = start, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def monotonic(self) -> float:
        return time.monotonic()


class Running:
    """A day that serves."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.clock = RunningClock(START + timedelta(minutes=101))
        self.box = Box.open(day.settings, self.clock)
        self.slow_files = 0.0
        """Seconds that reading a file of the recordings takes more."""
        self.pictures: list[PictureStatus] = []
        """What exam-clips sees in the cameras' pictures."""
        self.resting: dict[str, Cause] = {}
        """Cameras that rest by their plan, and why they would not record now (empty: they would)."""
        self.reports: list[CheckReport] = []
        """Of the cameras' checks."""
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.recorder: Callable[[], dict[type, Handler]] = dict
        """What exam-recorder answers beside its status; asked for in the server's own loop."""
        self.room_still = b""
        """What the room cameras see; empty = nobody."""
        self.still_age = timedelta(0)
        """How old their newest picture is."""
        self.view = b""
        """What the camera of L1 sees while a face is looked at."""
        self.card = b""
        """What a lane's camera sees of a printed card; empty = it is silent."""
        self.printed: list[PrintTicket] = []
        self.printer = Printed("ok")
        """What the lanes' printers say."""
        self.lanes = [
            LaneState(lane="L1", name="理论通道", kind="theory"),
            LaneState(lane="P1", name="实操通道", kind="practical"),
        ]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.day.settings.web.port}"

    def start(self) -> None:
        """Serve in a thread; returns when the port answers. After a stop it is a new process, as it were."""
        self.box = Box.open(self.day.settings, self.clock)
        app = create_app(self.box)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.day.settings.web.port,
            ssl_keyfile=str(keys(self.day.settings) / "tls.key"),
            ssl_certfile=str(keys(self.day.settings) / "tls.pem"),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = server = Server(config, app.state.tail)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(server)), daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < until and self._thread.is_alive(), "the server did not start"
            time.sleep(0.02)

    async def _serve(self, server: Server) -> None:
        socket = self.day.settings.socket

        async def lanes(_asked: GetLanes) -> list[LaneState]:
            return self.lanes

        async def view(asked: GetView) -> View:
            return View(picture=self.view if asked.lane == "L1" else b"")

        async def paper(_asked: PaperByHand) -> PaperTaken:
            raise Unavailable("no_camera", "no camera here")

        async def card(_asked: PhotographCard) -> CardPhotographed:
            if not self.card:
                raise Unavailable("camera_silent", "no camera here")
            return CardPhotographed(picture=self.box.files.put(self.card, secret=True))

        async def ticket(asked: PrintTicket) -> TicketPrinted:
            self.printed.append(asked)
            if not self.printer.ok:
                raise DeviceFault(f"printer_{self.printer.code}", NOT_PRINTED, self.printer.sentence)
            return TicketPrinted(tap=asked.tap)

        async def status(_asked: GetStatus) -> Status:
            return self._status()

        async def reports(_asked: GetReports) -> Reports:
            return Reports(reports=self.reports)

        async def still(asked: GetStill) -> Streamed:
            body = self.room_still or demo_people.nobody()
            at = self.box.now() - self.still_age
            head = StillHead(camera=asked.camera, at=at, width=640, height=360, bytes=len(body))
            return Streamed(head, _chunks(body))

        async def pictures(_asked: GetPictures) -> Pictures:
            return Pictures(cameras=self.pictures)

        async def live(asked: GetLive) -> Streamed:
            return Streamed(LiveHead(cameras=asked.cameras), self._living(asked.cameras))

        clips = clip_handlers(self.day.settings, still, lambda: self.slow_files)
        servers = [
            await serve(
                socket("gate"),
                {
                    GetLanes: lanes,
                    GetView: view,
                    PaperByHand: paper,
                    PhotographCard: card,
                    PrintTicket: ticket,
                },
            ),
            await serve(
                socket("recorder"), {**RECORDER, GetReports: reports, **self.recorder(), GetStatus: status}
            ),
            await serve(socket("clips"), clips | {GetPictures: pictures, GetLive: live}),
            await serve(socket("archive"), ARCHIVE),
        ]
        await server.serve()
        for one in servers:
            one.close()

    async def _living(self, cameras: list[str]) -> AsyncIterator[bytes]:
        """A picture of each camera that records, now and then."""
        while True:
            for one in self._status().cameras:
                if one.camera in cameras and one.state == "recording":
                    picture = LivePicture(camera=one.camera, at=self.box.now(), jpeg=demo_people.nobody())
                    yield msgspec.msgpack.encode(picture)
            await asyncio.sleep(0.5)

    def _status(self) -> Status:
        now = self.box.now()
        cameras = [
            CameraStatus(
                camera=one.code,
                name=one.name,
                room=one.room,
                state="resting"
                if one.code in self.resting
                else "stopped"
                if one.code == "C2"
                else "recording",
                since=now - timedelta(minutes=12),
                cause="resting" if one.code in self.resting else "network" if one.code == "C2" else "",
                unready=self.resting.get(one.code, ""),
            )
            for one in self.day.settings.cameras
        ]
        return Status(now=now, cameras=cameras, disk_total=4 * 10**12, disk_free=3 * 10**12, media="/m")

    def stop(self) -> None:
        """End the server; open event streams end with it."""
        if self._server and self._thread:
            self._server._tail.stop()
            self._server.should_exit = True
            self._thread.join(15)
            assert not self._thread.is_alive(), "the server did not stop"
            self._server = None


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """The day, serving until the block ends."""
    found = Running(build(folder))
    found.start()
    try:
        yield found
    finally:
        found.stop()
