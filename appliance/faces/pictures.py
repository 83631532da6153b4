"""Pictures: from bytes to arrays and back, and live ones from cameras.

A source is named in the settings: `usb:0` or `usb:/dev/...` (OpenCV), `rtsp://...` (PyAV), `sim:/path.jpg`
(a file in place of a camera, demo sites only). A camera is read all the time in a thread, so that a picture
asked for is one of now and not one from the driver's buffer.
"""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from appliance.base.errors import Corrupt, DeviceFault
from appliance.base.i18n import N_
from appliance.base.site import require_demo
from appliance.faces.port import Picture

MAX_PIXELS = 30_000_000
KEEP_AT = 1280
"""Longest side of a live picture that is kept, in pixels."""
SHOW_AT = 480
"""Longest side of a picture that is only shown to the person in it."""
RETRY = 1.0


def decode(body: bytes) -> Picture:
    """An RGB array from JPEG, PNG, WebP or BMP bytes. Raises Corrupt `bad_picture`."""
    try:
        with Image.open(io.BytesIO(body), formats=("JPEG", "PNG", "WEBP", "BMP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except UnidentifiedImageError as error:  # its text names an object in memory
        raise Corrupt(
            "bad_picture", N_("This is no picture."), N_("Use a JPEG, PNG, WebP or BMP file.")
        ) from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Corrupt(
            "bad_picture",
            N_("The picture cannot be read: {detail}"),
            N_("Use a JPEG, PNG, WebP or BMP file."),
            detail=str(error)[:200],
        ) from error


def encode(picture: Picture, quality: int = 88, longest: int = KEEP_AT) -> bytes:
    """JPEG bytes, at most `longest` pixels long."""
    target = io.BytesIO()
    image = Image.fromarray(picture)
    image.thumbnail((longest, longest))
    image.save(target, "JPEG", quality=quality)
    return target.getvalue()


def scaled(picture: Picture, longest: int) -> tuple[Picture, float]:
    """The picture with its longest side at `longest` pixels, and the factor by which it was scaled."""
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    filter_ = Image.Resampling.BILINEAR if factor < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(picture).resize(size, filter_)), factor


class PictureSource(Protocol):
    """Where live pictures come from."""

    def grab(self) -> Picture:
        """A picture taken after this call. Raises DeviceFault `camera_silent` or `camera_missing`."""
        ...

    def close(self) -> None:
        """Free the camera."""
        ...


def _fault(code: str, place: str) -> DeviceFault:
    message = {
        "camera_missing": N_("The entrance camera {place} is not there."),
        "camera_silent": N_("The entrance camera {place} sends no picture."),
    }[code]
    return DeviceFault(code, message, N_("Check its cable; until then work the manual way."), place=place)


class FileSource:
    """A file in place of a camera; it may be exchanged between two pictures."""

    def __init__(self, path: Path) -> None:
        require_demo()
        self.path = path

    def grab(self) -> Picture:
        """The file as it is now."""
        try:
            return decode(self.path.read_bytes())
        except OSError as error:
            raise _fault("camera_missing", str(self.path)) from error

    def close(self) -> None:
        """Nothing to free."""


class CameraSource:
    """A camera read in a thread.

    `frames` opens it and yields frames; `convert` makes the chosen one an array.
    """

    def __init__(
        self, place: str, frames: Callable[[], Iterator[Any]], convert: Callable[[Any], Picture], wait: float
    ) -> None:
        self._place = place
        self._frames = frames
        self._convert = convert
        self._wait = wait
        self._fresh = threading.Condition()
        self._latest: Any = None
        self._number = 0
        self._opened = False
        self._closed = threading.Event()
        threading.Thread(target=self._read, name=f"camera {place}", daemon=True).start()

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                for frame in self._frames():
                    with self._fresh:
                        self._opened, self._latest = True, frame
                        self._number += 1
                        self._fresh.notify_all()
                    if self._closed.is_set():
                        return
            except OSError:
                pass  # seen by whoever grabs: no new frame arrives
            self._opened = False
            self._closed.wait(RETRY)

    def grab(self) -> Picture:
        """A frame that arrived after this call."""
        with self._fresh:
            number = self._number
            if not self._fresh.wait_for(lambda: self._number > number, self._wait):
                raise _fault("camera_silent" if self._opened else "camera_missing", self._place)
            frame = self._latest
        return self._convert(frame)

    def close(self) -> None:
        """End the thread at its next frame."""
        self._closed.set()


def usb(device: str, wait: float = 3.0) -> CameraSource:
    """A camera that OpenCV opens: a number or a device path."""
    import cv2

    def frames() -> Iterator[Any]:
        capture = cv2.VideoCapture(int(device) if device.isdigit() else device)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, 1280)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, 720)
        try:
            while True:
                good, frame = capture.read()
                if not good:
                    raise OSError("no frame")
                yield frame
        finally:
            capture.release()

    return CameraSource(f"usb:{device}", frames, lambda frame: np.ascontiguousarray(frame[:, :, ::-1]), wait)


def rtsp(url: str, wait: float = 5.0) -> CameraSource:
    """A network camera; its sign-in may stand in the address."""
    import av

    def frames() -> Iterator[Any]:
        options = {"rtsp_transport": "tcp"} if url.startswith("rtsp") else {}
        try:
            with av.open(url, options=options, timeout=5.0) as container:
                yield from container.decode(video=0)
        except av.FFmpegError as error:
            raise OSError("no stream") from error

    place = url.rsplit("@", 1)[-1]  # without user and password
    return CameraSource(place, frames, lambda frame: frame.to_ndarray(format="rgb24"), wait)


def source(place: str) -> PictureSource:
    """The source a setting names.

    Raises Corrupt for anything else, Refused for `sim:` on a production site.
    """
    kind, _, rest = place.partition(":")
    if kind == "usb" and rest:
        return usb(rest)
    if kind == "rtsp" and rest:
        return rtsp(place)
    if kind == "sim" and rest:
        return FileSource(Path(rest))
    raise Corrupt(
        "bad_camera",
        N_("{place} names no camera."),
        N_("Write usb:0, rtsp://HOST/PATH or, on a demo site, sim:/FILE."),
        place=place,
    )
