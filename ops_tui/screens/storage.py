"""6 Storage: room on the disks."""

from appliance.base.i18n import N_
from ops_tui.models import tables
from ops_tui.screens.lists import ListScreen


class StorageScreen(ListScreen):
    """The one look: for how long is there room?"""

    NAME = "storage"
    TITLE_ID = N_("Storage")
    EXPLAIN = N_(
        "The box's own disk (database, keys, papers) and the disk of the recordings. When the disk of the "
        "recordings is full, exams go on without recording; when the box's own disk is full, nothing can be "
        "saved and stations keep their answers."
    )
    COLUMNS = tables.STORAGE
    EMPTY = N_("No disk is known yet.")
    rows = tables.storage
