"""What lies on a camera's card (ONVIF Recording Search and Replay services, ver10), asked with few words.

Over the same pinned transport as everything else; what a camera leaves out is unknown, what it answers wrongly is left
out, what it does not have is said by name.
"""

import datetime as dt
import re
import time
from collections.abc import Sequence
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import msgspec

from appliance.base.errors import DeviceFault, ExamError, Refused
from appliance.base.i18n import N_
from cameras.address import rewritten
from cameras.card.ranges import Reading, Span, clock_offset, xml_time
from cameras.media2 import ENVELOPE
from cameras.onvif_plain import PlainCamera, told_time

SEARCH = "http://www.onvif.org/ver10/search/wsdl"
REPLAY = "http://www.onvif.org/ver10/replay/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
UNTOLD = ("camera_unsupported", "camera_bad_answer", "camera_empty_answer")
"""Faults of an answer that can be done without."""
ROUNDS, AT_ONCE, MOST = 40, 50, 2000
"""Questions for results of one search, results in each, results in all."""
CLOCK_TRIES, CLOCK_PAUSE, CLOCK_GOOD = 16, 0.08, dt.timedelta(seconds=0.1)
"""The camera tells whole seconds: it is asked until one turns."""
PERIOD = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One recording on the card, in the camera's time. None: it does not say. `video`: it has a track of pictures."""

    token: str
    source: str = ""
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    video: bool = True


class CardCamera(PlainCamera):
    """A camera asked for what its card holds. `meet` first; one camera, one thread."""

    def __init__(self, address: str, user: str, password: str) -> None:
        super().__init__(address, user, password)
        self.offset = dt.timedelta()
        """By how much its clock is ahead of ours,"""
        self.doubt = dt.timedelta()
        """and how far that may be wrong."""
        self.keep_alive = 60.0
        """Seconds its replay lasts without a word from us."""
        self.serial: str | None = None
        """Its serial number; empty: it tells none; None: it could not be asked."""
        self._services: dict[str, str] = {}

    def meet(self) -> None:
        """Read its clock and where its services are. Raises Refused `no_card_search` when it has no Profile G."""
        from cameras.transport import transport

        self._sender = transport(self.host, self._user, self._password)
        device = self._device_service
        self._meet_clock(device)
        self.serial = self._serial()
        try:
            told = self._device(device, "GetServices", [("IncludeCapability", "false")])
            self._services = _services(told, self.host)
        except ExamError as error:
            if error.code not in UNTOLD:
                raise
        if not {SEARCH, REPLAY} <= self._services.keys():
            try:
                told = self._device(device, "GetCapabilities", [("Category", "All")])
                self._services = _capabilities(told, self.host) | self._services
            except ExamError as error:
                if error.code not in UNTOLD:
                    raise
        if not {SEARCH, REPLAY} <= self._services.keys():
            raise self._without()

    def who(self) -> str | None:
        """Its serial number, asked alone (`serial`). Raises Refused or DeviceFault."""
        from cameras.transport import transport

        self.read_clock()
        self._sender = transport(self.host, self._user, self._password)
        return self._serial()

    def _serial(self) -> str | None:
        try:
            told = self._device(self._device_service, "GetDeviceInformation")
        except ExamError as error:
            if error.code not in UNTOLD:
                raise
            return None
        return None if told is None else (told.findtext("{*}SerialNumber") or "").strip()

    def _meet_clock(self, device: str) -> None:
        readings: list[Reading] = []
        proven = False
        for _try in range(CLOCK_TRIES):
            asked = dt.datetime.now(dt.UTC)
            try:
                told = told_time(self._device(device, "GetSystemDateAndTime", proven=proven))
            except (
                Refused
            ) as error:  # as PlainCamera.read_clock: against the standard it wants the password for that
                if proven or not self._user or not error.code.startswith("camera_password"):
                    raise
                proven = True
                continue
            if told is None:
                raise DeviceFault(
                    "card_no_clock",
                    N_(
                        "The camera {address} does not tell its time: nobody knows when its card's pictures were taken."
                    ),
                    N_(
                        "Copy the film from its card, and"
                        " fill the gap with examsite recordings fill --from FILE --start TIME."
                    ),
                    address=self.address,
                )
            readings.append((asked, dt.datetime.now(dt.UTC), told))
            self.offset, self.doubt = clock_offset(readings)
            if self.doubt < CLOCK_GOOD:
                break
            time.sleep(CLOCK_PAUSE)
        self._offset = self.offset  # tokens are made in its time

    def _without(self) -> Refused:
        return Refused(
            "no_card_search",
            N_("The camera {address} has no recording search and replay (ONVIF Profile G)."),
            N_("Copy the film from its card, and fill the gap with examsite recordings fill --from FILE."),
            address=self.address,
        )

    def recordings(self) -> list[Recording]:
        """Everything its card holds; empty when it holds nothing."""
        if self._number() == 0:
            return []
        inside = f"<m:Scope/><m:MaxMatches>{MOST}</m:MaxMatches><m:KeepAliveTime>PT30S</m:KeepAliveTime>"
        told = self._ask(SEARCH, "FindRecordings", inside)
        token = "" if told is None else (told.findtext("{*}SearchToken") or "").strip()
        if not token:
            return []
        try:
            return self._results(token)
        finally:
            self._end(token)

    def _results(self, token: str) -> list[Recording]:
        inside = (
            f"<m:SearchToken>{escape(token)}</m:SearchToken><m:MinResults>1</m:MinResults>"
            f"<m:MaxResults>{AT_ONCE}</m:MaxResults><m:WaitTime>PT5S</m:WaitTime>"
        )
        found: dict[str, Recording] = {}
        for _round in range(ROUNDS):
            told = self._ask(SEARCH, "GetRecordingSearchResults", inside)
            before = len(found)
            found |= {one.token: one for one in read_recordings(told)}
            state = "" if told is None else (told.findtext(".//{*}SearchState") or "").strip().lower()
            if state == "completed" or len(found) >= MOST or (len(found) == before and state != "searching"):
                break
        return [self._whole(one) for one in found.values()]

    def _whole(self, one: Recording) -> Recording:
        """A recording whose result says no times is asked for by itself."""
        if one.first and one.last:
            return one
        try:
            told = self._ask(SEARCH, "GetRecordingInformation", _token(one.token))
        except ExamError as error:
            if error.code not in UNTOLD:
                raise
            return one
        return next(iter(read_recordings(told)), one)

    def _number(self) -> int | None:
        """How many recordings there are by GetRecordingSummary; None when it does not say."""
        try:
            told = self._ask(SEARCH, "GetRecordingSummary", "")
            text = "" if told is None else told.findtext(".//{*}NumberRecordings") or ""
            return int(text)
        except (ExamError, ValueError) as error:
            if isinstance(error, ExamError) and error.code not in UNTOLD:
                raise
            return None

    def _end(self, token: str) -> None:
        """EndSearch; a search that has ended by itself is no fault."""
        try:
            self._ask(SEARCH, "EndSearch", f"<m:SearchToken>{escape(token)}</m:SearchToken>")
        except ExamError as error:
            if error.code not in UNTOLD:
                raise

    def replay_address(self, recording: str) -> str:
        """GetReplayUri over RTSP/TCP, at the host that was asked; GetReplayConfiguration for how long it lasts."""
        inside = (
            "<m:StreamSetup><t:Stream>RTP-Unicast</t:Stream><t:Transport><t:Protocol>RTSP</t:Protocol></t:Transport>"
            "</m:StreamSetup>"
        )
        told = self._ask(REPLAY, "GetReplayUri", inside + _token(recording))
        uri = "" if told is None else (told.findtext("{*}Uri") or "").strip()
        try:
            found = rewritten(uri, self.host)
        except ValueError:
            found = ""
        if not found.startswith("rtsp://"):
            raise DeviceFault(
                "card_no_replay",
                N_("The camera {address} gives no address from which its card's pictures can be had."),
                N_(
                    "Copy the film from its card, and fill the gap with examsite recordings fill --from FILE."
                ),
                address=self.address,
            )
        try:
            told = self._ask(REPLAY, "GetReplayConfiguration", "")
            self.keep_alive = _seconds("" if told is None else told.findtext(".//{*}SessionTimeout") or "")
        except ExamError as error:
            if error.code not in UNTOLD:
                raise
        return found

    def _ask(self, space: str, operation: str, inside: str) -> Element | None:
        body = (
            f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:m="{space}" xmlns:t="{SCHEMA}"><s:Header/><s:Body>'
            f"<m:{operation}>{inside}</m:{operation}></s:Body></s:Envelope>"
        ).encode()
        return self.ask(operation, f"{space}/{operation}", body, self._services[space])


def _token(recording: str) -> str:
    return f"<m:RecordingToken>{escape(recording)}</m:RecordingToken>"


def _seconds(period: str) -> float:
    """An xs:duration of a minute or so; 60 where there is none."""
    found = PERIOD.fullmatch(period.strip())
    try:
        told = [float(one or 0) for one in found.groups()] if found else []
    except ValueError:
        told = []
    total = sum(part * unit for part, unit in zip(told, (3600, 60, 1), strict=False))
    return total if total >= 1 else 60.0


def _services(told: Element | None, host: str) -> dict[str, str]:
    """GetServicesResponse: addresses by namespace; what is no address is left out."""
    found = [] if told is None else told.findall("{*}Service")
    return _placed(
        {one.findtext("{*}Namespace") or "": one.findtext("{*}XAddr") or "" for one in found}, host
    )


def _capabilities(told: Element | None, host: str) -> dict[str, str]:
    """GetCapabilitiesResponse, where both stand in the extension."""
    names = {SEARCH: "Search", REPLAY: "Replay"}
    found = (
        {}
        if told is None
        else {key: told.findtext(f".//{{*}}{one}/{{*}}XAddr") for key, one in names.items()}
    )
    return _placed({key: one or "" for key, one in found.items()}, host)


def _placed(told: dict[str, str], host: str) -> dict[str, str]:
    found = {}
    for space, address in told.items():
        try:
            found[space.strip()] = rewritten(address, host)
        except ValueError:
            continue
    return found


def read_recordings(told: Element | None) -> list[Recording]:
    """RecordingInformation elements of an answer, one without a token left out."""
    found = []
    for one in [] if told is None else told.iterfind(".//{*}RecordingInformation"):
        token = (one.findtext("{*}RecordingToken") or "").strip()
        if not token:
            continue
        tracks = one.findall("{*}Track")
        kinds = {(track.findtext("{*}TrackType") or "").strip().lower() for track in tracks}
        films = [
            track for track in tracks if (track.findtext("{*}TrackType") or "").strip().lower() == "video"
        ]
        firsts = [xml_time(track.findtext("{*}DataFrom")) for track in films]
        lasts = [xml_time(track.findtext("{*}DataTo")) for track in films]
        source = one.find("{*}Source")
        found.append(
            Recording(
                token=token,
                source="" if source is None else (source.findtext("{*}SourceId") or "").strip(),
                first=xml_time(one.findtext("{*}EarliestRecording"))
                or min(filter(None, firsts), default=None),
                last=xml_time(one.findtext("{*}LatestRecording")) or max(filter(None, lasts), default=None),
                video="video" in kinds or not kinds,
            )
        )
    return found


def holding(recordings: Sequence[Recording], span: Span) -> list[Recording]:
    """Those with pictures that can hold something of `span` (the camera's time), in order. Pure.

    A recording that is going on may say an end before now: one that began before the span's end counts unless it ended
    before its start.
    """
    found = [
        one
        for one in recordings
        if one.video
        and (one.first is None or one.first < span[1])
        and (one.last is None or one.last > span[0] or one.last == one.first)
    ]
    return sorted(found, key=lambda one: (one.first or dt.datetime.min.replace(tzinfo=dt.UTC), one.token))
