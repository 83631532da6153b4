"""Messages between a process that checks faces and its worker: a pipe, length-prefixed MessagePack."""

from typing import Literal

import msgspec


class Reference(msgspec.Struct, frozen=True):
    """A photograph to compare with: where it came from, and its bytes (JPEG, PNG, WebP or BMP)."""

    kind: Literal["chip", "roster"]
    picture: bytes


class Look(msgspec.Struct, tag="look", kw_only=True):
    """Take a live picture (or use `live`) and compare it with each reference.

    While the picture is not good enough, new ones are taken for at most `patience` seconds; the best is used.
    """

    references: list[Reference]
    live: bytes = b""
    patience: float = 0.0
    liveness: float = 0.0
    """Seconds for each liveness challenge before the comparison; 0 = none are asked."""
    bound: float = 0.6
    """Distance from which two faces are of different people, for the same person in every frame."""


class Ping(msgspec.Struct, tag="ping"):
    """Ask whether the worker is ready and its camera delivers."""


class Distance(msgspec.Struct, kw_only=True):
    """One comparison; `distance` None with its cause: no_face, two_faces, bad_picture."""

    kind: Literal["chip", "roster"]
    distance: float | None = None
    cause: str = ""


class Looked(msgspec.Struct, kw_only=True):
    """What was seen. `live` is the picture as JPEG, empty when there was none.

    `cause`: empty, no_face, two_faces, camera_silent or camera_missing. `faces`: how many in the live
    picture. `fault`: what is wrong with the best picture that was seen (faces.quality.Fault), empty when it is good.
    """

    engine: str
    version: str
    live: bytes = b""
    faces: int = 0
    cause: str = ""
    fault: str = ""
    pictures: int = 0
    """How many were looked at."""
    liveness: str = ""
    """Empty = not asked; `passed`, or why not (faces.liveness.Failure)."""
    compared: list[Distance] = []
    seconds: float = 0.0
    """Time spent in the worker, waiting for a picture included."""


class Pong(msgspec.Struct, kw_only=True):
    """The worker is ready. `camera`: ok, silent, missing or none."""

    engine: str
    version: str
    camera: str


class Photo(msgspec.Struct, frozen=True):
    """A photograph of the person who should sit there: the one of the entrance, or the roster's."""

    kind: Literal["entrance", "roster"]
    picture: bytes


class Study(msgspec.Struct, tag="study", kw_only=True):
    """Look at what a seat's camera saw: who is there, like whom, and with what."""

    picture: bytes
    photos: list[Photo] = []
    devices: list[str] = []
    """Classes of the site's detector to tell; empty = all."""
    device_score: float = 0.5


class Likeness(msgspec.Struct, kw_only=True):
    """One comparison; `distance` None: the photograph shows no single face."""

    kind: Literal["entrance", "roster"]
    distance: float | None = None


class Device(msgspec.Struct, kw_only=True):
    """A phone or another device the site's detector saw; its place in shares of the picture, 0..1."""

    name: str
    score: float
    left: float
    top: float
    right: float
    bottom: float


class Studied(msgspec.Struct, kw_only=True):
    """What was seen. `seen`: rules.captures.Seen. `cause`: `bad_picture` when it is none."""

    engine: str
    version: str
    seen: Literal["face", "several", "turned", "covered", "nobody"] = "nobody"
    faces: int = 0
    yaw: float = 0.0
    cause: str = ""
    photos: int = 0
    """Photographs with a face in them that it could be compared with."""
    compared: list[Likeness] = []
    devices: list[Device] = []
    device_fault: str = ""
    """Why the site's detector cannot be used, as a code; empty when it can, or when there is none."""
    seconds: float = 0.0


class GetFacework(msgspec.Struct, tag="get_facework"):
    """Ask exam-faces how it is."""


class FaceworkState(msgspec.Struct, kw_only=True):
    """Pictures of seats that wait, and how many were looked at since the process began."""

    waiting: int
    done: int


class Broken(msgspec.Struct, kw_only=True):
    """The worker could not begin or answer: a stable code, a message id and its fields."""

    code: str
    message: str
    next_step: str = ""
    params: dict[str, str] = {}


class WorkerReply(msgspec.Struct, kw_only=True):
    """Exactly one of these is set. A `prompt` (a code, empty for none) and a `view` come while the worker looks."""

    looked: Looked | None = None
    studied: Studied | None = None
    pong: Pong | None = None
    broken: Broken | None = None
    prompt: str | None = None
    view: bytes | None = None
    """What the camera sees now, a small JPEG for the person before it; kept nowhere."""
