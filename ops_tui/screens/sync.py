"""5 Sync: what has not reached the province."""

from appliance.base.i18n import N_
from ops_tui.models import tables
from ops_tui.screens.lists import ListScreen


class SyncScreen(ListScreen):
    """The one look: is anything stuck?"""

    NAME = "sync"
    TITLE_ID = N_("Sync")
    EXPLAIN = N_(
        "Parcels of the journal for the province, newest first. A parcel waits until the province has sent "
        "its signed receipt; a refused one shows the reason. Nothing is lost while the line is down."
    )
    COLUMNS = tables.SYNC
    EMPTY = N_("No parcel has been sealed yet.")
    rows = tables.sync
    summary = tables.sync_summary
