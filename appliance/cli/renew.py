"""examsite renew: new certificates for the box's own keys before the old ones end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from appliance.base.crypto import certificate_end, renew_leaf
from appliance.base.i18n import _
from appliance.base.settings import Settings, load
from appliance.cli.run import show, tell
from appliance.flow.box import authority, keys

AHEAD = timedelta(days=90)
"""So long before its end a certificate is to be renewed."""
AUTHORITY = "authority"


def ending(settings: Settings, now: datetime) -> list[tuple[Path, datetime]]:
    """Certificates that have ended, or end within AHEAD, and when. Raises NotFound and Corrupt."""
    ends = [(path, certificate_end(path)) for path in sorted(keys(settings).glob("*.pem"))]
    return [(path, end) for path, end in ends if end - now < AHEAD]


def renew(json: bool = typer.Option(False, "--json")) -> None:
    """Certify the keys anew whose certificates end within 90 days; as root, then restart exam.target."""
    settings = load()
    renewed = []
    for path, _end in ending(settings, datetime.now(UTC)):
        if path.stem != AUTHORITY:
            renew_leaf(authority(settings), keys(settings), path.stem)
            renewed.append(path.stem)
    if json:
        show({"renewed": renewed})
    elif renewed:
        tell(_("Certified anew: {names}. Restart exam.target.").format(names=", ".join(renewed)))
    else:
        tell(_("No certificate ends within {days} days.").format(days=AHEAD.days))
