"""examsite renew: new certificates for the box's own keys before the old ones end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from sqlmodel import Session

from appliance.base.crypto import certificate_end, issued_by, renew_leaf
from appliance.base.i18n import N_, _
from appliance.base.settings import Settings, load
from appliance.base.terminal import person
from appliance.cli.run import show, tell
from appliance.flow.box import Box, authority, keys, sync_folder
from appliance.records.journal import append

AHEAD = timedelta(days=90)
"""So long before its end a certificate is to be renewed."""
AUTHORITY = "authority"
FOREIGN = N_("The certificate {name} ends on {day} and is of another authority: ask whoever made it.")


def ending(settings: Settings, now: datetime) -> list[tuple[Path, datetime]]:
    """Certificates that have ended, or end within AHEAD, and when; those that end with the authority go with it. Raises
    NotFound and Corrupt.
    """
    limit = certificate_end(keys(settings) / f"{AUTHORITY}.pem")
    ends = [(path, certificate_end(path)) for path in sorted(keys(settings).glob("*.pem"))]
    return [
        (path, end) for path, end in ends if end - now < AHEAD and (end < limit or path.stem == AUTHORITY)
    ]


def own(path: Path) -> bool:
    """Is it a certificate of the site's authority, and no other (a site may bring its own for the pages)?"""
    return issued_by(path, path.with_name(f"{AUTHORITY}.pem"))


def _note(session: Session, box: Box, names: list[str]) -> None:
    append(session, "site.certified", box.site.code, person(), {"keys": names}, at=box.now())


def renew(json: bool = typer.Option(False, "--json")) -> None:
    """Certify the keys anew whose certificates end within 90 days; as root, then restart exam.target."""
    settings, renewed = load(), list[str]()
    box, folder = Box.open(settings), keys(settings)
    ends = ending(settings, datetime.now(UTC))
    for path, _end in ends:
        if path.stem != AUTHORITY and own(path):
            renew_leaf(authority(settings), folder, path.stem)
            renewed.append(path.stem)
    if renewed:
        sync_folder(folder)
        box.db.start()
        try:
            box.db.write_now(_note, box, renewed)
        finally:
            box.db.stop()
    foreign = [(path.name, end) for path, end in ends if path.stem != AUTHORITY and not own(path)]
    if json:
        show({"renewed": renewed, "foreign": [name for name, _end in foreign]})
        return
    if renewed:
        tell(_("Certified anew: {names}. Restart exam.target.").format(names=", ".join(renewed)))
    for name, end in foreign:
        tell(_(FOREIGN).format(name=name, day=f"{end:%Y-%m-%d}"))
    for day in [f"{end:%Y-%m-%d}" for path, end in ends if path.stem == AUTHORITY]:
        tell(_("The site authority ends on {day}: with it the box has to be set up anew.").format(day=day))
    if not ends:
        tell(_("No certificate ends within {days} days.").format(days=AHEAD.days))
