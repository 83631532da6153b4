"""The rows of a time line: each camera with its recordings, its holes, and what was wrong with it."""

from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from appliance.base.i18n import _
from appliance.web.camera_alarms import ALARMS
from appliance.web.words import word
from appliance.wire.playback import Piece, Reel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JITTER = 2_000_000
"""Microseconds two connections may lie over one another without a step of the clock: times are those of arrival."""
Spans = list[tuple[float, float]]


def ms(moment: datetime) -> float:
    """Milliseconds since 1970, as scripts have them."""
    return (moment - EPOCH) / timedelta(milliseconds=1)


class ShownPiece(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`from_`, `to`, `run`: as they go into the clip's address. `where`: label of the disk to be put in."""

    start: float
    end: float
    from_: str = msgspec.field(name="from")
    to: str
    codec: str = ""
    frame: float = 0.04
    away: bool = False
    where: str = ""
    run: str = ""
    filled: bool = False
    """Put into a gap later."""
    lost: str = ""
    """Why it cannot be played: missing, unreadable, deleted."""


class ShownGap(msgspec.Struct):
    """Nothing on record, and why."""

    start: float
    end: float
    cause: str


class ShownAlarm(msgspec.Struct):
    """What was wrong with a camera while it recorded."""

    start: float
    end: float
    what: str


class ShownPlace(msgspec.Struct):
    """Where the candidate was when this camera looked."""

    start: float
    end: float
    place: str


class Row(msgspec.Struct, kw_only=True):
    """One camera of a visit. `spans`: when the candidate was in its view."""

    camera: str
    name: str
    places: list[ShownPlace] = []
    spans: Spans = []
    pieces: list[ShownPiece] = []
    gaps: list[ShownGap] = []
    alarms: list[ShownAlarm] = []


def rows_of(
    camera: str,
    name: str,
    places: list[ShownPlace],
    spans: Spans,
    reels: list[Reel],
    now: float,
    zone: tzinfo = UTC,
) -> list[Row]:
    """The rows of one camera: one, or as many as there are recordings over one another. `reels`: of its spans; `zone`:
    of times in words.
    """
    rows = []
    for number, pieces in enumerate(lanes([one for reel in reels for one in reel.pieces]) or [[]]):
        if number:
            name = _("{camera}, again after the clock was set back").format(camera=name)
        row = Row(camera=camera, name=name, places=places, spans=spans)
        add_pieces(row, pieces)
        rows.append(row)
    for reel in reels:
        add_gaps(rows[0], reel, zone)
    alarms = {(one.start, one.kind): one for reel in reels for one in reel.alarms}
    rows[0].alarms = [
        ShownAlarm(ms(one.start), ms(one.end) if one.end else now, _(ALARMS[one.kind]))
        for one in alarms.values()
    ]
    return rows


def lanes(pieces: list[Piece]) -> list[list[Piece]]:
    """Recordings of one camera that lie over one another, apart: the clock was set back between two connections.

    Pure; the pieces of a lane follow one another, each may be cut short by the next.
    """
    found: list[list[Piece]] = []
    for one in sorted(pieces, key=lambda piece: (piece.start, piece.run)):
        free = [lane for lane in found if lane[-1].run == one.run]
        free += [lane for lane in found if one.start - lane[-1].end > -JITTER]
        if free:
            free[0].append(one)
        else:
            found.append([one])
    return found


def add_pieces(row: Row, pieces: list[Piece]) -> None:
    """Two spans may share a piece, and that of the second may go on longer: what comes later counts."""
    for one in pieces:
        start, end = (EPOCH + timedelta(microseconds=at) for at in (one.start, one.end))
        if row.pieces and ms(end) <= row.pieces[-1].end:
            continue
        while row.pieces and ms(start) < row.pieces[-1].end:
            row.pieces[-1].end = ms(start)
            if row.pieces[-1].end <= row.pieces[-1].start:
                row.pieces.pop()
        row.pieces.append(
            ShownPiece(
                start=ms(start),
                end=ms(end),
                from_=start.isoformat(timespec="microseconds"),
                to=end.isoformat(timespec="microseconds"),
                codec=one.codec,
                frame=one.frame_s or 0.04,
                away=one.away,
                where=one.where,
                run=one.run,
                filled=one.filled,
                lost=one.lost,
            )
        )


def add_gaps(row: Row, reel: Reel, zone: tzinfo = UTC) -> None:
    """Holes with their causes. Before the box's oldest recording none is needed: there was nothing yet."""
    for gap in reel.gaps:
        start, first = gap.start, reel.first
        if first and not gap.cause and gap.start < first:
            oldest = _("before the oldest recording of this box, of {time}")
            start = min(gap.end, first)
            oldest = oldest.format(time=f"{first.astimezone(zone):%Y-%m-%d %H:%M:%S}")
            row.gaps.append(ShownGap(ms(gap.start), ms(start), oldest))
            if gap.end <= start:
                continue
        cause = word(f"cause.{gap.cause}") if gap.cause else _("no cause on record")
        if gap.origin == "card":
            cause = _("{cause}; filled later from the camera's own card").format(cause=cause)
        elif gap.filled:
            cause = _("{cause}; filled later from elsewhere").format(cause=cause)
        row.gaps.append(ShownGap(ms(start), ms(gap.end), cause))
