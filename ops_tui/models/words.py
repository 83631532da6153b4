"""Codes and their words (message ids), and how figures are written."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from appliance.base.i18n import N_, _

SUBJECTS = {"theory": N_("Theory"), "practical": N_("Practical")}

SITTINGS = {
    "planned": N_("planned"),
    "running": N_("running"),
    "ended": N_("ended"),
    "released": N_("released"),
}

SEATS: dict[str, tuple[str, str, str]] = {
    "free": ("F", ".", N_("free")),
    "bound": ("B", "-", N_("called")),
    "signed_in": ("S", "-", N_("signed in")),
    "ready": ("W", "=", N_("waits")),
    "running": ("R", ">", N_("writing")),
    "handed_in": ("H", "+", N_("handed in")),
    "lost": ("L", "?", N_("silent")),
    "broken": ("X", "x", N_("broken")),
}
"""State of a seat: letter, sign, words. ASCII only: such signs have one width in every terminal."""

PARTS = {
    "ok": N_("+ ready"),
    "busy": N_("> at work"),
    "missing": N_("x missing"),
    "silent": N_("? silent"),
    "fault": N_("x fault"),
    "none": N_("- none"),
}

CAMERAS = {
    "recording": N_("+ recording"),
    "connecting": N_("> connecting"),
    "stopped": N_("x stopped"),
    "resting": N_("- rests"),
}

CAUSES = {
    "network": N_("network down"),
    "camera": N_("camera fault"),
    "disk": N_("disk"),
    "stopped": N_("stopped"),
    "resting": N_("by plan"),
    "clock": N_("clock set"),
    "": "",
}

PARCELS = {
    "sealed": N_("> waits"),
    "acknowledged": N_("+ acknowledged"),
    "refused": N_("x refused"),
}

ROLES = {
    "entry": N_("Check-in desk"),
    "waiting": N_("Waiting-room staff"),
    "display": N_("Display"),
    "invigilator": N_("Invigilator"),
    "examiner": N_("Examiner"),
    "author": N_("Writes the items"),
    "office": N_("Office"),
    "chief": N_("Head of the site"),
    "inspector": N_("Inspector"),
    "admin": N_("System administrator"),
}

DISKS = {"state": N_("Disk of the box"), "media": N_("Disk of the recordings")}

PROCESSES = {
    "web": N_("pages and stations"),
    "gate": N_("entry: readers, faces, gates"),
    "recorder": N_("recorder"),
    "clips": N_("clips and live pictures"),
    "sync": N_("sync with the province"),
    "faces": N_("face work for seats"),
}


def word(table: dict[str, str], code: str) -> str:
    """The word of `code` in the current language; the code itself when it is unknown."""
    found = table.get(code)
    return code if found is None else (_(found) if found else "")


class Times:
    """Moments and durations as the site writes them."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def clock(self, moment: datetime | None) -> str:
        """09:05:12"""
        return moment.astimezone(self._zone).strftime("%H:%M:%S") if moment else "-"

    def hour(self, moment: datetime | None) -> str:
        """09:05"""
        return moment.astimezone(self._zone).strftime("%H:%M") if moment else "-"

    def stamp(self, moment: datetime | None, now: datetime) -> str:
        """The clock, with the day in front when it is not today's."""
        if moment is None:
            return "-"
        local = moment.astimezone(self._zone)
        same = local.date() == now.astimezone(self._zone).date()
        return local.strftime("%H:%M:%S" if same else "%m-%d %H:%M")

    def journal(self, text: str) -> str:
        """The journal's own time text (UTC, microseconds) as a local clock."""
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        return moment.astimezone(self._zone).strftime("%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """3 d 4 h, 1 h 20 min, 12 min, 40 s."""
    hours, rest = divmod(max(0, int(seconds)), 3600)
    if hours >= 48:
        return _("{days} d {hours} h").format(days=hours // 24, hours=hours % 24)
    minutes, left = divmod(rest, 60)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return _("{count} min").format(count=minutes) if minutes else _("{count} s").format(count=left)


def short(name: str) -> str:
    """An id of 32 hexadecimal digits by its last eight (the first are a time, and alike)."""
    return f"~{name[-8:]}" if len(name) == 32 else name


def bar(part: float, width: int) -> str:
    """[####------] of `width` characters in all; ASCII."""
    inside = max(1, width - 2)
    full = round(min(1.0, max(0.0, part)) * inside)
    return "[" + "#" * full + "-" * (inside - full) + "]"
