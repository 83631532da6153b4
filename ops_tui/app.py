"""The terminal application: signs in, asks the box on every journal entry, shows nine screens."""

import asyncio
import time
from datetime import UTC, datetime

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.theme import Theme

from appliance.base.errors import ExamError
from appliance.base.i18n import N_, _
from appliance.wire.ops import State
from ops_tui.client import Client, SignInFirst
from ops_tui.models.header import Link, head
from ops_tui.screens.cameras import CamerasScreen
from ops_tui.screens.concern import Concern
from ops_tui.screens.entry import EntryScreen
from ops_tui.screens.journal import JournalScreen
from ops_tui.screens.people import PeopleScreen
from ops_tui.screens.sign_in import SignInDialog
from ops_tui.screens.stations import StationsScreen
from ops_tui.screens.storage import StorageScreen
from ops_tui.screens.sync import SyncScreen
from ops_tui.screens.system import SystemScreen
from ops_tui.screens.today import TodayScreen
from ops_tui.widgets.header import Header

CONCERNS: list[type[Concern]] = [
    TodayScreen,
    EntryScreen,
    StationsScreen,
    CamerasScreen,
    SyncScreen,
    StorageScreen,
    JournalScreen,
    PeopleScreen,
    SystemScreen,
]
IDLE = 30 * 60.0
"""Seconds without a key after which the person is signed out (GB/T 22239, 8.1.4.1 b)."""
RETRY = 3.0
CALM = Theme(
    name="calm",
    primary="#123a72",
    secondary="#3a5a8c",
    accent="#123a72",
    foreground="#111418",
    background="#ffffff",
    surface="#ffffff",
    panel="#e6ebf2",
    success="#1b6e34",
    warning="#b06a00",
    error="#b3261e",
    dark=False,
)
"""The colours of the pages: white ground, one deep blue, three signals."""


class OpsApp(App[None]):
    """`examsite tui`."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        *(
            Binding(str(number), f"concern('{kind.NAME}')", kind.TITLE_ID, show=False)
            for number, kind in enumerate(CONCERNS, start=1)
        ),
        Binding("ctrl+c", "quit", N_("quit"), show=False, priority=True),
    ]

    def __init__(self, client: Client, login: str = "", every: float = 5.0, idle: float = IDLE) -> None:
        super().__init__()
        self.client = client
        self.state: State | None = None
        self.titles = {kind.NAME: kind.TITLE_ID for kind in CONCERNS}
        self.animation_level = "none"  # nothing moves over a slow line
        self._login, self._every, self._idle = login, every, idle
        self._sitting = ""
        self._wanted = asyncio.Event()
        self._touched = time.monotonic()
        self._asking_who = False

    def on_mount(self) -> None:
        """Open the first screen and start the loops."""
        self.register_theme(CALM)
        self.theme = CALM.name
        for kind in CONCERNS:
            self.install_screen(kind(), kind.NAME)
        self.push_screen(TodayScreen.NAME)
        self.client.on_link = self._link_changed
        if not self.client.signed_in:
            self.ask_who()
        self.run_worker(self._watch(), group="watch")
        self.run_worker(self._listen(), group="listen")
        self.set_interval(1.0, self._tick)

    async def on_event(self, event: events.Event) -> None:
        """Any key or click is a sign that somebody is here."""
        if isinstance(event, events.Key | events.MouseDown | events.Paste):
            self._touched = time.monotonic()
        await super().on_event(event)

    async def action_quit(self) -> None:
        """Leave; the session at the box ends too."""
        await self.client.sign_out()
        self.exit()

    def action_concern(self, name: str) -> None:
        """A number key: another screen."""
        if isinstance(self.screen, Concern) and name != self.screen.NAME:
            self.switch_screen(name)

    def choose_sitting(self, sitting: str) -> None:
        """Show the stations of this sitting from now on."""
        self._sitting = sitting
        self.ask_now()

    def ask_now(self) -> None:
        """Do not wait for the next turn."""
        self._wanted.set()

    def ask_who(self, why: str = "") -> None:
        """Show the sign-in dialog, once."""
        if self._asking_who or not self.is_running:
            return
        self._asking_who = True

        async def sign_in(login: str, password: str) -> str:
            signed = await self.client.sign_in(login, password)
            self._login = signed.login
            return signed.name

        def done(name: str | None) -> None:
            self._asking_who = False
            self._touched = time.monotonic()
            self.ask_now()

        self.push_screen(SignInDialog(self.client.url, self._login, why, sign_in), done)

    def done(self, sentence: str | None) -> None:
        """An order was carried out: say so, and look."""
        if sentence:
            concern = self._concern()
            if concern:
                concern.tell(sentence)
            self.ask_now()

    def failed(self, error: ExamError) -> None:
        """A question failed: who are you, or a sentence in the header or at the bottom."""
        if isinstance(error, SignInFirst):
            self.ask_who(error.text())
        elif self.client.link.down_since is None:
            concern = self._concern()
            if concern:
                concern.tell(f"{error.text()} {error.next_text()}".strip(), wrong=True)
        self.paint_head()

    def paint(self) -> None:
        """Show the newest state on the open screen."""
        self.paint_head()
        concern = self._concern()
        if concern:
            concern.refresh_body()

    def paint_head(self) -> None:
        """Only the two lines at the top."""
        shown = head(self.state, self.client.link, datetime.now(UTC))
        concern = self._concern()
        if concern and concern.is_mounted:
            for header in concern.query(Header):
                header.show(shown)

    def _concern(self) -> Concern | None:
        """The screen of the nine that is shown; none while leaving, when they are being taken down."""
        if not self.is_running:
            return None
        return next((one for one in reversed(self.screen_stack) if isinstance(one, Concern)), None)

    def _tick(self) -> None:
        self.paint_head()
        if self.client.signed_in and time.monotonic() - self._touched > self._idle:
            self.state = None if self._asking_who else self.state
            self.run_worker(self.client.sign_out())
            self.ask_who(_("Nobody pressed a key for a while: please sign in again."))

    def _link_changed(self, link: Link) -> None:
        """Told once when the box falls silent and once when it is back; the header shows it meanwhile."""
        concern = self._concern()
        if concern and link.down_since is None:
            concern.tell(_("The box answers again."))
        self.paint_head()

    async def _watch(self) -> None:
        """Ask for the state: every few seconds, at once when something happened."""
        while True:
            if self.client.signed_in:
                try:
                    self.state = await self.client.state(self._sitting)
                except ExamError as error:
                    self.failed(error)
                else:
                    self.paint()
            pause = RETRY if self.client.link.down_since else self._every
            try:
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
                await asyncio.sleep(0.3)  # several entries of one act make one question
            except TimeoutError:
                pass
            self._wanted.clear()

    async def _listen(self) -> None:
        """Follow the journal; after a break go on behind the last entry seen."""
        seen: int | None = None
        while True:
            if not self.client.signed_in:
                await asyncio.sleep(0.5)
                continue
            try:
                async for line in self.client.live(seen):
                    if line is None:
                        continue
                    seen = line.seq
                    self.ask_now()
                    concern = self._concern()
                    if isinstance(concern, JournalScreen):
                        concern.ask_newest()
            except SignInFirst as error:
                self.failed(error)
            except ExamError:
                # The question for the state runs into the same outage and tells it once.
                await asyncio.sleep(RETRY)
                continue
            await asyncio.sleep(RETRY)
