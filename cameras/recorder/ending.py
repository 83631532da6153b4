"""Why recording cannot go on, and when it is tried again."""

from appliance.wire.recorder import Cause

RETRY = 1.0
"""Seconds between attempts to connect; with a time-out of 5 s a camera that is back records within 5 s."""
RETRY_AT_ONCE = 0.2

CAUSES: dict[str, Cause] = {
    "camera_no_video": "camera",
    "camera_no_stream": "camera",
    "camera_empty_answer": "camera",
    "camera_bad_answer": "camera",
    "camera_redirects": "camera",
    "no_camera_password": "camera",
    "camera_password_sealed": "camera",
    "camera_clear_password": "camera",
    "camera_no_rtsp": "camera",
    "camera_unsupported": "camera",
    "cameras_key_damaged": "camera",
    "no_key": "camera",
    "bad_address": "camera",
    "index_unreadable": "disk",
}
"""Causes of faults by their code: the camera's, or what is set of it; what is not named here is the network's."""
REFUSED = ("camera_password", "camera_password_or_clock")
"""Codes of a camera that does not take its password."""


class Ended(Exception):
    """Recording cannot go on now. `wait`: seconds before the next attempt."""

    def __init__(self, cause: Cause, detail: str, wait: float | None = None) -> None:
        super().__init__(cause, detail)
        self.cause: Cause = cause
        self.detail = detail
        self.wait = RETRY if wait is None else wait
