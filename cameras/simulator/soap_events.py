"""Events of a simulated camera by PullPoint (ONVIF Core 9.2): subscriptions that end, and are lost when it restarts.

A subscription is known by its address (`/onvif/subscription/N`) alone. It ends at its time unless it is renewed;
whoever asks for one that ended gets the fault of an unknown resource.
"""

import asyncio
import re
from datetime import datetime, timedelta

import msgspec

from cameras.events import ADDRESSING, EVENTS, NOTIFICATION, What
from cameras.simulator import soap
from cameras.simulator.soap import Call

PATH = "/onvif/event_service"
SUBSCRIPTION = "/onvif/subscription/"
LONGEST = 600.0
"""Seconds a subscription may be asked for."""
TOPICS: dict[What, tuple[str, str]] = {
    "tamper": ("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper"),
    "scene": ("tns1:VideoSource/GlobalSceneChange/ImagingService", "State"),
    "motion": ("tns1:RuleEngine/CellMotionDetector/Motion", "IsMotion"),
}
DURATION = re.compile(r"PT(?:(\d+)M)?(?:([\d.]+)S)?")


class Pullpoint(msgspec.Struct):
    """One subscription. `until`: on the camera's clock."""

    until: datetime
    waiting: list[str]
    came: asyncio.Event


class EventService:
    """What a simulated camera tells of itself. `longest`: seconds it gives a subscription, whatever is asked."""

    def __init__(self, base: str = "", longest: float = LONGEST) -> None:
        self.base = base
        self.longest = longest
        self.standing: dict[What, bool] = dict.fromkeys(TOPICS, False)
        self._open: dict[str, Pullpoint] = {}
        self._made = 0

    @property
    def count(self) -> int:
        """Subscriptions that are open."""
        return len(self._open)

    def restart(self) -> None:
        """A restart: every subscription is lost, and its address will never come again."""
        self.wake()
        self._open.clear()

    def wake(self) -> None:
        """Nobody waits on: the line was cut."""
        for one in self._open.values():
            one.came.set()

    def tell(self, what: What, on: bool, now: datetime) -> None:
        """Something begins or ends."""
        self.standing[what] = on
        for one in self._open.values():
            one.waiting.append(_message(what, on, "Changed", now))
            one.came.set()

    async def answer(self, call: Call, url: str, now: datetime) -> tuple[int, bytes]:
        """HTTP status and envelope. `now`: the camera's own clock."""
        for name in [name for name, one in self._open.items() if one.until < now]:
            del self._open[name]
        if call.operation == "CreatePullPointSubscription":
            return 200, self._subscribe(call, now)
        name = url.partition(SUBSCRIPTION)[2]
        one = self._open.get(name)
        if one is None:
            return 400, soap.fault("wsrf-rw:ResourceUnknownFault", "The subscription does not exist")
        match call.operation:
            case "PullMessages":
                return 200, await self._pull(one, call, now)
            case "Renew":
                one.until = now + timedelta(seconds=self._seconds(call.fields.get("TerminationTime", "")))
                return 200, soap.envelope(
                    f"<n:RenewResponse{_NAMES}>{_times(now, one.until)}</n:RenewResponse>"
                )
            case "Unsubscribe":
                del self._open[name]
                return 200, soap.envelope(f"<n:UnsubscribeResponse{_NAMES}/>")
        return 400, soap.fault("ter:ActionNotSupported", "Optional Action Not Implemented")

    def _subscribe(self, call: Call, now: datetime) -> bytes:
        self._made += 1
        name = f"{self._made}-{id(self):x}"
        until = now + timedelta(seconds=self._seconds(call.fields.get("InitialTerminationTime", "")))
        first = [_message(what, on, "Initialized", now) for what, on in self.standing.items()]
        self._open[name] = Pullpoint(until, first, asyncio.Event())
        return soap.envelope(
            f"<e:CreatePullPointSubscriptionResponse{_NAMES}><e:SubscriptionReference><a:Address>"
            f"{self.base}{SUBSCRIPTION}{name}</a:Address></e:SubscriptionReference>"
            f"{_times(now, until)}</e:CreatePullPointSubscriptionResponse>"
        )

    async def _pull(self, one: Pullpoint, call: Call, now: datetime) -> bytes:
        seconds = min(60.0, self._seconds(call.fields.get("Timeout", "")))
        if not one.waiting:
            one.came.clear()
            try:
                async with asyncio.timeout(seconds):
                    await one.came.wait()
            except TimeoutError:
                pass
        told, one.waiting = one.waiting[:50], one.waiting[50:]
        inside = "".join(told)
        return soap.envelope(
            f"<e:PullMessagesResponse{_NAMES}>{_times(now, one.until, 'e')}{inside}</e:PullMessagesResponse>"
        )

    def _seconds(self, text: str) -> float:
        found = DURATION.fullmatch(text.strip())
        seconds = float(found[1] or 0) * 60 + float(found[2] or 0) if found else self.longest
        return min(seconds, self.longest)


_NAMES = f' xmlns:e="{EVENTS}" xmlns:n="{NOTIFICATION}" xmlns:a="{ADDRESSING}"'


def _times(now: datetime, until: datetime, space: str = "n") -> str:
    return (
        f"<{space}:CurrentTime>{now:%Y-%m-%dT%H:%M:%SZ}</{space}:CurrentTime>"
        f"<{space}:TerminationTime>{until:%Y-%m-%dT%H:%M:%SZ}</{space}:TerminationTime>"
    )


def _message(what: What, on: bool, operation: str, now: datetime) -> str:
    topic, item = TOPICS[what]
    dialect = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
    return (
        f'<n:NotificationMessage><n:Topic xmlns:tns1="http://www.onvif.org/ver10/topics" Dialect="{dialect}">'
        f'{topic}</n:Topic><n:Message><tt:Message UtcTime="{now:%Y-%m-%dT%H:%M:%SZ}" PropertyOperation="{operation}">'
        '<tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="source"/></tt:Source><tt:Data>'
        f'<tt:SimpleItem Name="{item}" Value="{str(on).lower()}"/></tt:Data></tt:Message></n:Message>'
        "</n:NotificationMessage>"
    )
