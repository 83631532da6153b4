"""How long to let a camera alone that refused a password: cameras lock themselves when asked too often. Pure."""

RETRY_REFUSED, LONGEST_REFUSED = 30.0, 960.0
"""Seconds after the first refused password, and at most."""
RETRY_PROVEN, TIMES_PROVEN = 2.0, 2
"""Seconds after the first refusals of a password with which pictures came, and how many such: a camera that starts
refuses everybody until it knows its own users again.
"""

HELD = 5.0
"""Seconds between two looks whether the recording is still refused; nobody else proves the password meanwhile."""


def never(_camera: str) -> bool:
    """The recording of no camera is refused."""
    return False


def wait_refused(times: int, proven: bool = False) -> float:
    """Seconds to wait after so many refusals in a row: a camera that has locked itself must come to rest."""
    if proven:
        if times <= TIMES_PROVEN:
            return RETRY_PROVEN
        times -= TIMES_PROVEN
    return float(min(LONGEST_REFUSED, RETRY_REFUSED * 2 ** (times - 1)))
