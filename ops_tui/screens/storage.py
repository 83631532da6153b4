"""6 Storage: room on the disks."""

from appliance.base.i18n import N_
from ops_tui.models import storage
from ops_tui.screens.lists import ListScreen


class StorageScreen(ListScreen):
    """The one look: for how long is there room?"""

    NAME = "storage"
    TITLE_ID = N_("Storage")
    EXPLAIN = N_(
        "How full the disk of the recordings will be in the days to come, and every place that holds recordings. "
        "Nothing is deleted because a disk is full: recording pauses and exams go on. When the box's own disk "
        "is full, nothing can be saved and stations keep their answers."
    )
    COLUMNS = storage.COLUMNS
    EMPTY = N_("No disk is known yet.")
    rows = storage.rows
    summary = storage.summary
