"""9 System: the box's processes."""

from appliance.base.i18n import N_
from ops_tui.models import machine
from ops_tui.screens.lists import ListScreen


class SystemScreen(ListScreen):
    """The one look: does everything run?"""

    NAME = "system"
    TITLE_ID = N_("System")
    EXPLAIN = N_(
        "The processes of the box and how quickly they answer. A silent process is restarted on the box with "
        "systemctl restart exam-NAME; exams go on meanwhile."
    )
    COLUMNS = machine.SYSTEM
    rows = machine.system
    summary = machine.system_summary
