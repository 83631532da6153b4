"""4 Cameras: is every room recorded?"""

from appliance.base.i18n import N_
from ops_tui.models import tables
from ops_tui.screens.lists import ListScreen


class CamerasScreen(ListScreen):
    """The one look: which camera records nothing, since when and why."""

    NAME = "cameras"
    TITLE_ID = N_("Cameras")
    EXPLAIN = N_(
        "Every room camera: does it record, since when, which picture, how much today. A camera that records "
        "nothing leaves a gap in the recording, kept with its cause; exams go on."
    )
    COLUMNS = tables.CAMERAS_TABLE
    EMPTY = N_("The recorder has not told of any camera.")
    rows = tables.cameras
