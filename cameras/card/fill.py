"""Gaps filled out of the camera's own card: asked for by ONVIF Profile G, kept as a copy brought by somebody is.

Only where nothing was recorded and something should have been; the gap stays a fact. The link of each file names the
recording on the card, by how much the camera's clock was ahead and how far that may be wrong, the camera's serial
number, who asked, and when. Of the time before the code's address, room or camera changed nothing is taken, unless a
person names that time.
"""

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec
from av.error import FFmpegError

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import DeviceFault, ExamError, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.base.sockets import Handler
from appliance.wire.fill import CardFilled, FillFromCard
from cameras.card.clocks import Clocks, set_by, spread
from cameras.card.keep import Keeper
from cameras.card.packets import Codec
from cameras.card.ranges import Span
from cameras.card.replay import Replay
from cameras.card.search import CardCamera, Recording, holding
from cameras.fill import Filler, holes, recorded, unusable
from cameras.index import Index, Reader, behind, moment
from cameras.index.untold import Asked

log = logging.getLogger("examsite.recorder")

DAYS = timedelta(days=7)
"""How far back is looked where nobody names a time: cards are overwritten."""
LAG = timedelta(seconds=15)
"""What was missed just now may still come."""
PLANNED = ("resting", "clock")
"""Gaps in which nothing is missing: by plan, and times that never were."""
STRAY = timedelta(minutes=1)
"""Pictures further from the time asked for carry wrong times."""
SURE = timedelta(seconds=1)
"""No nearer known than this a camera's clock is of no use."""
NICE = 10
MEBIBYTE = 1024 * 1024
Going = Callable[[], bool]


def missing(index: Index, media: Path, camera: str, span: Span, now: datetime) -> list[Span]:
    """Where nothing was recorded, and not by plan."""
    covered = recorded(index, media, camera, span, now)
    covered += [(one.start, one.end or now) for one in index.gaps(camera, *span) if one.cause in PLANNED]
    return holes(covered, *span)


def days_before(index: Reader, camera: str, now: datetime) -> Span:
    """The last days, from the first recording or gap of this camera on."""
    rows = index.rows(
        "SELECT min(start) FROM segment WHERE camera = ? UNION SELECT min(start) FROM gap WHERE camera = ?",
        camera,
        camera,
    )
    first = min((moment(row[0]) for row in rows if row[0] is not None), default=now)
    return max(now - DAYS, first), now - LAG


class CardFiller:
    """Answers FillFromCard, one camera after the other. `filler`: has the turns of each camera; `told`: when something
    was filled, and by whom.
    """

    def __init__(
        self,
        settings: Settings,
        index: Index,
        password: Callable[[CameraSettings], str],
        told: Callable[[CardFilled, str], None],
        filler: Filler,
    ) -> None:
        self._settings, self._index = settings, index
        self._media = Path(settings.recorder.media)
        self._password, self._told, self._filler = password, told, filler
        self.clocks = Clocks(index)
        """What the recorder knew of the cameras' clocks."""
        self.awaited = 0
        """How many wait for an answer: what goes on by itself lets them go before."""
        self._one = asyncio.Lock()
        self._leaving = threading.Event()
        self._working: threading.Thread | None = None

    def handlers(self) -> dict[type, Handler]:
        """By what is asked."""
        return {FillFromCard: self.fill}

    def stop(self, seconds: float) -> None:
        """Close what is being filled; waits for it so long."""
        self._leaving.set()
        self._filler.stop()
        if self._working:
            self._working.join(seconds)

    async def fill(self, asked: FillFromCard, going: Going | None = None) -> CardFilled:
        """FillFromCard. `going`: False leaves the rest for another time; None: somebody waits for it."""
        self.awaited += going is None
        try:
            async with self._filler.turns[asked.camera], self._one:
                named = going is None and asked.start is not None
                return await self._apart(
                    lambda: self._fill(asked, named, datetime.now(UTC), going or _always)
                )
        finally:
            self.awaited -= going is None

    async def _apart(self, work: Callable[[], CardFilled]) -> CardFilled:
        """In a thread of its own, which the recording's threads go before; the process does not wait for it."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[CardFilled] = loop.create_future()

        def over(made: CardFilled | None, error: Exception | None) -> None:
            if not done.cancelled():
                done.set_exception(error) if error else done.set_result(made)  # type: ignore[arg-type]

        def run() -> None:
            made, trouble = None, None
            try:
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
                made = work()
            except Exception as error:  # handed on to whoever waits
                trouble = error
            try:
                loop.call_soon_threadsafe(over, made, trouble)
            except RuntimeError:
                log.info("the recorder ends while a gap is being filled")

        self._working = threading.Thread(target=run, name="card", daemon=True)
        self._working.start()
        return await done

    async def meet(self, camera: CameraSettings) -> None:
        """Keep who stands behind a code now. Raises Refused, DeviceFault or Unavailable."""
        card = CardCamera(camera.address, camera.user, self._password(camera))
        await asyncio.to_thread(lambda: self._keep_serial(camera, card.who()))

    def _keep_serial(self, camera: CameraSettings, serial: str | None) -> None:
        try:
            behind.tell_serial(self._index, camera.code, serial, datetime.now(UTC))
        except sqlite3.Error as error:
            raise unusable(error) from error

    def _camera(self, code: str) -> CameraSettings:
        found = next((one for one in self._settings.cameras if one.code == code), None)
        if found is None:
            raise NotFound("no_camera", N_("There is no camera {camera}."), camera=code)
        if "://" in found.address:
            raise Refused(
                "no_onvif",
                N_("Camera {camera} is known by its stream's address only: its card cannot be asked."),
                N_(
                    "Set it up by ONVIF, or copy the film from its card and"
                    " fill the gap with examsite recordings fill --from FILE."
                ),
                camera=code,
            )
        return found

    def _fill(self, asked: FillFromCard, named: bool, now: datetime, going: Going) -> CardFilled:
        """`named`: a person says that this camera was there at that time."""
        camera = self._camera(asked.camera)
        days = days_before(self._index, camera.code, now)
        span = (asked.start or days[0]).astimezone(UTC), min((asked.end or now).astimezone(UTC), now - LAG)
        lacking = missing(self._index, self._media, camera.code, span, now) if span[0] < span[1] else []
        seconds = sum((last - first).total_seconds() for first, last in lacking)
        made = CardFilled(camera=camera.code, missing_s=round(seconds, 1))
        if not lacking:
            return made
        card = CardCamera(camera.address, camera.user, self._password(camera))
        card.meet()
        self._keep_serial(camera, card.serial)
        since = behind.since(self._index, camera, datetime.now(UTC))
        offset = card.offset if asked.clock_offset is None else timedelta(seconds=asked.clock_offset)
        made.clock_offset_s = round(offset.total_seconds(), 2)
        recordings = [one for one in card.recordings() if one.video and asked.recording in ("", one.token)]
        one_source(recordings, camera.code)
        trouble: ExamError | None = None
        doubt: DeviceFault | None = None
        try:
            for whole in lacking:
                hole = whole if named else (max(whole[0], since), whole[1])
                if hole != whole:
                    doubt = _other_camera(camera.code)
                    made.doubtful_s += (min(hole[0], hole[1]) - whole[0]).total_seconds()
                if hole[0] >= hole[1]:
                    continue
                there = holding(recordings, (hole[0] + offset, hole[1] + offset))
                told = _Told(asked.by, now, "", made.clock_offset_s, card.serial or "")
                if asked.clock_offset is None:
                    try:
                        told.off = self._off(camera, hole, now, card)
                    except DeviceFault as error:
                        doubt = error
                        made.doubtful_s += (hole[1] - hole[0]).total_seconds()
                        continue
                made.recordings += [one.token for one in there if one.token not in made.recordings]
                rest = [hole]
                for one in there:
                    told.recording = one.token
                    parts, rest = rest, []
                    for part in parts:  # what another recording on the card gave is not asked for again
                        before = len(made.filled)
                        trouble = self._hole(card, camera, told, part, offset, going, made) or trouble
                        rest += holes([(new.start, new.end) for new in made.filled[before:]], *part)
        finally:
            if made.filled:
                log.warning("camera %s: %d stretches filled from its card", camera.code, len(made.filled))
                self._told(made, asked.by)
        if not made.filled and (trouble or doubt):
            raise trouble or doubt  # type: ignore[misc]
        made.cut_short = trouble is not None
        return made

    def _hole(
        self,
        card: CardCamera,
        camera: CameraSettings,
        told: "_Told",
        hole: Span,
        offset: timedelta,
        going: Going,
        made: CardFilled,
    ) -> ExamError | None:
        """Fetch one hole, asking again where the camera stopped as long as that brings more. What went wrong last."""
        uri = card.replay_address(told.recording)
        password = self._password(camera)
        length = timedelta(seconds=self._settings.recorder.segment)
        at = hole[0]
        while True:
            who = Asked("card_filled", told.by, told.at)
            keeper = Keeper(self._index, self._media, camera.code, length, (at, hole[1]), told.cause, who)
            rate = self._settings.recorder.card_mib * MEBIBYTE
            replay = Replay(uri, camera.user, password, rate, card.keep_alive, lambda: self._goes(going))
            trouble: ExamError | None = None
            try:
                try:
                    self._take(replay, keeper, (at, hole[1]), offset)
                except (Refused, DeviceFault) as error:
                    trouble = error
                finally:
                    keeper.close()
            except (OSError, sqlite3.Error, FFmpegError) as error:
                raise unusable(error) from error
            finally:
                made.filled += keeper.stretches
            if trouble is None or not self._goes(going) or keeper.end <= at:
                return trouble
            at = keeper.end

    def _off(self, camera: CameraSettings, hole: Span, now: datetime, card: CardCamera) -> float:
        """By how many seconds the card's times of a hole may be wrong. Raises DeviceFault where that is not known: the
        camera's clock was set since, or nobody had read it before.
        """
        if card.doubt > SURE:
            raise DeviceFault(
                "card_clock_slow",
                N_("The camera's clock is known to {seconds} s only: its card's times are in doubt."),
                N_(
                    "Try again when the network is free, or name what its clock was ahead then with"
                    " --clock-offset."
                ),
                seconds=round(card.doubt.total_seconds(), 1),
            )
        readings = self.clocks.since(camera.code, hole[0], now, card.offset.total_seconds())
        if not readings:
            raise DeviceFault(
                "card_clock_unknown",
                N_(
                    "What the camera's clock was at the time of this gap is not known: its card's times are in doubt,"
                    " and nothing is taken."
                ),
                N_("Name what its clock was ahead then with --clock-offset."),
            )
        moved = set_by(readings)
        if moved is not None:
            raise DeviceFault(
                "card_clock_set",
                N_(
                    "The camera's clock was set by {seconds} s since this gap: its card's times are in doubt, and"
                    " nothing is taken."
                ),
                N_("Name what its clock was ahead then with --clock-offset."),
                seconds=f"{moved:+.1f}",
            )
        return max(card.doubt.total_seconds(), spread(readings))

    def _goes(self, going: Going) -> bool:
        return going() and not self._leaving.is_set()

    def _take(self, replay: Replay, keeper: Keeper, span: Span, offset: timedelta) -> None:
        for picture in replay.pictures(span[0] + offset, span[1] + offset):
            at = picture.stamp.at - offset
            if not span[0] - STRAY <= at <= span[1] + STRAY:
                raise DeviceFault(
                    "card_wrong_times",
                    N_("The card's pictures say {time} where {start} was asked for: they are not used."),
                    N_(
                        "Set the camera's clock; copy the film from its card and"
                        " fill the gap with examsite recordings fill --from FILE --start TIME."
                    ),
                    time=at.isoformat(timespec="seconds"),
                    start=span[0].isoformat(timespec="seconds"),
                )
            if at >= span[1]:
                return
            codec: Codec = "h264" if replay.codec == "h264" else "h265"
            keeper.take(picture, at, codec, replay.sets)


def _always() -> bool:
    return True


class _Told(msgspec.Struct):
    """What the link of a file says of where it comes from. `off`: how far its times may be wrong; None: a person named
    what the camera's clock was.
    """

    by: str
    at: datetime
    recording: str
    offset: float
    serial: str
    off: float | None = None

    @property
    def cause(self) -> str:
        """As an address, which no file name can be."""
        told = {"clock": f"{self.offset:+.2f}", "by": self.by, "at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}"}
        told |= {} if self.off is None else {"doubt": f"{self.off:.2f}"}
        told |= {"serial": self.serial} if self.serial else {}
        return f"card://{quote(self.recording, safe='')}?{urlencode(told)}"


def _other_camera(camera: str) -> DeviceFault:
    return DeviceFault(
        "card_other_camera",
        N_(
            "Since this gap the address, the room or the serial number of camera {camera} has changed: its card may"
            " show another place, and nothing is taken."
        ),
        N_(
            "If this very camera hung there then, name the time: examsite recordings fill --from-camera --since"
            " TIME."
        ),
        camera=camera,
    )


def one_source(recordings: Sequence[Recording], camera: str) -> None:
    """Raises Refused where the pictures of several lenses lie on one card, or may: of several recordings each must name
    the same lens, whatever time they hold, for nobody may guess whose they are. Pure.
    """
    sources = {one.source for one in recordings}
    if len(sources) > 1 or (len(recordings) > 1 and "" in sources):
        raise Refused(
            "card_ambiguous",
            N_("The card of camera {camera} holds recordings of several sources: {recordings}"),
            N_("Name the right one with --recording."),
            camera=camera,
            recordings=", ".join(f"{one.token} ({one.source or '?'})" for one in recordings),
        )
