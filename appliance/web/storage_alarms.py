"""Alarms about the storage of recordings. A pure function of what exam-archive told."""

from datetime import timedelta

from appliance.base.i18n import N_, _
from appliance.wire.archive import PlaceStatus, Storage
from appliance.wire.ops import Alarm

WARN, ALARM = 0.70, 0.90
"""Parts of a disk in use at which people are warned, and at which the alarm sounds."""
HALF_A_YEAR = timedelta(days=182)
NEXT = N_("Add a disk or another place for copies; nothing is deleted by itself.")


def storage_alarms(found: Storage | None) -> list[Alarm]:
    """Worst of each kind once."""
    if found is None:
        return []
    return [
        *(alarm for one in found.places for alarm in _place(found, one)),
        *_short(found),
        *_findings(found),
    ]


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
    if one.kind == "offline":
        read = one.scrub_ended or one.scrub_began
        if one.state != "unplugged" or (read and read + HALF_A_YEAR > found.now):
            return []
        return [
            Alarm(
                level="amber",
                code="disk_unread",
                text=_("Off-line disk {label} has not been read for half a year.").format(label=one.name),
                next=_("Plug it in for a day: it is read again and checked by itself."),
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
            next=_("Add a disk before that day. The province has been told."),
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
            text=_("{count} recordings are not as they were recorded.").format(count=found.found),
            next=_("Change nothing on the disks and call the inspector; the storage page has the list."),
            since=min(one.at for one in found.findings) if found.findings else None,
        )
    ]
