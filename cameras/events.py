"""ONVIF events by PullPoint (ONVIF Core 9.2; WS-BaseNotification 1.3; WS-Addressing 1.0). Pure: bytes out, facts in.

Of all a camera tells, four things are read: its lens is covered, blurred or dazzled (tamper), its whole scene changed
(scene), something moves (motion), and what it says of these as their state when somebody subscribes.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4
from xml.etree.ElementTree import Element, tostring
from xml.sax.saxutils import escape

import msgspec

from cameras.media2 import ENVELOPE

EVENTS = "http://www.onvif.org/ver10/events/wsdl"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"
SUBSCRIBE = f"{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest"
PULL = f"{EVENTS}/PullPointSubscription/PullMessagesRequest"
RENEW = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest"
UNSUBSCRIBE = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest"
SOURCE_LIMIT = 200
REFERENCES_LIMIT = 4096

What = Literal["tamper", "scene", "motion"]
TOPICS: dict[str, What] = {
    "VideoSource/ImageTooDark": "tamper",
    "VideoSource/ImageTooBright": "tamper",
    "VideoSource/ImageTooBlurry": "tamper",
    "VideoSource/SignalLoss": "tamper",
    "VideoSource/VideoLoss": "tamper",
    "RuleEngine/TamperDetector": "tamper",
    "RuleEngine/MyRuleDetector/Tamper": "tamper",
    "Device/Casing/Tamper": "tamper",
    "VideoSource/GlobalSceneChange": "scene",
    "RuleEngine/CellMotionDetector": "motion",
    "RuleEngine/MotionRegionDetector": "motion",
    "VideoSource/MotionAlarm": "motion",
    "VideoAnalytics/Motion": "motion",
}
"""How the topics of ONVIF's and common makers' begin, without name space prefixes."""
TRUE = ("true", "1", "on", "active")


class Subscription(msgspec.Struct, kw_only=True):
    """A pull point: its address as the camera names it, the reference parameters it wants back (XML), and for how long
    it holds, by the camera's own two times.
    """

    address: str
    references: str
    seconds: float


class Event(msgspec.Struct, kw_only=True):
    """One fact a camera tells. `on`: it is so now; `initial`: told as the state at the time of subscribing."""

    what: What
    topic: str
    on: bool
    initial: bool = False
    lasts: bool = True
    """The camera will tell its end; else it is told for this moment only."""
    at: datetime | None = None
    """By the camera's clock."""
    source: str = ""
    """Which of the camera's parts tells it: a sensor, a rule."""

    @property
    def key(self) -> tuple[str, str]:
        """What the end of an alarm has in common with its beginning."""
        return self.topic, self.source


def subscribe(seconds: int) -> bytes:
    """CreatePullPointSubscription without a filter: many cameras refuse any."""
    inside = f"<e:InitialTerminationTime>PT{seconds}S</e:InitialTerminationTime>"
    return _envelope(
        SUBSCRIBE, "", "", f"<e:CreatePullPointSubscription>{inside}</e:CreatePullPointSubscription>"
    )


def pull(to: str, references: str, seconds: int, most: int = 50) -> bytes:
    """PullMessages: answered when something happened, and after `seconds` anyway."""
    inside = f"<e:Timeout>PT{seconds}S</e:Timeout><e:MessageLimit>{most}</e:MessageLimit>"
    return _envelope(PULL, to, references, f"<e:PullMessages>{inside}</e:PullMessages>")


def renew(to: str, references: str, seconds: int) -> bytes:
    """Renew."""
    inside = f"<n:TerminationTime>PT{seconds}S</n:TerminationTime>"
    return _envelope(RENEW, to, references, f"<n:Renew>{inside}</n:Renew>")


def unsubscribe(to: str, references: str) -> bytes:
    """Unsubscribe."""
    return _envelope(UNSUBSCRIBE, to, references, "<n:Unsubscribe/>")


def _envelope(action: str, to: str, references: str, body: str) -> bytes:
    head = f"<a:Action>{action}</a:Action><a:MessageID>urn:uuid:{uuid4()}</a:MessageID>"
    head += f"<a:ReplyTo><a:Address>{ADDRESSING}/anonymous</a:Address></a:ReplyTo>"
    head += f"<a:To>{escape(to)}</a:To>{references}" if to else ""
    return (
        f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:a="{ADDRESSING}" xmlns:e="{EVENTS}" xmlns:n="{NOTIFICATION}">'
        f"<s:Header>{head}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def read_subscription(told: Element | None, asked: float) -> Subscription | None:
    """CreatePullPointSubscriptionResponse; None when it names no address. `asked`: seconds, where it names no times."""
    reference = None if told is None else told.find("{*}SubscriptionReference")
    address = "" if reference is None else (reference.findtext("{*}Address") or "").strip()
    if not address or told is None or reference is None:
        return None
    wanted = reference.find("{*}ReferenceParameters")
    kept = "".join(tostring(one, encoding="unicode") for one in (wanted if wanted is not None else ()))
    return Subscription(
        address=address,
        references=kept if len(kept) <= REFERENCES_LIMIT else "",
        seconds=_holds(told, asked),
    )


def read_renewed(told: Element | None, asked: float) -> float:
    """RenewResponse: seconds from now."""
    return asked if told is None else _holds(told, asked)


def _holds(told: Element, asked: float) -> float:
    now, end = _time(told.findtext("{*}CurrentTime")), _time(told.findtext("{*}TerminationTime"))
    if now is None or end is None or not timedelta(0) < end - now < timedelta(days=1):
        return asked
    return (end - now).total_seconds()


def read_events(told: Element | None) -> list[Event]:
    """PullMessagesResponse: what concerns us, in order."""
    found = []
    for message in [] if told is None else told.iterfind("{*}NotificationMessage"):
        topic = _topic(message.findtext("{*}Topic") or "")
        what = next((one for start, one in TOPICS.items() if (topic + "/").startswith(start + "/")), None)
        inner = message.find("{*}Message/{*}Message")
        if what is None or inner is None:
            continue
        values = [
            (one.get("Name") or "", one.get("Value") or "") for one in inner.iterfind("{*}Data/{*}SimpleItem")
        ]
        parts = (f"{one.get('Name')}={one.get('Value')}" for one in inner.iterfind("{*}Source/{*}SimpleItem"))
        states = [value for name, value in values if name.startswith(("Is", "State", "Motion", "Tamper"))]
        value = (states or [value for _name, value in values] or ["true"])[0]
        found.append(
            Event(
                what=what,
                topic=topic,
                on=value.strip().lower() in TRUE and inner.get("PropertyOperation") != "Deleted",
                lasts=bool(inner.get("PropertyOperation")),
                initial=inner.get("PropertyOperation") == "Initialized",
                at=_time(inner.get("UtcTime")),
                source=";".join(sorted(parts))[:SOURCE_LIMIT],
            )
        )
    return found


def _topic(text: str) -> str:
    return "/".join(part.rpartition(":")[2] for part in text.strip().split("/"))


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
