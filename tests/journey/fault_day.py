"""A whole exam site with real processes in which things are broken on purpose, and the people who look at it."""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlmodel import select

from appliance.base.errors import ExamError
from appliance.base.sockets import ask
from appliance.cli.demo import camera_arguments
from appliance.cli.demo.site import PASSWORD
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.faces import demo_people
from appliance.faces.demo_photo import pack
from appliance.flow.accounts import add_account, hash_password
from appliance.records.entry import Admission, GateOrder, Tap
from appliance.wire.gate import GetLanes, LaneState
from appliance.wire.ops import Alarm, State
from appliance.wire.recorder import GetStatus, Status
from appliance.wire.simulators import BoardDid, GetBoard, GetReader, PutCard, ReaderDid, TakeCard
from tests.journey.exam_site import ExamSite, exam_site
from tests.world import number_of

PEOPLE = 12
STAFF = {
    "desk": "entry",
    "invigilator": "invigilator",
    "office": "office",
    "office2": "office",
    "inspector": "inspector",
    "display": "display",
    "ops": "admin",
}
UNITS = ("gate", "faces", "recorder", "archive", "clips", "sync")
SCREENS = Path(__file__).parents[2] / "build" / "screens"
T = TypeVar("T")


class FaultDay:
    """One lane, one camera, a province; a browser in which every member of staff has their own page."""

    def __init__(self, site: ExamSite, browser: Browser, aside: ThreadPoolExecutor) -> None:
        self.site, self.browser, self._aside = site, browser, aside
        self.parent = site.parent
        self.settings = site.site.settings
        self.camera_control = site.site.run / "camera-C1.sock"
        self._ops: httpx.Client | None = None
        self._pages: dict[tuple[str, str], Page] = {}
        self._next = 0

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine beside the browser's own loop."""
        return self._aside.submit(asyncio.run, work).result(90)

    def ask(self, place: Path, request: msgspec.Struct, reply: Any) -> Any:
        """One question over a socket."""
        return self.wait(ask(place, request, reply, 20))

    def page(self, login: str, path: str) -> Page:
        """The page somebody has open all day."""
        if (login, path) not in self._pages:
            context = self.browser.new_context(
                ignore_https_errors=True, locale="zh-CN", viewport={"width": 1366, "height": 768}
            )
            context.set_default_timeout(30_000)
            page = context.new_page()
            page.goto(f"{self.site.site.url}/sign-in")
            page.fill("[name=login]", login)
            page.fill("[name=password]", PASSWORD)
            page.click("button.primary")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            page.goto(self.site.site.url + path)
            self._pages[login, path] = page
        return self._pages[login, path]

    def alarms(self) -> dict[str, Alarm]:
        """What the technician's terminal lists, in Chinese: code and subject -> alarm."""
        if self._ops is None:
            made = self.site.site
            tls = ssl.create_default_context(cafile=str(made.authority))
            self._ops = httpx.Client(base_url=made.url, verify=tls, timeout=20, trust_env=False)
            signed = self._ops.post("/ops/sign-in", json={"login": "ops", "password": PASSWORD})
            self._ops.headers["authorization"] = f"Bearer {signed.raise_for_status().json()['token']}"
        answer = self._ops.get("/ops/state")
        assert answer.status_code == 200, answer.text
        state = msgspec.json.decode(answer.content, type=State)
        return {f"{alarm.code} {alarm.subject}".strip(): alarm for alarm in state.alarms}

    def in_order(self) -> bool:
        """No device and no process is told to be at fault."""
        return not any(one.startswith(("process_", "lane_", "camera_", "parcels_")) for one in self.alarms())

    def until_alarm(self, key: str) -> Alarm:
        """The technician is told."""
        self.site.waited(key, lambda: key in self.alarms(), 30)
        return self.alarms()[key]

    def until_quiet(self, key: str) -> None:
        """It is over, and the terminal says so."""
        self.site.waited(f"the end of {key}", lambda: key not in self.alarms(), 30)

    # --- the lane ---

    @property
    def reader(self) -> Path:
        """Control socket of the simulated reader."""
        return self.site.site.dev / "reader-L1.sock"

    @property
    def board(self) -> Path:
        """Control socket of the simulated relay board."""
        return self.site.site.dev / "gate-L1.sock"

    def lane(self) -> LaneState | None:
        """What the entry process says; None while it is silent."""
        try:
            [found] = self.ask(self.settings.socket("gate"), GetLanes(), list[LaneState])
        except ExamError:
            return None
        state: LaneState = found
        return state

    def until_lane_ready(self) -> None:
        """Reader and gate are in order."""
        ready = lambda: (one := self.lane()) and (one.reader, one.gate) == ("ok", "ok")  # noqa: E731
        self.site.waited("the lane", ready, 60)

    def stand(self, picture: bytes) -> None:
        """Who stands before the lane's camera."""
        face = self.site.site.run / "face-L1.jpg"
        face.with_suffix(".new").write_bytes(picture)
        face.with_suffix(".new").rename(face)

    def somebody(self) -> int:
        """The next candidate who has not been here."""
        self._next += 1
        return self._next - 1

    def put(self, index: int) -> None:
        """A candidate's card is put down."""
        card = write(demo_card(f"考生{index}", number_of(index), date(2020, 1, 1)))
        photo = pack(demo_people.portrait("astronaut"))
        self.ask(self.reader, PutCard(text=card, photo=photo), ReaderDid)

    def take(self) -> None:
        """The card is taken away, long enough for the reader to notice."""
        did = self.ask(self.reader, GetReader(), ReaderDid)
        self.ask(self.reader, TakeCard(), ReaderDid)
        seen = did.requests.get("find", 0) + 2
        asked = lambda: self.ask(self.reader, GetReader(), ReaderDid).requests.get("find", 0) >= seen  # noqa: E731
        self.site.waited("the reader to see the card gone", asked, 20)

    def tapped(self, index: int) -> Tap:
        """Put the card down and wait for the decision."""
        before = len(self.taps())
        self.put(index)
        self.site.waited("a decision", lambda: len(self.taps()) > before, 30)
        return self.taps()[-1]

    def taps(self) -> list[Tap]:
        """Every tap so far, in order."""
        return self.site.box.db.read_now(lambda s: list(s.exec(select(Tap).order_by(Tap.recorded_at)).all()))

    def admissions(self) -> int:
        """How many were let in."""
        return len(self.site.box.db.read_now(lambda s: s.exec(select(Admission.id)).all()))

    def orders(self) -> list[str]:
        """What became of every order to the gate."""
        order = GateOrder.ordered_at
        return self.site.box.db.read_now(
            lambda s: list(s.exec(select(GateOrder.outcome).order_by(order)).all())
        )

    def pulses(self) -> int:
        """How often the relay board has opened."""
        found: BoardDid = self.ask(self.board, GetBoard(), BoardDid)
        return len(found.pulses)

    def admitted(self, index: int) -> None:
        """The right person gets in after all, with one pulse."""
        self.stand(demo_people.live("astronaut", index % 5))
        pulses = self.pulses()
        assert self.tapped(index).code == "admitted"
        self.site.waited("the pulse", lambda: self.orders()[-1] == "done", 20)
        assert self.pulses() == pulses + 1
        self.take()

    # --- recorder and province ---

    def recorder(self) -> Status | None:
        """What the recorder says; None while it is silent."""
        try:
            found: Status = self.ask(self.settings.socket("recorder"), GetStatus(), Status)
        except ExamError:
            return None
        return found

    def records(self) -> bool:
        """The camera is being recorded."""
        found = self.recorder()
        return found is not None and found.cameras[0].state == "recording"

    def province(self, method: str, path: str, body: Any = None) -> Any:
        """The province's own end."""
        tls = ssl.create_default_context(cafile=self.settings.province.certificate)
        with httpx.Client(base_url=self.settings.province.url, verify=tls, timeout=20) as far:
            answer = far.request(method, f"/admin/{path}", json=body).raise_for_status()
        return answer.json() if answer.content else None


def shown(page: Page, place: str, *sentences: str) -> None:
    """The sentences stand on the page, by themselves, within half a minute."""
    for sentence in sentences:
        expect(page.locator(place)).to_contain_text(sentence, timeout=30_000)


def shoot(page: Page, name: str) -> None:
    """Keep a screenshot to be looked at."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"fault-{name}.png")


def start(site: ExamSite) -> None:
    """Accounts, simulators, every process of the box; returns when the day could begin."""
    hashed = hash_password(PASSWORD)
    for login, role in STAFF.items():
        site.box.db.write_now(add_account, site.box, login, login, role, hashed, "process:test")
    made, parent = site.site, site.parent
    province = made.settings.province
    (made.run / "face-L1.jpg").write_bytes(demo_people.nobody())
    parent.start("reader", "simulate", "reader", "--link", str(made.dev / "reader-L1"))
    parent.start("board", "simulate", "gate", "--link", str(made.dev / "gate-L1"))
    control = ("--control", str(made.run / "camera-C1.sock"))
    parent.start("camera", *camera_arguments(made, made.settings.cameras[0]), *control)
    parent.start(
        "province",
        *("simulate", "province", "--port", province.url.rsplit(":", 1)[1]),
        *("--dir", str(made.province_dir), "--site", made.settings.site.code),
        *("--authority", str(made.authority), "--token-file", province.token_file),
    )
    for unit in ("web", *UNITS):
        parent.start(unit)
    site.until_pages()


@contextlib.contextmanager
def fault_day(folder: Path) -> Iterator[FaultDay]:
    """The day, until the block ends."""
    with (
        exam_site(folder, people=PEOPLE, cameras=1) as site,
        sync_playwright() as playwright,
        ThreadPoolExecutor(1) as aside,
    ):
        start(site)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        day = FaultDay(site, browser, aside)
        day.until_lane_ready()
        site.waited("the camera", day.records, 60)
        site.waited("every part in order", day.in_order, 60)
        yield day
        browser.close()
