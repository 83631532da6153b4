"""What may become a place for recordings: a mounted disk of its own, that we may write to."""

import os
import re
from pathlib import Path

import msgspec

from appliance.base.errors import NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.base.storage_settings import PlaceSettings
from cameras.archive.places import MARK, Mark, sync_folder

LABEL = re.compile(r"[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff._-]{0,39}")


def require_place(folder: Path, label: str, setting: PlaceSettings | None, settings: Settings) -> None:
    """Raises Refused or NotFound for a folder or a label that would not do. `setting`: the place of that name."""
    if not LABEL.fullmatch(label):
        raise Refused(
            "bad_label",
            N_("A label is letters, digits, dot, _ and -, and begins with a letter or digit."),
            N_("Choose one that people can write on the disk, such as 2026-A-001."),
        )
    if setting is None and folder.parent != Path(settings.storage.offline):
        raise Refused(
            "not_below_offline",
            N_("Off-line disks are mounted in folders below {folder}."),
            N_("Mount it there, or name a place of the configuration."),
            folder=settings.storage.offline,
        )
    if setting is not None and (setting.kind == "s3" or folder != Path(setting.folder)):
        raise Refused(
            "not_its_folder",
            N_("The configuration has {label} elsewhere: {folder}."),
            N_(
                "Name that folder, or correct the configuration and restart the box; object storage needs no mark."
            ),
            label=label,
            folder=setting.folder or setting.endpoint,
        )
    if not folder.is_dir():
        raise NotFound(
            "no_such_folder", N_("There is no folder {path}."), N_("Mount the disk first."), path=str(folder)
        )
    own = [settings.state, Path(settings.recorder.media)]
    if any(_disk(folder) == _disk(other) for other in own):
        raise Refused(
            "not_mounted",
            N_("{path} lies on a disk of the box itself: nothing is mounted there."),
            N_("Mount the disk first. A copy on the recording disk would be lost with it."),
            path=str(folder),
        )


def _disk(folder: Path) -> int:
    try:
        return os.stat(folder).st_dev
    except OSError:
        return -1


def write_mark(folder: Path, mark: Mark) -> None:
    """Durable, or refused with what to do."""
    try:
        with open(folder / MARK, "wb") as out:
            out.write(msgspec.json.encode(mark))
            out.flush()
            os.fsync(out.fileno())
        sync_folder(folder)
    except OSError as error:
        raise Refused(
            "place_not_writable",
            N_("Nothing can be written to {path}: {detail}"),
            N_(
                "Give the folder to the user of exam-archive (chown examsite FOLDER), or mount it for writing."
            ),
            path=str(folder),
            detail=str(error),
        ) from error
