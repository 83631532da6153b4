"""The screens in the views of the demo's cameras show their codes: the simulated pictures have one drawn in, which says
what the box has it say.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.base.errors import ExamError
from appliance.base.sockets import ask
from appliance.cli.demo.site import DemoSite
from appliance.flow.box import Box
from appliance.flow.screen_codes import code_now
from appliance.wire.simulators import CameraDid, SetCamera

EVERY = 2.0


def control(site: DemoSite, camera: str) -> Path:
    """Control socket of a simulated camera."""
    return site.run / f"camera-{camera}.sock"


@contextmanager
def shown(site: DemoSite, box: Box) -> Iterator[None]:
    """Each screen follows the box, as a panel's browser does, until the block ends."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(EVERY):
            for camera in [one for one in site.settings.cameras if one.screen]:
                try:
                    code = box.db.read_now(code_now, box, camera.screen)
                    order = SetCamera(screen=f"{code.number:07d}")
                    asyncio.run(ask(control(site, camera.code), order, CameraDid))
                except ExamError:
                    continue  # the camera starts again, or the box does: a panel would stay as it is

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
