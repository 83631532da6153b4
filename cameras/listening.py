"""Listening to one camera's events: a thread that subscribes, pulls, renews, and subscribes again whatever happens.

The recording does not know of it: other connections, another thread, nothing shared but the notebook.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import ExamError, Refused, Unavailable
from appliance.base.i18n import N_
from appliance.wire.cameras import CameraAlarm, NoteKind
from cameras import events
from cameras.address import rewritten
from cameras.events import Event, Subscription
from cameras.notes import Notebook
from cameras.onvif_plain import PlainCamera
from cameras.patience import HELD, never, wait_refused

log = logging.getLogger("examsite.recorder")

HOLD = 60
"""Seconds a subscription is asked for; it is renewed at half of what the camera gives."""
PULL = 5
"""Seconds one question waits at the camera; below the time a whole answer may take (transport)."""
FLOOR = 0.5
"""Seconds at least from one question to the next."""
CONFIRMED = 2
"""Pulls within which a new subscription has told every state that stands, where the camera tells states at all."""
RETRY, LONGEST_RETRY = 2.0, 30.0
UNSUPPORTED = 900.0
"""Seconds until a camera without events is asked again: firmware gets better."""
MOMENT = 600.0
"""Seconds an alarm stands that the camera tells for its moment only."""
MOTION_EVERY = 3600.0
"""Seconds between two notes of motion: people move all day."""


PARTS = 100
"""Alarms of one camera kept apart by who of its parts tells them."""
OWED = 100
"""Notes kept while the disk takes none."""
DEAF = 120.0
"""Seconds without events after which somebody has to know."""


TellStanding = Callable[[str, list[CameraAlarm], datetime], None]
"""Camera, what it reports now, and when."""


def nobody(_camera: str, _standing: list[CameraAlarm], _at: datetime) -> None:
    """Nobody wants to know."""


class Standing(NamedTuple):
    """An alarm that stands, since when, and whether the camera will tell its end."""

    what: CameraAlarm
    since: datetime
    lasts: bool


class Listener(threading.Thread):
    """One camera's events until `stop`."""

    def __init__(
        self,
        camera: CameraSettings,
        password: Callable[[], str],
        notes: Notebook,
        tell: TellStanding = nobody,
        held: Callable[[str], bool] = never,
    ) -> None:
        """`tell`: told what stands, after every pull that says it for certain; `held`: is the recording of this camera
        refused? Then the password is not proven from here too: the camera would lock itself the sooner.
        """
        super().__init__(name=f"events-{camera.code}", daemon=True)
        self.camera = camera
        self._password = password
        self._notes = notes
        self._tell = tell
        self._held = held
        self._leaving = threading.Event()
        self._subscription: Subscription | None = None
        self._pulled = False
        """This subscription has given an answer."""
        self._told = ""
        self._refused = 0
        self._noted = 0.0
        self._motions = 0
        self.subscribed = 0
        """Times a subscription was made."""
        self._standing: dict[tuple[str, str], Standing] = {}
        """Alarms by topic and part."""
        self._owed: deque[tuple[NoteKind, datetime, str, int]] = deque(maxlen=OWED)
        self._deaf: float | None = time.monotonic()
        """Since when nothing is heard (monotonic)."""
        self._unconfirmed: set[tuple[str, str]] = set()
        """Told before the camera went away, and not again since."""

    @property
    def alarms(self) -> list[CameraAlarm]:
        """What stands now."""
        return sorted({one.what for one in list(self._standing.values())})

    @property
    def deaf(self) -> bool:
        """Are its events wanted and do not come? Not of a camera that has none."""
        since = self._deaf
        return (
            since is not None
            and time.monotonic() - since > DEAF
            and self._told not in ("camera_unsupported", "")
        )

    def stop(self) -> None:
        """Ask the thread to end; it does after at most one pull."""
        self._leaving.set()

    def run(self) -> None:
        """The thread."""
        wait = RETRY
        while not self._leaving.is_set():
            if self._held(self.camera.code):
                self._leaving.wait(HELD)
                continue
            try:
                self._listen()
                wait = RETRY
            except Refused as error:
                self._say(error.code, str(error))
                if error.code == "camera_unsupported":
                    wait = UNSUPPORTED
                else:
                    self._refused += 1
                    wait = wait_refused(self._refused)
            except ExamError as error:
                self._say(error.code, str(error))
                wait = RETRY if self._pulled else min(LONGEST_RETRY, wait * 2)
            except Exception:  # one camera's nonsense must not end the listening for good
                log.exception("camera %s: events: not foreseen", self.camera.code)
                wait = LONGEST_RETRY
            self._subscription, self._pulled = None, False
            self._deaf = self._deaf or time.monotonic()
            self._leaving.wait(wait)

    def _say(self, code: str, text: str) -> None:
        if code != self._told:
            self._told = code
            log.info("camera %s: no events: %s", self.camera.code, text)

    def _listen(self) -> None:
        """One subscription until it ends, which is an error, or until `stop`."""
        camera = PlainCamera(self.camera.address, self.camera.user, self._password())
        found = self._subscription = camera.subscribe(HOLD)
        if found is None:
            raise _no_events(camera.address)
        to = rewritten(found.address, camera.host)
        self.subscribed += 1
        self._refused, self._told = 0, ""
        renew_at = time.monotonic() + found.seconds / 2
        self._unconfirmed = set(self._standing)
        pulls, states = 0, False
        while not self._leaving.is_set():
            asked = time.monotonic()
            body = events.pull(found.address, found.references, PULL)
            for event in events.read_events(camera.ask("PullMessages", events.PULL, body, to)):
                states = states or event.initial
                self.take(event, datetime.now(UTC))
            # A camera that does not wait as it was asked to is asked no more often than this.
            self._leaving.wait(max(0.0, FLOOR - (time.monotonic() - asked)))
            if self._leaving.is_set():
                break  # of a camera that is gone nothing stands, and nobody would end it
            self._pulled, self._deaf = True, None
            pulls += 1
            if pulls == CONFIRMED:
                for key in self._unconfirmed & self._standing.keys():
                    self._unsure(key, states, datetime.now(UTC))
            self.settle(datetime.now(UTC))
            if pulls >= CONFIRMED or self._standing:
                self._tell(self.camera.code, self.alarms, datetime.now(UTC))
            if time.monotonic() >= renew_at:
                body = events.renew(found.address, found.references, HOLD)
                seconds = events.read_renewed(camera.ask("Renew", events.RENEW, body, to), HOLD)
                renew_at = time.monotonic() + seconds / 2
        camera.unsubscribe(found)

    def take(self, event: Event, now: datetime) -> None:
        """One event: an alarm that begins or ends is noted once, motion now and then with its count."""
        if event.what == "motion":
            self._motions += event.on and not event.initial
            since = time.monotonic() - self._noted if self._noted else MOTION_EVERY
            if self._motions and since >= MOTION_EVERY:
                self._note("motion", now, count=self._motions)
                self._noted, self._motions = time.monotonic(), 0
            return
        self._unconfirmed.discard(event.key)
        if event.on and (event.key in self._standing or len(self._standing) < PARTS):
            fresh = event.what not in self.alarms
            self._standing[event.key] = Standing(event.what, now, event.lasts)
            if fresh:
                log.warning("camera %s reports %s (%s)", self.camera.code, event.what, event.topic)
                self._note("alarm", now, event.what)
        elif event.key in self._standing:
            self._end(event.key, now)

    def _unsure(self, key: tuple[str, str], states: bool, now: datetime) -> None:
        """It stood before the camera went away, and was not told again. `states`: the camera tells whoever subscribes
        what stands, so it is over; of one that tells nothing it is not known: it stands as what is told for a moment.
        """
        if states:
            self._end(key, now)
        else:
            self._standing[key] = Standing(self._standing[key].what, now, False)

    def settle(self, now: datetime) -> None:
        """What was told for its moment only is over after a while; notes the disk did not take are tried again."""
        for key, one in list(self._standing.items()):
            if not one.lasts and (now - one.since).total_seconds() >= MOMENT:
                self._end(key, now)
        self._pay()

    def _end(self, key: tuple[str, str], now: datetime) -> None:
        ended = self._standing.pop(key).what
        if ended not in self.alarms:
            log.info("camera %s: %s is over", self.camera.code, ended)
            self._note("alarm_over", now, ended)

    def _note(self, kind: NoteKind, now: datetime, alarm: str = "", count: int = 0) -> None:
        self._owed.append((kind, now, alarm, count))
        self._pay()

    def _pay(self) -> None:
        while self._owed:
            kind, at, alarm, count = self._owed[0]
            try:
                self._notes.add(kind, self.camera.code, "process:recorder", at, alarm, count)
            except Unavailable as error:
                self._say(error.code, str(error))
                return
            self._owed.popleft()


def _no_events(address: str) -> Refused:
    return Refused(
        "camera_unsupported",
        N_("The camera {address} does not know {operation}."),
        N_("Update the camera's firmware, or use another model."),
        address=address,
        operation="CreatePullPointSubscription",
    )
