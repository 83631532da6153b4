"""One look at cameras for the set-up page, in a process of its own: `python -m cameras.job`.

A camera that sends nonsense may hang or crash what decodes it; the recording must not notice. The order comes as JSON
on standard input (the password with it, so it stands in no list of processes), lines of JSON tell how far it is.
"""

import asyncio
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from appliance.base.errors import ExamError
from appliance.base.i18n import set_language
from appliance.wire.cameras import CLOCK_OFF, FoundCamera, JobState, Step
from cameras.jobs import Line, Order
from cameras.tell import lines, reports

SECONDS = 4.0
"""For discovery."""
WIDTH, QUALITY = 1280, 80
"""Of the still a page shows."""
SHARES: dict[Step, float] = {
    "begin": 0.0,
    "search": 0.1,
    "clock": 0.1,
    "device": 0.25,
    "profiles": 0.35,
    "stream": 0.5,
    "picture": 0.5,
    "password": 0.9,
    "done": 1.0,
}


class Work:
    """One job as it is done."""

    def __init__(self, order: Order) -> None:
        asked = order.asked
        self._asked = asked
        self._settings = order.settings
        self.state = JobState(
            id="", kind=asked.kind, address=asked.address, user=asked.user, camera=asked.camera
        )
        self._still = b""

    def run(self) -> None:
        """Do it; a fault is part of what is told."""
        try:
            {
                "discover": self._discover,
                "probe": self._probe,
                "check": self._check,
                "reference": self._reference,
                "clock": self._clock,
            }[self._asked.kind]()
            self.state.state = "done"
        except ExamError as error:
            self.state.state = "failed"
            self.state.fault, self.state.fault_code = error.text(), error.code
            self.state.fault_next = error.next_text()
        self.tell("done")

    def tell(self, step: Step, share: float | None = None) -> None:
        """One line."""
        self.state.step, self.state.share = step, SHARES[step] if share is None else share
        line = Line(state=self.state, still=self._still if step == "done" else b"")
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()

    def _discover(self) -> None:
        from cameras import discovery

        self.tell("search")
        found = asyncio.run(discovery.find_all(SECONDS, self._asked.addresses))
        self.state.cameras = [
            FoundCamera(address=one.address, name=one.name, hardware=one.hardware) for one in found.cameras
        ]
        self.state.silent = found.silent

    def _probe(self) -> None:
        from cameras.kept import no_password_in
        from cameras.probe import probe_and_see, stream_and_see

        asked = self._asked
        if asked.address.startswith("rtsp://"):
            no_password_in(asked.address)
            self.tell("stream")
            told, look = stream_and_see(asked.address, asked.user, asked.password, None)
        else:
            found, look = probe_and_see(asked.address, asked.user, asked.password, tell=self.tell)
            told, self.state.model = found.checks, found.device.told
            self.state.clock_offset_s = found.clock_offset_s
        self.state.checks = lines(told)
        if look:
            self._still = jpeg(look.frame)
            self.state.has_still = True

    def _check(self) -> None:
        from cameras.check import check

        self.tell("stream")
        wanted = self._asked.camera
        found = check(self._settings, [wanted] if wanted else [], self._share)
        self.state.reports = reports(found, self._asked.by)
        if wanted:
            self.state.checks = self.state.reports[0].checks

    def _share(self, done: float) -> None:
        self.tell("stream", 0.9 * done)

    def _reference(self) -> None:
        from cameras.check import take

        self.tell("picture")
        self.state.checks = lines(take(self._settings, [self._asked.camera]).cameras[0].checks)

    def _clock(self) -> None:
        from cameras.camera_password import password_of
        from cameras.onvif import OnvifCamera

        self.tell("clock")
        asked = self._asked
        address, user, password = asked.address, asked.user, asked.password
        for one in self._settings.cameras:
            if one.code == asked.camera:
                address, user, password = one.address, one.user, password_of(one, self._settings)
        camera = OnvifCamera(address, user, password)
        before = camera.read_clock()
        self.state.clock_offset_s = round(camera.set_clock(), 1) + 0.0  # no minus before nothing
        self.state.time_server = camera.follows_server
        self.state.clock_was_off = abs(before) > CLOCK_OFF


def jpeg(frame: Any) -> bytes:
    """A decoded picture (`av.VideoFrame`) as a page shows it."""
    target = io.BytesIO()
    picture = frame.to_image()
    picture.thumbnail((WIDTH, WIDTH))
    picture.save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def main() -> None:
    """One order, as a process that gives way to the recording: in computing, and when memory runs out."""
    os.nice(4)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    set_language(order.asked.language)
    Work(order).run()


if __name__ == "__main__":
    main()
