"""A worker process for faces: one per lane, because describing a face stalls every thread of its process.

Run as `python -m appliance.faces.worker ENGINE CAMERA DETECTOR RECOGNISER LANDMARKS DEVICES CLASSES` (empty for none):
requests on standard input, replies on standard output, each a 4-byte big-endian length and MessagePack. It ends
when its input ends. While it looks it may say what the person should do (`prompt`). The other half is
`appliance.faces.lane.FaceWorker`.
"""

import hashlib
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from random import SystemRandom
from typing import BinaryIO

import msgspec

from appliance.base.errors import Corrupt, DeviceFault, ExamError
from appliance.faces import liveness, pictures, quality
from appliance.faces.engines import load
from appliance.faces.landmarks import Landmarker
from appliance.faces.pictures import PictureSource
from appliance.faces.port import Box, Descriptor, FaceEngine, Picture, describe_single, single
from appliance.faces.study import Student
from appliance.faces.watcher import Watcher
from appliance.wire.faceworker import (
    Broken,
    Distance,
    Look,
    Looked,
    Ping,
    Pong,
    Reference,
    Study,
    WorkerReply,
)

LIMIT = 64 * 1024 * 1024
REMEMBERED = 200
"""Descriptions of references kept in memory: a second try compares at once."""
BETWEEN_PICTURES = 0.15
BETWEEN_VIEWS = 0.12
"""Seconds between two pictures for the person before the camera: at most eight in a second."""


class Seen(msgspec.Struct, frozen=True):
    """One live picture: the face in it, or the cause why there is none to compare."""

    picture: Picture
    faces: int
    box: Box | None = None
    cause: str = ""
    fault: str = ""
    score: float = 0.0


class Looker:
    """An engine, a camera, and the references described lately.

    `prompt` hears what the person should do, `view` gets small pictures of the camera for the person to see.
    """

    def __init__(
        self,
        engine: FaceEngine,
        camera: PictureSource | None,
        landmarks: Landmarker | None = None,
        prompt: Callable[[str], None] = lambda code: None,
        view: Callable[[bytes], None] = lambda picture: None,
    ) -> None:
        self._engine = engine
        self._camera = camera
        self._landmarks = landmarks or Landmarker()
        self._prompt = prompt
        self._view = view
        self._viewed = 0.0
        self._told = ""
        self._known: OrderedDict[bytes, Descriptor | str] = OrderedDict()

    def ping(self) -> Pong:
        """Ready; is there a picture?"""
        camera = "none"
        if self._camera:
            try:
                self._camera.grab()
                camera = "ok"
            except DeviceFault as fault:
                camera = fault.code.removeprefix("camera_")
            except Corrupt:
                camera = "silent"
        return Pong(engine=self._engine.name, version=self._engine.version, camera=camera)

    def look(self, request: Look) -> Looked:
        """Take live pictures until one is good or time is up, find the one face in the best, compare."""
        started = time.monotonic()
        looked = Looked(engine=self._engine.name, version=self._engine.version)
        best: Seen | None = None
        while True:
            seen = self._see(request, looked)
            if seen is not None and (best is None or seen.score >= best.score):
                best = seen
            good = seen is not None and seen.fault == ""
            if good or request.live or time.monotonic() - started >= request.patience:
                break
            self._tell(seen.fault if seen else looked.cause)
            time.sleep(BETWEEN_PICTURES)
        if best is not None:
            looked.faces, looked.cause, looked.fault = best.faces, best.cause, best.fault
            looked.live = request.live or pictures.encode(best.picture)
            if best.box is not None and (request.references or request.liveness):
                described = self._engine.describe(best.picture, best.box)
                if request.liveness and not request.live:
                    looked.liveness = self._alive(request, described)
                looked.compared = [self._compare(described, one) for one in request.references]
        self._tell("")
        looked.seconds = time.monotonic() - started
        return looked

    def _tell(self, prompt: str) -> None:
        if prompt != self._told:
            self._told = prompt
            self._prompt(prompt)

    def _grab(self, camera: PictureSource) -> Picture:
        """A picture of the camera, which the person in it may see as well."""
        picture = camera.grab()
        now = time.monotonic()
        if now - self._viewed >= BETWEEN_VIEWS:
            self._viewed = now
            self._view(pictures.encode(picture, 70, pictures.SHOW_AT))
        return picture

    def _see(self, request: Look, looked: Looked) -> "Seen | None":
        """One picture and how good it is; None when there is none, `looked.cause` then says why."""
        picture = self._picture(request, looked)
        if picture is None:
            return None
        looked.pictures += 1
        boxes = self._engine.detect(picture)
        try:
            box = single(boxes)
        except Corrupt as error:
            looked.cause = error.code
            return Seen(picture, len(boxes), cause=error.code, fault=error.code)
        measures = quality.measure(picture, box, self._landmarks.find(picture, box))
        fault, score = quality.fault(measures), quality.score(measures)
        looked.cause = ""
        return Seen(picture, len(boxes), box, fault=fault, score=score)

    def _alive(self, request: Look, first: Descriptor) -> str:
        """Ask the challenges of the person who was just described; the same face has to go on being there."""
        order = SystemRandom().sample(liveness.CHALLENGES, len(liveness.CHALLENGES))
        state = liveness.begin(order, time.monotonic(), request.liveness, request.bound)
        watcher = Watcher(self._engine, self._landmarks, first)
        while not (state.passed or state.failed):
            self._tell(state.prompt)
            try:
                picture = self._grab(self._camera) if self._camera else None
            except (DeviceFault, Corrupt):
                picture = None
            if picture is None:
                return "liveness_lost"
            state = liveness.step(state, watcher.frame(picture, time.monotonic(), state.want_same))
        return "passed" if state.passed else state.failed

    def _picture(self, request: Look, looked: Looked) -> Picture | None:
        try:
            if request.live:
                return pictures.decode(request.live)
            if self._camera:
                return self._grab(self._camera)
            looked.cause = "camera_missing"
        except (DeviceFault, Corrupt) as error:
            looked.cause = "camera_silent" if error.code == "bad_picture" else error.code
        return None

    def _compare(self, live: Descriptor, reference: Reference) -> Distance:
        key = hashlib.sha256(reference.picture).digest()
        known = self._known.get(key)
        if known is None:
            try:
                known = describe_single(self._engine, pictures.decode(reference.picture))
            except Corrupt as error:
                known = error.code
            self._known[key] = known
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if isinstance(known, str):
            return Distance(kind=reference.kind, cause=known)
        return Distance(kind=reference.kind, distance=self._engine.compare(live, known))


def read_frame(source: BinaryIO) -> bytes | None:
    """The next frame, None at the end of input."""
    head = source.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head)
    if length > LIMIT:
        return None
    body = source.read(length)
    return body if len(body) == length else None


def _broken(error: ExamError) -> Broken:
    params = {key: str(value) for key, value in error.params.items()}
    return Broken(code=error.code, message=error.message, next_step=error.next_step, params=params)


def serve(
    source: BinaryIO,
    target: BinaryIO,
    engine: str,
    camera: str = "",
    detector: str = "",
    recogniser: str = "",
    landmarks: str = "",
    device_model: str = "",
    device_classes: str = "",
) -> None:
    """Answer until the input ends. A worker that cannot begin says why and ends."""

    def send(reply: WorkerReply) -> None:
        body = msgspec.msgpack.encode(reply)
        target.write(len(body).to_bytes(4) + body)
        target.flush()

    try:
        loaded, points = load(engine, detector, recogniser), Landmarker(landmarks)
        student = Student(loaded, points, device_model, device_classes)
        looker = Looker(
            loaded,
            pictures.source(camera) if camera else None,
            points,
            lambda code: send(WorkerReply(prompt=code)),
            lambda picture: send(WorkerReply(view=picture)),
        )
    except ExamError as error:
        send(WorkerReply(broken=_broken(error)))
        return
    send(WorkerReply(pong=Pong(engine="", version="", camera="")))
    decoder = msgspec.msgpack.Decoder(Look | Ping | Study)
    while (frame := read_frame(source)) is not None:
        request = decoder.decode(frame)
        if isinstance(request, Look):
            send(WorkerReply(looked=looker.look(request)))
        elif isinstance(request, Study):
            send(WorkerReply(studied=student.study(request)))
        else:
            send(WorkerReply(pong=looker.ping()))


def main() -> None:
    """Entry of the worker process. Libraries that print must not disturb the replies."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, replies, *sys.argv[1:8])


if __name__ == "__main__":
    main()
