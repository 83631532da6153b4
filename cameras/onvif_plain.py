"""One ONVIF camera asked with few words: what the recorder keeps open for each of many cameras for years.

onvif-zeep keeps some 13 MB of descriptions for each camera; listening to events needs four questions. They are written
and read here, over the same pinned transport, with the same errors. The clock is read first and without credentials.
"""

import base64
import datetime as dt
import os
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from appliance.base.errors import DeviceFault, ExamError, Refused
from cameras import events, media2, passwords
from cameras.address import rewritten, shown_host, split_address
from cameras.events import Subscription
from cameras.onvif_client import EVENTS
from cameras.onvif_faults import empty, fault_of

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
TOKEN = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
CLOCK_TRIES, SOON = 3, dt.timedelta(seconds=0.5)
"""Times the clock is asked for when the answers take longer than that."""
BINARY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"


class PlainCamera:
    """One camera, one thread."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.host, self.port = split_address(address)
        self._user, self._password = user, password
        self._offset = dt.timedelta()
        self._sender: Any = None

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    def greet(self) -> str:
        """Read its clock anew, and where its events are; empty = it has none. Raises Refused or DeviceFault."""
        from cameras.transport import transport

        try:
            self.read_clock()
        except DeviceFault as error:
            if error.code != "camera_empty_answer":
                raise
            # It does not tell its time: try with ours.
        self._sender = transport(self.host, self._user, self._password)
        device = self._device_service
        try:
            told = self._device(device, "GetServices", [("IncludeCapability", "false")])
        except ExamError as error:
            if error.code not in ("camera_unsupported", "camera_bad_answer"):
                raise
            told = None
        found = "" if told is None else _of_services(told)
        if not found:
            told = self._device(device, "GetCapabilities", [("Category", "All")])
            found = "" if told is None else (told.findtext(".//{*}Events/{*}XAddr") or "").strip()
        return rewritten(found, self.host) if found else ""

    def read_clock(self) -> float:
        """Seconds its clock is ahead of ours, to about half a second. Asked without credentials; a camera that refuses
        that, against the standard, is asked with them. Raises Refused or DeviceFault.
        """
        from cameras.transport import transport

        try:
            found = self._ask_clock(transport(self.host), proven=False)
        except Refused as error:
            if not error.code.startswith("camera_password") or not self._user:
                raise
            found = self._ask_clock(transport(self.host, self._user, self._password), proven=True)
        self._offset = dt.timedelta(seconds=found)
        return found

    def _ask_clock(self, sender: Any, proven: bool) -> float:
        self._sender = sender
        best, found = dt.timedelta.max, 0.0
        for _try in range(CLOCK_TRIES):
            before = dt.datetime.now(dt.UTC)
            told = told_time(self._device(self._device_service, "GetSystemDateAndTime", proven=proven))
            trip = dt.datetime.now(dt.UTC) - before
            if told is None:
                raise empty(self.address, "GetSystemDateAndTime")
            if trip < best:
                # Whole seconds are told: on average half a second has passed since.
                best, found = trip, (told - before - trip / 2).total_seconds() + 0.5
            if best < SOON:
                break
        return found

    @property
    def _device_service(self) -> str:
        return f"http://{shown_host(self.host)}:{self.port}/onvif/device_service"

    def subscribe(self, seconds: float) -> Subscription | None:
        """A PullPoint of its events; None when it has none. Raises Refused or DeviceFault."""
        service, operation = self.greet(), "CreatePullPointSubscription"
        if not service:
            return None
        told = self.ask(operation, events.SUBSCRIBE, events.subscribe(round(seconds)), service)
        found = events.read_subscription(told, seconds)
        if found is None:
            raise empty(self.address, operation)
        return found

    def unsubscribe(self, found: Subscription) -> None:
        """Give the PullPoint back: cameras have few places."""
        body = events.unsubscribe(found.address, found.references)
        self.ask("Unsubscribe", events.UNSUBSCRIBE, body, rewritten(found.address, self.host))

    def _device(
        self, to: str, operation: str, fields: list[tuple[str, str]] | None = None, proven: bool = True
    ) -> Element | None:
        body = media2.envelope(operation, fields or [], DEVICE)
        return self.ask(operation, f"{DEVICE}/{operation}", body, to, proven)

    def ask(self, operation: str, action: str, body: bytes, to: str, proven: bool = True) -> Element | None:
        """One question: the answer's element. `body`: an envelope without proof; `to`: on the camera's own host."""
        from zeep import exceptions

        zeep_errors: Any = exceptions
        try:
            kind = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
            response = self._sender.post(to, self._with_token(body) if proven and self._user else body, kind)
            if response.status_code in (401, 403):
                raise zeep_errors.TransportError(status_code=response.status_code)
            try:
                return media2.answer(response.content, operation)
            except media2.Fault as error:
                raise zeep_errors.Fault(str(error)) from error
        except ExamError:
            raise
        except Exception as error:  # whatever happens below is sorted in one place
            raise fault_of(error, operation, self.address, self._offset.total_seconds()) from error

    def _with_token(self, body: bytes) -> bytes:
        """The same envelope with a UsernameToken in the camera's own time."""
        nonce = os.urandom(16)
        created = f"{dt.datetime.now(dt.UTC) + self._offset:%Y-%m-%dT%H:%M:%SZ}"
        token = (
            f'<w:Security xmlns:w="{SECURITY}" xmlns:u="{UTILITY}"><w:UsernameToken>'
            f"<w:Username>{escape(self._user)}</w:Username>"
            f'<w:Password Type="{TOKEN}">{passwords.token_digest(nonce, created, self._password)}</w:Password>'
            f'<w:Nonce EncodingType="{BINARY}">{base64.b64encode(nonce).decode()}</w:Nonce>'
            f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
        ).encode()
        if b"<s:Header/>" in body:
            return body.replace(b"<s:Header/>", b"<s:Header>" + token + b"</s:Header>", 1)
        return body.replace(b"</s:Header>", token + b"</s:Header>", 1)


def told_time(told: Element | None) -> dt.datetime | None:
    """The second GetSystemDateAndTimeResponse tells; None where it tells none."""
    utc = None if told is None else told.find(".//{*}UTCDateTime")
    if utc is None:
        return None
    names = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")
    paths = ("/".join(f"{{*}}{part}" for part in name.split("/")) for name in names)
    try:
        year, month, day, hour, minute, second = (int(utc.findtext(path) or "") for path in paths)
        return dt.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
    except ValueError:
        return None


def _of_services(told: Element) -> str:
    for one in told.iterfind("{*}Service"):
        if (one.findtext("{*}Namespace") or "").strip() == EVENTS:
            return (one.findtext("{*}XAddr") or "").strip()
    return ""
