"""Pictures from a card into the recorder's store, as they are: files as long as recorded ones, marked as filled."""

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from appliance.base.errors import DeviceFault
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.wire.fill import Stretch
from cameras.card.packets import Codec, Picture
from cameras.card.ranges import Span
from cameras.fill import FilledFile
from cameras.index import Index
from cameras.index.untold import Asked
from cameras.media import CARD

APART = timedelta(seconds=2)
"""Pictures further apart do not belong to one stretch: the card has nothing in between."""
BACK = timedelta(seconds=1)
"""So much earlier than the one before a picture may be (they come in the order of decoding)."""
STEP = timedelta(milliseconds=40)
"""How long a picture is shown that has no other before it."""
START_CODE = b"\x00\x00\x00\x01"
NAMES = {"h264": "h264", "h265": "hevc"}


def follows(last: datetime, at: datetime) -> bool:
    """Does a picture of this time go on where the last one was? Pure."""
    return last - BACK < at <= last + APART


class Keeper:
    """One hole's pictures. `cause`: where they come from; `who`: asked for them; `sets`: parameter sets the camera's
    description named.

    Nothing before the hole, nothing after it, and nothing before a picture that can be decoded alone.
    """

    def __init__(
        self, index: Index, media: Path, camera: str, length: timedelta, hole: Span, cause: str, who: Asked
    ) -> None:
        self._index, self._media, self._camera = index, media, camera
        self._length, self._hole, self._cause, self._who = length, hole, cause, who
        self._file: FilledFile | None = None
        self._run = ""
        self._base = 0.0
        self._last = hole[0]
        self._step = STEP
        self.stretches: list[Stretch] = []

    @property
    def end(self) -> datetime:
        """Up to where there are pictures now."""
        return self._file.end if self._file else self.stretches[-1].end if self.stretches else self._hole[0]

    def take(self, picture: Picture, at: datetime, codec: Codec, sets: list[bytes]) -> None:
        """One picture, taken at `at` (our time)."""
        if not self._hole[0] <= at < self._hole[1]:
            return
        if self._file and not follows(self._last, at):
            self.close()
        if not self._file and self.stretches and at < self.stretches[-1].end:
            return  # the card's clock went back: nothing is kept twice
        if self._file and picture.key and at - self._file.start >= self._length:
            self._finish(at)
        if not self._file:
            if not picture.key:
                return
            self._open(picture, at, codec, sets)
            self._write(
                sets + picture.units if not self._alone(picture, sets) else picture.units, picture, at
            )
        else:
            self._step = max(at - self._last, timedelta(milliseconds=1))
            self._write(picture.units, picture, at)
        self._last = max(at, self._last) if self._file else at
        if picture.stamp.ends:
            self.close()

    @staticmethod
    def _alone(picture: Picture, sets: list[bytes]) -> bool:
        """Does it bring its parameter sets itself?"""
        return not sets or any(one[:1] == sets[0][:1] for one in picture.units)

    def _open(self, picture: Picture, at: datetime, codec: Codec, sets: list[bytes]) -> None:
        whole = _annex_b(picture.units if self._alone(picture, sets) else sets + picture.units)
        try:
            probe: Any = av.open(io.BytesIO(whole), format=NAMES[codec])
            stream = probe.streams.video[0]
            context = stream.codec_context
            if not context.width or not context.extradata:
                raise IndexError("no parameter sets")
        except (FFmpegError, IndexError, OSError) as error:
            raise DeviceFault(
                "card_bad_pictures",
                N_("The pictures on the card of camera {camera} cannot be read."),
                N_(
                    "Copy the film from its card, and fill the gap with examsite recordings fill --from FILE."
                ),
                camera=self._camera,
            ) from error
        with probe:
            if not self._run:
                self._run = new_id()
                size = context.width, context.height
                self._index.open_run(self._run, self._camera, at, context.name.upper(), *size)
            self._base = float(stream.time_base)
            self._file = FilledFile(
                self._index, self._media, self._camera, self._run, at, stream, self._cause, self._who, CARD
            )
        self._last = at

    def _write(self, units: list[bytes], picture: Picture, at: datetime) -> None:
        assert self._file
        packet = av.Packet(_annex_b(units))
        packet.is_keyframe = picture.key
        packet.pts = packet.dts = round((at - self._file.start).total_seconds() / self._base)
        packet.duration = round(self._step.total_seconds() / self._base)
        self._file.write(packet, at, self._base)

    def _finish(self, end: datetime) -> None:
        """The file is whole; the stretch may go on in the next one."""
        assert self._file
        made = self._file.close(min(end, self._hole[1]))
        self._file = None
        if self.stretches and self.stretches[-1].end == made.start:
            self.stretches[-1].end = made.end
        else:
            self.stretches.append(made)

    def close(self) -> None:
        """The stretch is over."""
        if self._file:
            self._finish(self._file.end)
        if self._run:
            self._index.close_run(self._run, self.stretches[-1].end, "filled")
            self._run = ""


def _annex_b(units: list[bytes]) -> bytes:
    """A byte stream with start codes (ITU-T H.264, B.1)."""
    return b"".join(START_CODE + one for one in units)
