"""The storage screen: for how long there is room, as a picture of characters, and every place of recordings."""

from appliance.base.i18n import N_, _
from appliance.base.sizes import size
from appliance.wire import ops
from appliance.wire.archive import Forecast, PlaceStatus, Storage
from ops_tui.models.row import Column, Row
from ops_tui.models.words import DISKS, Times, bar, duration, word

COLUMNS = (
    Column(N_("What"), 16, 9),
    Column(N_("Used"), 20, 9),
    Column(N_("Free"), 9, 1),
    Column(N_("Size"), 10),
    Column(N_("State"), 0),
)
STATES = {
    "online": N_("+ online"),
    "filling": N_("> being filled"),
    "full": N_("+ full, plugged in"),
    "unplugged": N_("- in the cupboard"),
    "silent": N_("? not reachable"),
    "unprepared": N_("! not prepared"),
}
MARKS = {"silent": "red", "unprepared": "amber"}
WARN, ALARM = 0.70, 0.90
WIDTH, HEIGHT = 60, 5
LONG = 1200


def summary(state: ops.State) -> str:
    """The one look, then the picture."""
    found = state.storage
    if found is None:
        return _("exam-archive has told nothing yet.")
    ahead = found.forecast
    if ahead.days_left is None:
        line = _("Recordings: room for more than three years.")
    else:
        line = _("Recordings: room for {days} days.").format(days=int(ahead.days_left))
    if found.found:
        line += " " + _("!! Recordings that do not hold: {count}.").format(count=found.found)
    if found.acknowledged:
        line += " " + _("{count} more that two people know of.").format(count=found.acknowledged)
    if ahead.short:
        line += " " + _("!! No room for the sitting {name}.").format(name=ahead.short[0].name)
    elif found.due.days:
        line += " " + _("{days} days past their date ({size}).").format(
            days=found.due.days, size=size(found.due.bytes)
        )
    failing = [f"! {one.words()}" for one in found.problems[:3]]
    return "\n".join([line, *failing, *chart(ahead)])


def chart(ahead: Forecast) -> list[str]:
    """Use of the recording disk in the days shown: ASCII, a line for 90 and one for 70 per cent."""
    days = ahead.ahead
    if len(days) < 2 or not ahead.total:
        return []
    picked = [days[number * (len(days) - 1) // (WIDTH - 1)].used / ahead.total for number in range(WIDTH)]
    lines = []
    for row in range(HEIGHT):
        low, high = 1 - (row + 1) / HEIGHT, 1 - row / HEIGHT
        empty = "-" if low <= ALARM < high else "." if low <= WARN < high else " "
        cells = "".join("#" if part > (low + high) / 2 else empty for part in picked)
        label = "100%" if row == 0 else "  0%" if row == HEIGHT - 1 else "    "
        lines.append(f"{label}|{cells}|")
    first, middle, last = (
        f"{day[4:6]}-{day[6:]}" for day in (days[0].day, days[len(days) // 2].day, days[-1].day)
    )
    axis = f"{first}{middle:^{WIDTH - 8}}{last}"
    return [*lines, "     " + axis]


def rows(state: ops.State) -> list[Row]:
    """The box's own disk, and the places of recordings."""
    found = [_disk(disk) for disk in state.disks if disk.what == "state" or state.storage is None]
    if state.storage:
        found += [_place(state, state.storage, one) for one in state.storage.places]
        found += _cameras(state.storage.forecast)
    elif lasts := _lasts(state):
        found.append(lasts)
    return found


def _disk(disk: ops.Disk) -> Row:
    used = 1 - disk.free / disk.total if disk.total else 0.0
    percent = f"{bar(used, 13)} {used:4.0%}"
    return Row(
        disk.what,
        (word(DISKS, disk.what), percent, size(disk.free), size(disk.total), disk.path),
        "red" if used > 0.97 else "amber" if used > 0.9 else "",
        (
            (_("What"), word(DISKS, disk.what)),
            (_("Folder"), disk.path),
            (_("Used"), percent),
            (_("Free"), size(disk.free)),
            (_("Size"), size(disk.total)),
        ),
    )


def _place(state: ops.State, storage: Storage, one: PlaceStatus) -> Row:
    times = Times(state.site.timezone)
    name = one.name or _("recording disk")
    used = 1 - one.free / one.total if one.total else None
    percent = "" if used is None else f"{bar(used, 13)} {used:4.0%}"
    mark = MARKS.get(one.state, "")
    if used is not None and not mark:
        mark = "red" if used >= ALARM else "amber" if used >= WARN else ""
    told = word(STATES, one.state)
    if one.waiting:
        told += " " + _("{size} to copy").format(size=size(one.waiting))
    if one.days_left is not None:
        told += " " + _("room for {days} days").format(days=int(one.days_left))
    if one.kind == "recorder" or one.scrub_part:
        told += " " + _("re-read {part}").format(part=f"{one.scrub_part:.0%}")
    findings = [found for found in storage.findings if found.place == one.name]
    detail = [
        (_("What"), name),
        (_("State"), word(STATES, one.state)),
        (_("Used"), percent or "-"),
        (_("Recordings"), f"{one.copies}, {size(one.recordings)}"),
        (_("Days"), f"{one.first} - {one.last}" if one.first else "-"),
        (_("Read again, this round"), f"{one.scrub_part:.1%}"),
        (_("Last whole round"), times.stamp(one.scrub_ended, state.now)),
        *((_("Does not hold"), f"{found.code}  {found.path}") for found in findings[:10]),
    ]
    free, total = (size(one.free), size(one.total)) if one.total else ("", "")
    return Row(
        f"place-{one.name}", (name, percent, free, total, told), "red" if findings else mark, tuple(detail)
    )


def _cameras(ahead: Forecast) -> list[Row]:
    found = []
    for one in ahead.cameras:
        per_day = _("{size} a day").format(size=size(one.per_day))
        alone = "" if one.days_left is None or one.days_left > LONG else _("alone full in {days} days")
        told = alone.format(days=int(one.days_left or 0))
        detail = (
            (_("Camera"), one.camera),
            (_("On a usual day"), size(one.per_day)),
            (_("In a recorded hour"), size(one.per_hour)),
            (_("Recorded and kept"), size(one.kept)),
        )
        found.append(Row(f"camera-{one.camera}", (one.camera, per_day, "", size(one.kept), told), "", detail))
    return found


def _lasts(state: ops.State) -> Row | None:
    """Without exam-archive: as it has gone today."""
    recorded = sum(camera.bytes_today for camera in state.cameras)
    seconds = sum(camera.recorded_s for camera in state.cameras)
    media = next((disk for disk in state.disks if disk.what == "media"), None)
    if not (media and recorded and seconds > 60):
        return None
    # Every camera records at its own rate: bytes per recorded second, times the cameras of the site.
    fits = duration(media.free / (recorded / seconds * len(state.cameras)))
    return Row("lasts", (_("Recordings fit"), fits, "", "", ""), "", ((_("Recordings fit"), fits),))
