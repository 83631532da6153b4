"""Alarms about the storage of recordings. A pure function of what exam-archive told."""

from datetime import timedelta

from appliance.base.i18n import N_, _
from appliance.wire.archive import PlaceStatus, Storage
from appliance.wire.ops import Alarm

WARN, ALARM = 0.70, 0.90
"""Parts of a disk in use at which people are warned, and at which the alarm sounds."""
ROUND = timedelta(hours=2)
STUCK = timedelta(hours=1)
BEHIND = 0.1
"""Part of a round of reading again by which a place may be behind the time passed."""
HALF_A_YEAR = timedelta(days=182)
NEXT = N_("Add a disk or another place for copies; nothing is deleted by itself.")


def storage_alarms(found: Storage | None) -> list[Alarm]:
    """Worst of each kind once."""
    if found is None:
        return []
    return [
        *_work(found),
        *(alarm for one in found.places for alarm in _place(found, one)),
        *_short(found),
        *_findings(found),
    ]


def _work(found: Storage) -> list[Alarm]:
    """exam-archive does nothing any more, or cannot do one thing again and again."""
    last = found.round_ended or found.began
    alarms = []
    if last and found.now - last > ROUND:
        alarms.append(
            Alarm(
                level="red",
                code="archive_stuck",
                text=_("The recordings' storage has done nothing since {hour}.").format(
                    hour=f"{last:%m-%d %H:%M}Z"
                ),
                next=_(
                    "Look at the mounts of its places (a network disk that hangs), then restart exam-archive."
                ),
                since=last,
            )
        )
    return alarms + [
        Alarm(
            level="amber",
            code="place_stuck",
            text=one.words(),
            next=one.next_words(),
            since=one.since,
            subject=one.what,
        )
        for one in found.problems
        if found.now - one.since > STUCK
    ]


def _late(found: Storage, one: PlaceStatus) -> list[Alarm]:
    """A place that falls behind: with copies, or with reading again."""
    alarms = []
    name = one.name or _("Recording disk")
    if one.overdue:
        alarms.append(
            Alarm(
                level="amber",
                code="copies_late",
                text=_("Recordings of {day} still have no copy on {place}.").format(
                    day=f"{one.overdue:%Y-%m-%d}", place=name
                ),
                next=_(
                    "Raise storage.rate_mib, or look at the place's network; nothing is deleted meanwhile."
                ),
                since=one.overdue,
                subject=one.name,
            )
        )
    if one.state == "online" and one.scrub_began and one.copies:
        passed = (found.now - one.scrub_began) / timedelta(days=found.scrub_days)
        if passed > one.scrub_part + BEHIND:
            alarms.append(
                Alarm(
                    level="amber",
                    code="scrub_late",
                    text=_("{place} is not read again in time: {part} % after {days} days.").format(
                        place=name,
                        part=round(100 * one.scrub_part),
                        days=(found.now - one.scrub_began).days,
                    ),
                    next=_("Raise storage.rate_mib, so that every recording is read twice a year."),
                    since=one.scrub_began,
                    subject=one.name,
                )
            )
    return alarms


def filling(name: str, used: float, subject: str) -> list[Alarm]:
    """A disk of recordings above 70 or 90 per cent."""
    if used < WARN:
        return []
    return [
        Alarm(
            level="red" if used >= ALARM else "amber",
            code="storage_filling",
            text=_("{disk}: {part} % in use.").format(disk=name, part=round(used * 100)),
            next=_(NEXT),
            subject=subject,
        )
    ]


def _place(found: Storage, one: PlaceStatus) -> list[Alarm]:
    return [*_late(found, one), *_state(found, one)]


def _state(found: Storage, one: PlaceStatus) -> list[Alarm]:
    if one.kind == "offline":
        if one.read is None or one.read + HALF_A_YEAR > found.now:
            return []
        return [
            Alarm(
                level="amber",
                code="disk_unread",
                text=_("Off-line disk {label} has not been read for half a year.").format(label=one.name),
                next=_("Plug it in until the storage page says it is read: some days for a large disk."),
                subject=one.name,
            )
        ]
    if one.state in ("silent", "unprepared"):
        return [
            Alarm(
                level="amber",
                code="place_silent",
                text=_("Recordings cannot be copied to {place}.").format(place=one.name),
                next=_("Look at its mount, its cable or its network; what waits is copied then."),
                since=one.since,
                subject=one.name,
            )
        ]
    if one.kind == "recorder" or not one.total:
        return []  # the recorder tells of its disk itself
    return filling(one.name, 1 - one.free / one.total, one.name)


def _short(found: Storage) -> list[Alarm]:
    return [
        Alarm(
            level="red",
            code="storage_short",
            text=_("No room for the recordings of the sitting {name}.").format(name=one.name),
            next=_("Add a disk, or another place for copies, before that day."),
            subject=one.id,
        )
        for one in found.forecast.short[:3]
    ]


def _findings(found: Storage) -> list[Alarm]:
    if not found.found:
        return []
    return [
        Alarm(
            level="red",
            code="storage_finding",
            text=_("Recordings that are not as they were recorded: {count}.").format(count=found.found),
            next=_(
                "Keep the disk as it is, seal it and report it to the province; let nobody change anything."
            )
            + " "
            + _("The storage page has the list."),
            since=min(one.at for one in found.findings) if found.findings else None,
        )
    ]
