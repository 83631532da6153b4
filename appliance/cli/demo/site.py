"""The demo's site: its folder, configuration, accounts, rooms, simulated devices."""

import hashlib
import secrets
import shutil
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.base import settings as s
from appliance.base.errors import Conflict
from appliance.base.i18n import N_
from appliance.cli.demo import run_folder
from appliance.cli.demo.pace import CAPTURES_EVERY
from appliance.flow import accounts
from appliance.flow.box import Box
from appliance.flow.set_up import add_room, set_up
from appliance.records.accounts import Account
from appliance.records.site import Room, Seat

SEATS = 60
SPARES = 4
WORKPLACES = 8
PANEL = "panel-T1"
"""Name of the small screen in the view of the theory room's camera."""
MARK = "examsite-demo"
"""File that marks a folder as the demo's own: only such a folder is emptied."""

ACCOUNTS = [
    ("desk", "入口工作人员", "entry"),
    ("desk2", "入口复核员", "entry"),
    ("waiting", "候考室工作人员", "waiting"),
    ("display", "候考室显示屏", "display"),
    ("invigilator", "监考员甲", "invigilator"),
    ("invigilator2", "监考员乙", "invigilator"),
    ("examiner", "考评员", "examiner"),
    ("author", "命题人员甲", "author"),
    ("author2", "命题人员乙", "author"),
    ("office", "考务员", "office"),
    ("chief", "考点负责人", "chief"),
    ("inspector", "巡考员", "inspector"),
    ("ops", "系统管理员", "admin"),
]
PASSWORD = "demo-2026"
"""Only ever on a demo site."""


class DemoSite(msgspec.Struct):
    """Where the demo's things are."""

    folder: Path
    run: Path
    config: Path
    settings: s.Settings
    station_keys: dict[str, str]
    """Seat -> bearer key of its station."""
    province_dir: Path

    @property
    def dev(self) -> Path:
        """Folder of the simulated serial devices."""
        return self.run / run_folder.DEVICES

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"https://localhost:{self.settings.web.port}"

    @property
    def authority(self) -> Path:
        """The site authority's certificate."""
        return self.settings.state / "keys" / "authority.pem"


def free_port() -> int:
    """A loopback port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clear(folder: Path) -> None:
    """Empty the demo's own folder; refuses to touch anybody else's."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise Conflict(
            "not_a_demo_folder",
            N_("The folder {folder} holds something that is not a demo's."),
            N_("Name another folder with --folder."),
            folder=str(folder),
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("examsite demo\n")


def seat_address(number: int) -> str:
    """Seat 1 is the real browser (127.0.0.1), the others have loopback addresses of their own."""
    return "127.0.0.1" if number == 1 else f"127.0.1.{number}"


def configure(folder: Path, port: int) -> DemoSite:
    """Write the configuration of a site with three lanes and two cameras."""
    run = run_folder.make()
    dev = run / run_folder.DEVICES
    cameras = [free_port(), free_port()]
    province = free_port()
    (folder / "secrets").mkdir()
    (folder / "secrets" / "camera").write_text("camera-demo\n")
    (folder / "secrets" / "province").write_text("province-demo\n")

    def lane(code: str, name: str, kind: str) -> s.LaneSettings:
        return s.LaneSettings(
            code=code,
            name=name,
            kind=kind,
            reader=s.ReaderSettings(port=str(dev / f"reader-{code}")),
            gate=s.GateSettings(port=str(dev / f"gate-{code}"), pulse_ms=300),
            printer=s.PrinterSettings(port=str(dev / f"printer-{code}")),
            camera=f"sim:{run / f'face-{code}.jpg'}",
        )

    def camera(code: str, name: str, at: int, room: str, screen: str = "") -> s.CameraSettings:
        return s.CameraSettings(
            code=code,
            name=name,
            address=f"127.0.0.1:{at}",
            password_file=str(folder / "secrets" / "camera"),
            room=room,
            screen=screen,
        )

    settings = s.Settings(
        site=s.SiteSettings(
            code="999999-01",
            name="泰山特种作业示范考点",
            name_en="Taishan Demonstration Exam Site",
            state=str((folder / "state").resolve()),
            run=str(run),
        ),
        web=s.WebSettings(host="127.0.0.1", port=port),
        lanes=[
            lane("L1", "理论入口一号通道", "theory"),
            lane("L2", "理论入口二号通道", "theory"),
            lane("P1", "实操入口通道", "practical"),
        ],
        faces=s.FaceSettings(photo_decoder=[sys.executable, "-m", "appliance.faces.demo_photo"]),
        cameras=[
            camera("C1", "理论考场前部", cameras[0], "T1", PANEL),
            camera("C2", "实操考室全景", cameras[1], "P1"),
        ],
        recorder=s.RecorderSettings(media=str((folder / "media").resolve()), segment=20.0),
        entry=s.EntrySettings(opens_before=110),
        province=s.ProvinceSettings(
            url=f"https://localhost:{province}",
            certificate=str((folder / "province" / "authority" / "authority.pem").resolve()),
            key=str((folder / "province" / "keys" / "province.pem").resolve()),
            token_file=str((folder / "secrets" / "province").resolve()),
            interval=2.0,
            timeout=5.0,
        ),
        station=s.StationSettings(grace=4.0, lost_after=8.0),
        captures=s.CaptureSettings(every=CAPTURES_EVERY),
    )
    config = folder / "examsite.toml"
    config.write_bytes(s.dump(settings))
    return DemoSite(folder, run, config.resolve(), settings, {}, (folder / "province").resolve())


def build(site: DemoSite) -> Box:
    """`examsite init --demo`, then accounts, rooms, seats. Returns the box with its writer running."""
    set_up(site.settings, demo=True, now=datetime.now(UTC))
    box = Box.open(site.settings)
    box.db.start()
    hashed = accounts.hash_password(PASSWORD)
    for login, name, role in ACCOUNTS:
        box.db.write_now(accounts.add_account, box, login, name, role, hashed, "process:demo")
    theory = [
        Seat(
            id=f"T1-{number:02d}",
            room="T1",
            number=number,
            row=(number - 1) // 8 + 1,
            column=(number - 1) % 8 + 1,
            address=seat_address(number),
            spare=number > SEATS,
        )
        for number in range(1, SEATS + SPARES + 1)
    ]
    practical = [
        Seat(
            id=f"P1-{number:02d}",
            room="P1",
            number=number,
            row=(number - 1) // 4 + 1,
            column=(number - 1) % 4 + 1,
        )
        for number in range(1, WORKPLACES + 1)
    ]
    for seat in theory:
        site.station_keys[seat.id] = secrets.token_urlsafe(24)
    hashes = {seat: hashlib.sha256(key.encode()).hexdigest() for seat, key in site.station_keys.items()}
    box.db.write_now(add_room, box, Room(code="W1", name="候考室", kind="waiting"), [], {})
    box.db.write_now(add_room, box, Room(code="T1", name="理论考场", kind="theory"), theory, hashes)
    box.db.write_now(add_room, box, Room(code="P1", name="实操考室", kind="practical"), practical, {})
    return box


def who(box: Box, login: str) -> accounts.Who:
    """The account behind a login, for what the demo does on somebody's behalf without a page."""
    from sqlmodel import select

    row = box.db.read_now(lambda session: session.exec(select(Account).where(Account.login == login)).one())
    return accounts.Who(account=row.id, login=row.login, name=row.name, role=row.role)
