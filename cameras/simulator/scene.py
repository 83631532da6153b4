"""What a simulated camera looks at: a drawn room, somebody walking, the time in digits and squares."""

import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cameras import screen_code, timecode
from cameras.simulator.kinds import Scene, View
from cameras.timecode import HEIGHT, WIDTH

Picture = NDArray[np.uint8]
"""Planar YUV 4:2:0, shape (1620, 1920): luma first, then both chroma planes."""

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
GLYPHS = {
    "0": "0E11131519110E",
    "1": "040C040404040E",
    "2": "0E11010204081F",
    "3": "1F02040201110E",
    "4": "02060A121F0202",
    "5": "1F101E0101110E",
    "6": "0608101E11110E",
    "7": "1F010204080808",
    "8": "0E11110E11110E",
    "9": "0E11110F01020C",
    "-": "0000001F000000",
    "+": "0004041F040400",
    ":": "000C0C000C0C00",
    ".": "00000000000C0C",
    "U": "1111111111110E",
    "T": "1F040404040404",
    "C": "0E11101010110E",
    " ": "00000000000000",
}
"""Five by seven dots, a byte per line."""
SCALE = 6
DIGITS_AT = (40, 40)
SCREEN_AT = np.array([(1600, 150), (1716, 178), (1716, 310), (1600, 270)], np.float32)
"""Corners of the screen on the side wall."""
WALK_SECONDS = 53.0  # not a minute: pictures a minute apart must differ
ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of the digits, where nothing else is said. The squares below carry UTC."""


def _glyph(character: str) -> NDArray[np.uint8]:
    lines = np.frombuffer(bytes.fromhex(GLYPHS[character]), np.uint8).reshape(7, 1)
    dots = np.unpackbits(lines, axis=1)[:, 2:]
    return dots.repeat(SCALE, axis=0).repeat(SCALE, axis=1)


_DRAWN = {character: _glyph(character) for character in GLYPHS}


def text_of(at: datetime, zone: ZoneInfo = ZONE) -> str:
    """The digits in the picture: the site's local time with tenths of a second, and its hours from UTC."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{at.microsecond // 100_000} UTC{local:%z}"[:-2]


class Room:
    """One camera's view. `code` goes into the squares as a tag, `title` onto the wall."""

    def __init__(self, code: str, title: str = "", scene: Scene = "theory") -> None:
        self.code = code
        self._tag = timecode.camera_tag(code)
        self._normal = self._still = _background(title or code, scene)
        self._view: View = "normal"
        self._number: int | None = None
        self._covered = False
        self.hung: datetime | None = None
        """The sensor has shown nothing new since; clock and squares go on."""
        self._walker = _walker()
        self._work = self._still.copy()
        self._last = slice(0, 0), slice(0, 0)

    def spoil(self, view: View) -> None:
        """Cover the lens, turn the focus or the camera, or put it right. Not while a picture is drawn."""
        self._view = view
        still = self._normal.copy()
        luma = still[:HEIGHT]
        if self._number is not None:
            screen_code.hang(luma, self._number, SCREEN_AT)
        if view == "black":
            luma[:], still[HEIGHT:] = 18, 128
        elif view == "blurred":
            luma[:] = cv2.GaussianBlur(luma, (0, 0), 6)
        elif view == "turned":
            luma[:] = np.roll(luma, WIDTH // 5, axis=1)
        self._still, self._work, self._covered = still, still.copy(), view == "black"
        self._last = slice(0, 0), slice(0, 0)

    def show(self, number: int | None) -> None:
        """What the screen on the wall shows, None = it is dark. Not while a picture is drawn."""
        self._number = number
        self.spoil(self._view)

    def picture(self, at: datetime) -> Picture:
        """The room at this time. The same array every time: use it before the next call."""
        work = self._work
        work[self._last] = self._still[self._last]
        height, width = self._walker.shape
        share = ((self.hung or at).timestamp() % WALK_SECONDS) / WALK_SECONDS
        left = int((WIDTH - width - 40) * (2 * share if share < 0.5 else 2 - 2 * share)) + 20
        place = slice(430, 430 + height), slice(left, left + width)
        seen = work[place]
        if not self._covered:
            seen[self._walker > 0] = self._walker[self._walker > 0]
        self._last = place
        text = np.concatenate([_DRAWN[character] for character in text_of(at)], axis=1)
        y, x = DIGITS_AT
        box = work[y - 12 : y + text.shape[0] + 12, x - 12 : x + text.shape[1] + 12]
        box[:] = 32
        box[12:-12, 12:-12] += text * np.uint8(190)
        timecode.draw(work[:HEIGHT], timecode.TimeCode(at, self._tag))
        return work

    def jpeg(self, at: datetime) -> bytes:
        """The room as a JPEG file."""
        frame: Any = av.VideoFrame.from_ndarray(self.picture(at), format="yuv420p")
        image = frame.to_image()
        target = io.BytesIO()
        image.save(target, "JPEG", quality=80)
        return target.getvalue()


def _walker() -> NDArray[np.uint8]:
    """Luma of a standing person; 0 where the room is seen."""
    image = Image.new("L", (90, 330), 0)
    draw = ImageDraw.Draw(image)
    draw.ellipse((25, 0, 65, 52), fill=150)
    draw.rounded_rectangle((8, 56, 82, 210), 24, fill=62)
    draw.rectangle((18, 200, 42, 322), fill=44)
    draw.rectangle((48, 200, 72, 322), fill=44)
    return np.asarray(image)


def _background(title: str, scene: Scene) -> Picture:
    image = Image.new("RGB", (WIDTH, HEIGHT), (214, 219, 222))
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(0, 1080), (0, 620), (420, 380), (1500, 380), (1920, 620), (1920, 1080)], fill=(146, 152, 160)
    )
    draw.line([(0, 620), (420, 380), (1500, 380), (1920, 620)], fill=(120, 126, 132), width=4)
    for edge, side in ((420, 0), (1500, 1920)):
        draw.line([(edge, 0), (edge, 380), (side, 620)], fill=(176, 182, 186), width=4)
    {"theory": _desks, "practical": _panels, "entrance": _door}[scene](draw)
    draw.rectangle((620, 130, 1300, 230), fill=(32, 74, 118))
    font: Any
    try:
        font = ImageFont.truetype(FONT, 52)
    except OSError:
        font = ImageFont.load_default(52)
        title = title if title.isascii() else "SIMULATED CAMERA"
    draw.text((960, 180), title, fill=(240, 244, 248), font=font, anchor="mm")
    frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24").reformat(format="yuv420p")
    made: Picture = np.array(frame.to_ndarray(), dtype=np.uint8)
    noise = np.random.default_rng(7).normal(0, 1.6, (HEIGHT, WIDTH))
    made[:HEIGHT] = np.clip(made[:HEIGHT] + noise, 16, 235).astype(np.uint8)
    return made


def _desks(draw: ImageDraw.ImageDraw) -> None:
    """Rows of exam computers with people at them, nearer rows bigger."""
    for row in range(4):
        size = 0.55 + row * 0.2
        y = 420 + row * 125 + row * row * 8
        for column in range(7):
            x = 960 + (column - 3) * 290 * size
            draw.rectangle((x - 100 * size, y, x + 100 * size, y + 14 * size), fill=(150, 112, 76))
            draw.rectangle((x - 62 * size, y - 84 * size, x + 62 * size, y - 8 * size), fill=(38, 42, 50))
            draw.rectangle((x - 56 * size, y - 78 * size, x + 56 * size, y - 14 * size), fill=(226, 236, 246))
            if (row * 7 + column) % 5 != 3:
                colour = [(70, 92, 128), (122, 70, 70), (66, 104, 84), (92, 84, 110)][(row + column) % 4]
                draw.rounded_rectangle(
                    (x - 52 * size, y + 8 * size, x + 52 * size, y + 92 * size), 18, fill=colour
                )
                draw.ellipse((x - 25 * size, y - 46 * size, x + 25 * size, y + 14 * size), fill=(44, 38, 36))


def _panels(draw: ImageDraw.ImageDraw) -> None:
    """Electrical practice panels along the wall and benches before them."""
    for column in range(5):
        x = 380 + column * 240
        draw.rectangle((x, 250, x + 190, 520), fill=(96, 108, 116))
        draw.rectangle((x + 10, 260, x + 180, 510), fill=(186, 194, 198))
        for line in range(3):
            for unit in range(5):
                left = x + 22 + unit * 30
                draw.rectangle((left, 282 + line * 78, left + 22, 332 + line * 78), fill=(236, 238, 238))
                on = (left + 7, 292 + line * 78, left + 15, 310 + line * 78)
                draw.rectangle(on, fill=[(180, 40, 40), (40, 120, 60), (40, 60, 140)][(unit + line) % 3])
        draw.rectangle((x - 20, 640, x + 210, 668), fill=(150, 112, 76))
        for leg in (x - 10, x + 190):
            draw.rectangle((leg, 668, leg + 12, 800), fill=(84, 88, 92))
    for x, colour in ((500, (190, 120, 30)), (980, (40, 80, 140)), (1220, (190, 120, 30))):
        draw.rounded_rectangle((x - 60, 470, x + 60, 690), 26, fill=colour)
        draw.ellipse((x - 34, 380, x + 34, 466), fill=(222, 190, 40))


def _door(draw: ImageDraw.ImageDraw) -> None:
    """An entrance with two gates."""
    draw.rectangle((760, 260, 1160, 760), fill=(92, 120, 140))
    draw.rectangle((780, 280, 950, 760), fill=(176, 204, 220))
    draw.rectangle((970, 280, 1140, 760), fill=(176, 204, 220))
    for x in (520, 900, 1280):
        draw.rounded_rectangle((x, 690, x + 120, 900), 14, fill=(60, 66, 74))
        draw.ellipse((x + 44, 706, x + 76, 738), fill=(60, 200, 110))
