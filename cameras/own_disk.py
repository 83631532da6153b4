"""The recordings lie on a disk of their own: not on the one of the site's database."""

import os
from pathlib import Path

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_


def require_own_disk(media: Path, state: Path) -> None:
    """Raises Unavailable when the media folder lies on the disk of the site's database: its own is not mounted."""
    try:
        own = os.stat(media).st_dev != os.stat(state).st_dev
    except OSError:
        own = False
    if not own:
        raise Unavailable(
            "media_not_mounted",
            N_("The recordings' disk is not mounted at {folder}."),
            N_("Exams go on. Plug it in and mount it; recording begins by itself."),
            folder=str(media),
        )
