"""One exam-recorder for one store."""

import fcntl
import os
from pathlib import Path

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from cameras.index import FILE

LOCK = f"{FILE}.lock"
"""In the media folder, named like the index's own files."""


def only_one(media: Path) -> int:
    """A lock on the store, held as long as what it gives is open: two recorders would spoil each other's files. Raises
    Unavailable.
    """
    try:
        media.mkdir(parents=True, exist_ok=True)
        lock = os.open(media / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
    except BlockingIOError as error:
        raise Unavailable(
            "recorder_runs",
            N_("Another exam-recorder already writes to {folder}."),
            N_("Stop it first: only one may write there."),
            folder=str(media),
        ) from error
    except OSError as error:
        raise Unavailable(
            "media_unusable",
            N_("The recordings' folder {folder} cannot be used: {detail}"),
            N_("Exams go on. The system administrator looks at the recording disk."),
            folder=str(media),
            detail=str(error),
        ) from error
    return lock
