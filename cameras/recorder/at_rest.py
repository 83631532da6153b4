"""A camera that rests by its plan is asked now and then as recording would ask it: would it record now?

Nobody would learn before the exam that it was unplugged, or that its password is another one.
"""

import logging
import sqlite3
from collections.abc import Callable

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import DeviceFault, ExamError, Refused
from appliance.wire.recorder import Cause
from cameras import rtsp_ask
from cameras.patience import wait_refused
from cameras.recorder.ending import CAUSES, REFUSED, Ended

log = logging.getLogger("examsite.recorder")

EVERY, AGAIN = 60.0, 30.0
"""Seconds from one question to the next: whether it answers; after one without an answer."""
PROOF_EVERY = 600.0
"""Seconds from one proof of the password to the next."""


class AtRest:
    """One camera, asked from its own thread. `uri`: of its stream, the known one (True) or asked anew; raises as
    recording does.
    """

    def __init__(
        self,
        camera: CameraSettings,
        uri: Callable[[bool], str],
        secret: Callable[[], str],
        monotonic: Callable[[], float],
    ) -> None:
        self._camera = camera
        self._uri = uri
        self._secret = secret
        self._monotonic = monotonic
        self._next: float | None = None
        self._prove: float | None = None
        """When it is asked, and when its password is proven (monotonic); None: at once."""
        self._refused = 0
        self._told = ""

    def look(self) -> tuple[Cause, bool] | None:
        """Why it would not record (empty: it would), and whether it refuses the password. None: it is not asked now."""
        if self._next is not None and self._monotonic() < self._next:
            return None
        code, cause, wait = "", "", EVERY
        try:
            self._ask()
            self._refused = 0
        except (Ended, sqlite3.Error):
            self._next = self._monotonic() + AGAIN
            return None  # the disk's fault says nothing of the camera
        except Refused as error:
            self._refused += 1
            code, cause, wait = error.code, "camera", wait_refused(self._refused)
        except ExamError as error:
            code, cause, wait = error.code, CAUSES.get(error.code, "network"), AGAIN
        except OSError as error:
            code, cause, wait = type(error).__name__, "network", AGAIN
        except Exception as error:  # one camera's nonsense must not end its thread
            log.exception("camera %s: not foreseen", self._camera.code)
            code, cause, wait = type(error).__name__, "camera", AGAIN
        if cause:
            self._prove = None
        if code != self._told:
            self._told = code
            log.info("camera %s at rest: %s", self._camera.code, code or "it answers")
        self._next = self._monotonic() + wait
        return cause, code in REFUSED  # type: ignore[return-value]

    def _ask(self) -> None:
        uri = self._uri(True)
        try:
            self._describe(uri)
        except (DeviceFault, OSError):
            # The address known may be of yesterday, as recording takes it.
            again = self._uri(False)
            if again == uri:
                raise
            self._describe(again)

    def _describe(self, uri: str) -> None:
        if self._prove is None or self._monotonic() >= self._prove:
            rtsp_ask.ask(uri, self._camera.user, self._secret())
            self._prove = self._monotonic() + PROOF_EVERY
        else:
            rtsp_ask.opens(uri)  # without the password: does it answer?
