"""A small box for the ops API and the terminal: real server with TLS, seated candidates."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import uvicorn
from sqlmodel import Session, select

from appliance.base import settings as s
from appliance.base.ids import new_id
from appliance.base.sockets import serve
from appliance.flow.accept_rules import accept_rules
from appliance.flow.accounts import add_account, hash_password, hash_token
from appliance.flow.box import Box, keys
from appliance.flow.seat_sign_in import sign_in_at_seat
from appliance.flow.set_up import set_up
from appliance.flow.start_sitting import start_sitting
from appliance.records.accounts import Account
from appliance.records.entry import Admission
from appliance.records.roster import Candidate
from appliance.records.site import Seat, Station
from appliance.records.sync import Contact, Parcel
from appliance.records.theory import Answer
from appliance.records.waiting import Ticket
from appliance.web.app import create_app
from appliance.web.server import Server
from appliance.wire.archive import GetStorage, Storage
from appliance.wire.gate import GetLanes, LaneState
from appliance.wire.recorder import CameraStatus, GetStatus, Status
from appliance.wire.sync import Backlog, GetBacklog, Trouble
from tests.conftest import site_settings
from tests.stored import stored
from tests.world import World, seed

PASSWORD = "geheim-2026"
FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"


class OpsSite:
    """The running box. `gate` and `recorder` are what those processes answer; None = they are silent."""

    def __init__(self, folder: Path, settings: s.Settings, box: Box, world: World) -> None:
        self.folder, self.settings, self.box, self.world = folder, settings, box, world
        now = datetime.now(UTC)
        self.lanes = [
            LaneState(lane="L1", name="理论通道", kind="theory", last_tap_at=now - timedelta(minutes=3)),
            LaneState(lane="P1", name="实操通道", kind="practical", reader="missing"),
        ]
        self.status = Status(
            now=now,
            cameras=[
                CameraStatus(
                    camera="C1",
                    name="理论考场前部",
                    room="T1",
                    state="recording",
                    since=now - timedelta(hours=1),
                    last_frame_at=now,
                    width=1920,
                    height=1080,
                    fps=25.0,
                    codec="h264",
                    clock_offset_s=0.1,
                    bytes_today=1_400_000_000,
                    recorded_s=3600.0,
                ),
                CameraStatus(
                    camera="C2",
                    name="理论考场后部",
                    room="T1",
                    state="stopped",
                    since=now - timedelta(minutes=5),
                    cause="network",
                    bytes_today=1_200_000_000,
                    recorded_s=3300.0,
                ),
            ],
            disk_total=4_000_000_000_000,
            disk_free=3_000_000_000_000,
            media="/var/lib/examsite-media",
        )
        self.backlog = Backlog(
            configured=True,
            troubles=[
                Trouble(
                    code="roster_unsigned",
                    message="A message of {kind} cannot be taken in.",
                    next_step="",
                    params={"kind": "roster"},
                    since=now,
                )
            ],
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None
        self._sockets: dict[str, asyncio.Server] = {}
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.settings.web.port}"

    @property
    def authority(self) -> Path:
        return keys(self.settings) / "authority.pem"

    def start(self) -> None:
        """Serve in a thread of its own; returns when the port answers."""
        app = create_app(self.box)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.settings.web.port,
            ssl_keyfile=str(keys(self.settings) / "tls.key"),
            ssl_certfile=str(keys(self.settings) / "tls.pem"),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = server = Server(config, app.state.tail)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(server)), daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.02)

    async def _serve(self, server: Server) -> None:
        self._loop = asyncio.get_running_loop()
        await self._listen("archive")
        await self._listen("gate")
        await self._listen("recorder")
        await self._listen("sync")
        await server.serve()
        for name in list(self._sockets):
            self._hush(name)

    async def _listen(self, name: str) -> None:
        async def lanes(_asked: GetLanes) -> list[LaneState]:
            return self.lanes

        async def status(_asked: GetStatus) -> Status:
            return self.status

        async def behind(_asked: GetBacklog) -> Backlog:
            return self.backlog

        async def storage(_asked: GetStorage) -> Storage:
            return stored(datetime.now(UTC))

        handlers = {
            "archive": {GetStorage: storage},
            "gate": {GetLanes: lanes},
            "recorder": {GetStatus: status},
            "sync": {GetBacklog: behind},
        }[name]
        self._sockets[name] = await serve(self.settings.socket(name), handlers)  # type: ignore[arg-type]

    def _hush(self, name: str) -> None:
        if server := self._sockets.pop(name, None):
            server.close()
            self.settings.socket(name).unlink(missing_ok=True)

    def hush(self, name: str) -> None:
        """The process falls silent."""
        assert self._loop
        self._loop.call_soon_threadsafe(self._hush, name)
        time.sleep(0.1)

    def stop(self) -> None:
        """The web process ends."""
        if self._server and self._thread:
            self._server._tail.stop()
            self._server.should_exit = True
            self._thread.join(15)
            assert not self._thread.is_alive(), "the server did not stop"
            self._server = None

    def restart(self) -> None:
        """The web process comes back, with a database of its own."""
        self.box = Box.open(self.settings)
        self.start()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build(folder: Path, seats: int = 60) -> OpsSite:
    """A demo site on SQLite: `seats` seated candidates, four spares, a running sitting with some answers."""
    base = site_settings(folder)
    settings = msgspec.structs.replace(
        base,
        web=s.WebSettings(host="127.0.0.1", port=free_port()),
        cameras=[
            s.CameraSettings(code="C1", name="理论考场前部", address="127.0.0.1:1", room="T1"),
            s.CameraSettings(code="C2", name="理论考场后部", address="127.0.0.1:2", room="T1"),
        ],
        # The signs of life written once have to last as long as a slow machine takes for its tests.
        station=s.StationSettings(lost_after=3600.0),
        province=s.ProvinceSettings(url="https://localhost:1", interval=60),
    )
    (folder / "run").mkdir()
    (folder / "examsite.toml").write_bytes(s.dump(settings))
    set_up(settings, demo=True, now=datetime.now(UTC))
    box = Box.open(settings)
    box.db.start()
    hashed = hash_password(PASSWORD)
    for login, name, role in (
        ("ops", "王管理", "admin"),
        ("chief", "刘站长", "chief"),
        ("desk", "李核验", "entry"),
        ("inspector", "陈巡考", "inspector"),
    ):
        box.db.write_now(add_account, box, login, name, role, hashed, "process:test")
    world = box.db.write_now(_people, box, seats)
    for index in range(min(seats, 40)):
        secret = new_id()
        box.db.write_now(sign_in_at_seat, box, world.addresses[index], world.last_four[index], secret)
        if index < 36:
            box.db.write_now(accept_rules, box, hash_token(secret))
    box.db.write_now(start_sitting, box, world.sitting, "process:test")
    box.db.write_now(_afterwards, box, world)
    return OpsSite(folder, settings, box, world)


def _people(session: Session, box: Box, count: int) -> World:
    world = seed(session, box, count)
    for index, seat in enumerate(session.exec(select(Seat).order_by(Seat.number)).all()):  # type: ignore[arg-type]
        seat.row, seat.column = index // 8 + 1, index % 8 + 1
        session.add(seat)
    for number in range(count + 1, count + 5):
        place = {"row": (number - 1) // 8 + 1, "column": (number - 1) % 8 + 1}
        session.add(Seat(id=f"T1-{number:02d}", room="T1", number=number, spare=True, **place))
    for index, candidate_id in enumerate(world.candidates):
        candidate = session.get_one(Candidate, candidate_id)
        candidate.name = FAMILY[index % len(FAMILY)] + "某某"
        session.add(candidate)
        admission = session.exec(select(Admission).where(Admission.candidate == candidate_id)).one()
        session.add(
            Ticket(
                id=new_id(),
                admission=admission.id,
                sitting=world.sitting,
                candidate=candidate_id,
                number=f"A{index + 1:03d}",
                state="seated",
                issued_at=box.now(),
            )
        )
    return world


def _afterwards(session: Session, box: Box, world: World) -> None:
    """Answers, signs of life (two stations lost), one parcel acknowledged and one waiting."""
    now = box.now()
    for index, attempt in enumerate(world.attempts[:36]):
        for position in range(1, 2 + index):
            row = Answer(attempt=attempt, position=position, value="A", lease=1, n=position, happened_at=now)
            row.recorded_at = now
            session.add(row)
    for index, seat in enumerate(world.seats):
        station = session.get_one(Station, seat)
        station.heartbeat_at = now - timedelta(seconds=7200 if index in (11, 29) else 1)
        session.add(station)
    for number, state in ((1, "acknowledged"), (2, "sealed")):
        session.add(
            Parcel(
                id=new_id(),
                epoch=box.site.epoch,
                number=number,
                first_seq=number * 10 - 9,
                last_seq=number * 10,
                body="0" * 64,
                signature="",
                state=state,
                tries=number,
                last_error="" if number == 1 else "连接被拒绝",
                sealed_at=now - timedelta(minutes=20),
                acknowledged_at=now if number == 1 else None,
            )
        )
    session.add(Contact(last_contact=now - timedelta(minutes=20), failing_since=now - timedelta(minutes=15)))


def account_id(box: Box, login: str) -> str:
    """An account's id."""
    wanted = select(Account.id).where(Account.login == login)
    return box.db.read_now(lambda session: session.exec(wanted).one())


@contextlib.contextmanager
def running(folder: Path, seats: int = 60) -> Iterator[OpsSite]:
    """A site that serves until the block ends."""
    site = build(folder, seats)
    site.start()
    try:
        yield site
    finally:
        site.stop()
