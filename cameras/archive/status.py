"""What exam-archive tells of itself: places, forecast, findings, what is past its date."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from appliance.base.errors import NotFound
from appliance.wire.archive import Due, Forecast, PlaceStatus, Problem, Storage, StorageFinding, Unlifted
from cameras.archive.deletion import due_days
from cameras.archive.forecast import LAST, WEEKS, Coming, Disk, Measured, forecast
from cameras.archive.places import RESERVE
from cameras.archive.store import DISK, Archive
from cameras.archive.terms import LEAST
from cameras.archive.walk import ByTime, Walk, came_before
from cameras.index import micros, moment

if TYPE_CHECKING:
    from cameras.archive.rounds import Rounds

NEWEST = 50
COPY = "copy "
"""Before a place's name, of the step that copies to it: a place may be called as a step is."""
LATE = timedelta(days=1)
"""A copy that ought to be there for so long is late; a place that is silent for so long takes none."""
STANDS = timedelta(hours=1)
"""What passes sooner is not told to the journal."""
WARN, ALARM = 0.70, 0.90
"""Parts of a disk in use at which people are warned, and at which the alarm sounds."""


def make_status(rounds: "Rounds") -> Storage:
    """The answer to GetStorage."""
    archive, now, orders = rounds.archive, rounds.clock.now(), rounds.orders
    past = due_days(archive, orders.before) if orders else []
    findings = archive.rows(
        "SELECT place, path, code, at FROM finding WHERE over IS NULL AND acknowledged IS NULL"
        " ORDER BY at DESC LIMIT ?",
        NEWEST,
    )
    counts = archive.rows(
        "SELECT place, count(*) - count(acknowledged), count(acknowledged) FROM finding WHERE over IS NULL"
        " GROUP BY place ORDER BY place"
    )
    held = archive.rows("SELECT id FROM sitting WHERE hold = 1 ORDER BY id")
    places = _places(rounds)
    found = _forecast(rounds, now, places)
    for one in places:
        if one.kind in ("disk", "nas") and one.total and found.per_day:
            one.days_left = max(0, one.free - min(RESERVE, one.total // 50)) / found.per_day
    return Storage(
        now=now,
        places=places,
        forecast=found,
        findings=[
            StorageFinding(place=place, path=path, code=code, at=moment(at))
            for place, path, code, at in findings
        ],
        found=sum(count for _place, count, _known in counts),
        found_at={place: count for place, count, _known in counts if count},
        acknowledged=sum(known for _place, _count, known in counts),
        held=len(held),
        on_hold=[name for (name,) in held],
        unlifted=[
            Unlifted(id=name, rooms=msgspec.json.decode(rooms), start=moment(start))
            for name, rooms, start in archive.rows(
                "SELECT id, rooms, start FROM sitting WHERE known <> '[]' ORDER BY start"
            )
        ],
        due=Due(
            days=len(past),
            kept=len(_kept(archive, now) & {day for day, _size in past}),
            bytes=sum(size for _day, size in past),
            first=past[0][0] if past else "",
            last=past[-1][0] if past else "",
        ),
        problems=[_problem(rounds, *one) for one in sorted(rounds.problems.items())],
        round_ended=rounds.ended,
        began=rounds.began,
        scrub_days=rounds.settings.storage.scrub_days,
    )


def _problem(rounds: "Rounds", step: str, known: tuple[datetime, str]) -> Problem:
    since, text = known
    index, lacking = step == "index", rounds.index.lacking
    return Problem(
        what=step.removeprefix(COPY),
        since=since,
        text=text,
        waits_for=rounds.waits_for if step == "list" else [],
        rebuilding=index and not lacking,
        lacking=sorted(lacking or ()) if index else [],
    )


def _kept(archive: Archive, now: datetime) -> set[str]:
    """Days (yyyymmdd) on which a sitting is on hold, or kept longer than the usual time."""
    found = set[str]()
    for start, end in archive.rows(
        "SELECT start, end FROM sitting WHERE hold = 1 OR (keep_until > ? AND end < ?)",
        *(micros(now), micros(now - LEAST)),
    ):
        day, last = moment(start), moment(end)
        while day < last + timedelta(days=1):
            found.add(f"{day:%Y%m%d}")
            day += timedelta(days=1)
    return found


def _places(rounds: "Rounds") -> list[PlaceStatus]:
    archive = rounds.archive
    rows = archive.rows(
        "SELECT name, kind, p.state, p.bytes, copies, first, last, p.total, free, silent, seen, s.began, s.ended,"
        " s.bytes, s.total FROM place p LEFT JOIN scrub s ON s.place = p.name ORDER BY name"
    )
    configured = {one.name: one.after_days for one in rounds.settings.storage.places}
    now = rounds.clock.now()
    waiting = {name: _waiting(rounds, name, days, now) for name, days in configured.items()}
    return [
        PlaceStatus(
            name=row[0],
            kind=row[1],
            state=_state(row[1], row[2], row[9], row[10]),
            since=None if row[9] is None else moment(row[9]),
            total=row[7],
            free=row[8],
            recordings=max(0, row[3]),
            copies=max(0, row[4]),
            first=row[5],
            last=row[6],
            waiting=waiting[row[0]][0] if row[0] in waiting else 0,
            overdue=waiting[row[0]][1] if row[0] in waiting else None,
            scrub_part=min(1.0, round(row[13] / row[14], 4)) if row[13] and row[14] else 0.0,
            scrub_began=None if row[11] is None else moment(row[11]),
            scrub_ended=None if row[12] is None else moment(row[12]),
            read=rounds.scrubber.oldest(row[0], row[10] or 0)
            if row[1] == "offline" and row[9] is not None and row[4]
            else None,
        )
        for row in rows
        if row[0] in configured or row[1] in ("recorder", "offline") or row[4]
    ]


def _waiting(rounds: "Rounds", name: str, after_days: int, now: datetime) -> tuple[int, datetime | None]:
    """Bytes to be copied to a place, and since when the oldest of them ought to be there; None: nothing is late."""
    walk = (ByTime if after_days else Walk)(rounds.index, rounds.archive, f"copy:{name}")
    until = now - timedelta(days=after_days)
    try:
        size, oldest = walk.waiting(until), walk.oldest
    except NotFound:
        return 0, None  # nothing has been recorded yet
    if not after_days:  # in the order rows came; what fills a gap of last week came now
        return size, oldest if walk.number < came_before(rounds.archive, now - LATE) else None
    due = oldest + timedelta(days=after_days) if oldest else None
    return size, due if due and now - due > LATE else None


def _state(kind: str, state: str, silent: int | None, seen: int | None) -> Any:
    if kind == "offline":
        return state if silent is None else "unplugged"
    if silent is None:
        return "online"
    return "silent" if seen is not None else "unprepared"


def _forecast(rounds: "Rounds", now: datetime, places: list[PlaceStatus]) -> Forecast:
    settings, archive = rounds.settings, rounds.archive
    today = now.astimezone(UTC).date()
    since = today - max(WEEKS, timedelta(days=settings.storage.free_after_days))
    kept = {
        camera: int(size)
        for camera, size in archive.rows("SELECT camera, sum(bytes) FROM day GROUP BY camera")
    }
    measured: dict[str, dict[date, Measured]] = {one.code: {} for one in settings.cameras} | {
        camera: {} for camera in kept
    }
    for camera, day, size, length in archive.rows(
        "SELECT camera, day, bytes, micros FROM day WHERE day >= ?", f"{since:%Y%m%d}"
    ):
        when = date(int(day[:4]), int(day[4:6]), int(day[6:]))
        measured[camera][when] = Measured(size, length)
    for camera, known in measured.items():
        if not known:  # none for weeks: how much it was when it recorded last
            for day, size, length in archive.rows(
                "SELECT day, bytes, micros FROM day WHERE camera = ? ORDER BY day DESC LIMIT ?", camera, LAST
            ):
                known[date(int(day[:4]), int(day[4:6]), int(day[6:]))] = Measured(size, length)
    rooms = {camera.code: camera.room for camera in settings.cameras}
    exams = {room for one in (rounds.orders.sittings if rounds.orders else []) for room in one.rooms}
    zone = ZoneInfo(settings.site.timezone)
    coming = [
        Coming(
            id=one.id,
            name=one.name or f"{one.start.astimezone(zone):%Y-%m-%d %H:%M}",
            start=one.start,
            day=one.start.astimezone(UTC).date(),  # as the paths of recordings count days
            hours=(one.end - one.start).total_seconds() / 3600,
            cameras=frozenset(
                camera
                for camera in measured
                if camera in rooms and (rooms[camera] in one.rooms or rooms[camera] not in exams)
            ),
        )
        for one in (rounds.orders.sittings if rounds.orders else [])
        if one.end > now
    ]
    row = archive.rows("SELECT total, free FROM place WHERE name = ?", DISK)
    total, free = row[0] if row else (0, 0)
    disk = Disk(
        total=total,
        free=free,
        reserve=min(RESERVE, total // 50),
        free_after=settings.storage.free_after_days
        if _keeping_up(places, settings.storage.copies, now)
        else 0,
    )
    found = forecast(today, disk, measured, coming, settings.storage.warn_days)
    for one in found.cameras:
        one.kept = kept.get(one.camera, 0)
    return found


def _keeping_up(places: list[PlaceStatus], copies: int, now: datetime) -> bool:
    """Whether originals can leave the recording disk in the days to come: places enough that answer, or will, and none
    late.
    """
    well = [
        one
        for one in places
        if one.kind != "recorder"
        and one.overdue is None
        and (
            one.state in ("online", "filling")
            or (one.state == "silent" and one.since and now - one.since < LATE)
        )
    ]
    return len(well) >= copies


def levels_told(archive: Archive, status: Storage, now: datetime) -> None:
    """Each crossing of 70 % and 90 %, and each sitting that could not be kept, is told once to the journal."""
    for place in status.places:
        part = 1 - place.free / place.total if place.total and place.kind != "offline" else 0.0
        level = 90 if part >= ALARM else 70 if part >= WARN else 0
        name = f"level:{place.name}"
        before = int(archive.kept(name) or 0)
        if level != before:
            with archive.transaction():
                archive.keep(name, str(level))
                if level > before:
                    body = {"place": place.name or "recording disk", "percent": level}
                    archive.tell(now, "filling", body | {"free": place.free, "total": place.total})
    known = msgspec.json.encode([status.found, status.acknowledged]).decode()
    day, _, before_that = archive.kept("findings").partition(" ")
    if known != (before_that or "[0,0]") and day != f"{now:%Y%m%d}":
        with archive.transaction():
            archive.keep("findings", f"{now:%Y%m%d} {known}")
            archive.tell(now, "findings", {"found": status.found, "acknowledged": status.acknowledged})
    _short_told(archive, status, now)


class _Short(msgspec.Struct):
    """A sitting without room: when it starts, since when this stands, and whether it was told."""

    start: datetime
    since: datetime
    told: bool = False


def _short_told(archive: Archive, status: Storage, now: datetime) -> None:
    """Once of a sitting, when it has stood for an hour: the province counts on it."""
    kept = archive.kept("without_room") or "{}"
    known = msgspec.json.decode(kept, type=dict[str, _Short])
    fresh = {name: one for name, one in known.items() if one.told and one.start > now}
    with archive.transaction():
        for one in status.forecast.short:
            mine = fresh[one.id] = known.get(one.id) or _Short(one.start, now)
            mine.since = min(mine.since, now)  # the clock was set back
            if not mine.told and now - mine.since >= STANDS:
                mine.told = True
                body = {"sitting": one.id, "start": one.start, "missing": one.missing}
                archive.tell(now, "short", body | {"days_left": status.forecast.days_left})
        if (text := msgspec.json.encode(fresh, order="sorted").decode()) != kept:
            archive.keep("without_room", text)
