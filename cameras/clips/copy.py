"""A copy with its time in the picture: decoded, site, camera and time of every picture drawn into it, encoded again.

It is made for people to look at and proves nothing by itself: its signed statement says that it is a copy and names
the film it was made from by its hash.
"""

import base64
import hashlib
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import msgspec
import numpy as np
from av.error import FFmpegError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from appliance.base.crypto import Signer, read_secret
from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.base.site import read_site
from appliance.wire.playback import CopyProof, Written
from appliance.wire.proof import BOX
from appliance.wire.recorder import SignedProof
from cameras.clips.cut import Cut
from cameras.clips.film import unreadable
from cameras.clips.proof import PROCESS
from cameras.media import open_segment, packets

LONGEST = timedelta(minutes=30)
"""Encoding takes a core: a longer copy would be in everybody's way."""
SCALE = 90_000
FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
WORDS = "副本 COPY"


@cache
def _font(size: int) -> Any:
    """Noto Sans CJK where it is installed; else a font that has Latin letters only."""
    for folder in FONTS:
        for path in sorted(folder.rglob("NotoSansCJK*-Regular.*")):
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


@cache
def _reads_chinese() -> bool:
    return any(path for folder in FONTS for path in folder.rglob("NotoSansCJK*-Regular.*"))


@lru_cache(maxsize=200)
def _drawn(text: str, height: int) -> NDArray[np.uint8]:
    """White on black, as luma of limited range; even width and height."""
    font = _font(max(12, height * 2 // 3))
    box = font.getbbox(text)
    image = Image.new("L", ((int(box[2]) + 17) // 2 * 2, height), 16)
    ImageDraw.Draw(image).text((8, height // 2), text, fill=235, font=font, anchor="lm")
    return np.asarray(image)


class Copied:
    """`read` gives an MP4 as it is made; how long it will be is not known before."""

    def __init__(self, settings: Settings, made: Cut, start: datetime, end: datetime) -> None:
        """`start`, `end`: as asked for. Raises Refused when it is too long, NotFound without a key for proofs."""
        if end - start > LONGEST:
            raise Refused(
                "copy_too_long",
                N_("A copy with the time in the picture is at most {minutes} minutes long."),
                N_("Take the original, or several copies."),
                minutes=int(LONGEST.total_seconds() // 60),
            )
        folder = settings.state / "keys"
        self._signer = Signer.load(folder / f"{PROCESS}.key")
        certificate = x509.load_pem_x509_certificate(read_secret(folder / f"{PROCESS}.pem"))
        self._der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
        self._made = made
        self._lost = 0
        """Pictures that cannot be decoded."""
        self._zone = ZoneInfo(settings.site.timezone)
        self._asked = start, end
        self._site = read_site(settings.state)
        camera = made.head.camera
        name = next((one.name for one in settings.cameras if one.code == camera), camera)
        self._name = name
        label = (
            f"{self._site.code} {self._site.name}  {camera} {name}"
            if _reads_chinese()
            else f"{self._site.code}  {camera}"
        )
        self._label = f"{WORDS if _reads_chinese() else 'COPY'}  {label}"
        self.head = made.head
        self.written: Written | None = None
        """What all of it was, once it has been read."""

    def read(self) -> Iterator[bytes]:
        """The MP4, then the box with its statement."""
        whole, original = hashlib.sha256(), hashlib.sha256()
        size = 0
        for piece in self._made.film.read():
            original.update(piece)
        for piece in self._encoded():
            whole.update(piece)
            size += len(piece)
            yield piece
        stated = CopyProof(
            site=self._site.code,
            site_name=self._site.name,
            mark="DEMO" if self._site.demo else "",
            zone=str(self._zone),
            camera=self.head.camera,
            camera_name=self._name,
            asked_start=self._asked[0],
            asked_end=self._asked[1],
            start=self.head.start,
            end=self.head.end,
            film=whole.hexdigest(),
            film_bytes=size,
            original=original.hexdigest(),
            original_bytes=self._made.film.size,
            lost=self._lost,
            made_at=datetime.now(UTC),
        )
        body = msgspec.json.encode(stated)
        signature = self._signer.sign(body).hex()
        signed = SignedProof(body=body.decode(), signature=signature, certificate=self._der)
        text = msgspec.json.encode(signed)
        box = struct.pack(">I", 4 + len(BOX) + len(text)) + BOX + text
        whole.update(box)
        yield box
        self.written = Written(bytes=size + len(box), sha256=whole.hexdigest(), lost=self._lost)

    def _encoded(self) -> Iterator[bytes]:
        sink = _Sink()
        output: Any = None
        stream: Any = None
        below = 0
        newest = -1
        for at, frame in self._frames():
            if output is None:
                options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
                output = av.open(sink, "w", format="mp4", options=options)
                stream = output.add_stream(
                    "libx264", rate=25, options={"preset": "veryfast", "crf": "23", "bf": "0"}
                )
                below = frame.height // 4 * 4
                stream.width, stream.height = frame.width // 2 * 2, below + 2 * _line(below)
                stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, SCALE)
                stream.codec_context.time_base = Fraction(1, SCALE)
                stream.codec_context.thread_count = 1
            drawn: Any = av.VideoFrame.from_ndarray(
                self._burn(frame, stream.width, below, at), format="yuv420p"
            )
            newest = max(newest + 1, round((at - self.head.start).total_seconds() * SCALE))
            drawn.pts, drawn.time_base = newest, stream.codec_context.time_base
            output.mux(stream.encode(drawn))
            yield from sink.taken()
        if output is not None:
            output.mux(stream.encode(None))
            output.close()
        yield from sink.taken()

    def _frames(self) -> Iterator[tuple[datetime, Any]]:
        for segment in self._made.segments:
            if segment.start >= self.head.end:
                return
            try:
                container = open_segment(self._made.paths[segment.id])
            except (FFmpegError, OSError) as error:
                raise unreadable(segment.path) from error
            try:
                for frame in self._decoded(container):
                    at = segment.start + timedelta(seconds=frame.time)
                    if self.head.start <= at < self.head.end:
                        yield at, frame
            finally:
                container.close()

    def _decoded(self, container: Any) -> Iterator[Any]:
        """Pictures in order; one that is broken is counted and left out, those after it are not."""
        coder = container.streams.video[0].codec_context
        for packet in packets(container):
            try:
                frames = coder.decode(packet)
            except FFmpegError:
                self._lost += 1
                continue
            for frame in frames:
                if frame.time is None:
                    self._lost += 1
                else:
                    yield frame
        try:
            yield from (frame for frame in coder.decode(None) if frame.time is not None)
        except FFmpegError:
            self._lost += 1

    def _burn(self, frame: Any, width: int, below: int, at: datetime) -> NDArray[np.uint8]:
        """The picture, and above it two lines: who and where, and when to the hundredth of a second. They cover
        nothing: cameras write their own clock into their pictures. `width`, `below`: of the first picture; a camera may
        change its size while it is recorded.
        """
        tall = _line(below)
        height = below + 2 * tall
        picture: NDArray[np.uint8] = frame.reformat(width, below, "yuv420p").to_ndarray()
        plane = np.full((height * 3 // 2, width), 16, np.uint8)
        plane[2 * tall : height] = picture[:below]
        local = at.astimezone(self._zone)
        when = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 10_000:02d} {local:%z}"
        for line, text in enumerate((self._label, when)):
            strip = _drawn(text, tall)[:, :width]
            plane[line * tall : (line + 1) * tall, : strip.shape[1]] = strip
        for colour in (0, 1):
            base, its = height + colour * height // 4, below + colour * below // 4
            chroma = plane[base : base + height // 4].reshape(height // 2, width // 2)
            chroma[:tall] = 128  # grey behind the letters
            chroma[tall:] = picture[its : its + below // 4].reshape(below // 2, width // 2)
        return plane


def _line(height: int) -> int:
    """How high a line is above a picture of this height; even."""
    return max(16, height // 24 // 2 * 2)


class _Sink:
    """Where the muxer writes; what it wrote is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        """Called by the muxer."""
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def taken(self) -> list[bytes]:
        """What has come since."""
        found, self._pieces = self._pieces, []
        return found
