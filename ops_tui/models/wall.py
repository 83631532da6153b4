"""A wall of stations: every seat a cell with number, letter and sign, laid out as the room stands."""

import msgspec

from appliance.base.i18n import _
from appliance.wire.ops import SeatTile
from ops_tui.models.words import SEATS, duration

NARROW = 8
"""Least width of a cell: mark, number (2), star, letter, sign, mark, gap."""
ATTENTION = ("lost", "broken")


class Cell(msgspec.Struct, frozen=True):
    """One seat as text. `below` is the second line when there is room for it."""

    seat: str
    text: str
    below: str
    state: str
    attention: bool


class Wall(msgspec.Struct):
    """Rows of cells (None = nothing stands there), each `width` characters wide and `height` lines high."""

    rows: list[list[Cell | None]]
    width: int
    height: int


def cell(seat: SeatTile) -> Cell:
    """One seat: ` 7 R>`; a `!` in place of the sign when it asks for attention."""
    letter, sign, _words = SEATS.get(seat.state, ("?", "?", ""))
    flagged = seat.state in ATTENTION or bool(seat.flags)
    if flagged and seat.state not in ATTENTION:
        sign = "!"
    spare = "*" if seat.spare else " "
    return Cell(seat.seat, f"{seat.number:>2}{spare}{letter}{sign}", below(seat), seat.state, flagged)


def below(seat: SeatTile) -> str:
    """The second line: how far the candidate is, else who is bound."""
    if seat.state in ("running", "lost", "handed_in") and seat.questions:
        return f"{seat.answered}/{seat.questions}"
    return seat.candidate


def lay_out(seats: list[SeatTile], width: int, height: int) -> Wall:
    """Set the seats into `width` x `height` characters: as the room stands, else in running order."""
    ordered = sorted(seats, key=lambda seat: seat.number)
    places = {(seat.row, seat.column): seat for seat in ordered}
    columns = max((seat.column for seat in ordered), default=0)
    stands = bool(ordered) and all(seat.row and seat.column for seat in ordered)
    stands = stands and len(places) == len(ordered) and columns * NARROW <= width
    if stands:
        first, last = min(seat.row for seat in ordered), max(seat.row for seat in ordered)
        grid = [
            [places.get((row, column)) for column in range(1, columns + 1)] for row in range(first, last + 1)
        ]
        if len(grid) > height:
            stands = False
    if not stands:
        columns = max(1, width // NARROW)
        for fewer in (8, 10, 12):
            if fewer <= columns and -(-len(ordered) // fewer) <= height:
                columns = fewer
                break
        grid = [list(ordered[i : i + columns]) for i in range(0, len(ordered), columns)]
    each = min(14, width // max(1, columns))
    rows = [[cell(seat) if seat else None for seat in row] for row in grid]
    return Wall(rows, max(NARROW, each), 2 if len(rows) * 2 <= height else 1)


def counts(seats: list[SeatTile]) -> list[tuple[str, str, str, int]]:
    """Letter, sign, words and number of seats of every state, in order of the day."""
    return [
        (letter, sign, _(words), number)
        for state, (letter, sign, words) in SEATS.items()
        if (number := sum(seat.state == state for seat in seats))
    ]


def brief(seat: SeatTile) -> str:
    """One line about one seat."""
    letter, sign, words = SEATS.get(seat.state, ("?", "?", seat.state))
    parts = [
        seat.seat + (f" *{_('spare')}" if seat.spare else ""),
        f"{letter}{sign} {_(words)}",
        seat.candidate,
    ]
    if seat.questions:
        parts.append(f"{seat.answered}/{seat.questions}")
    if seat.remaining_s is not None:
        parts.append(_("{left} left").format(left=duration(seat.remaining_s)))
    if seat.station_seen_s is not None:
        parts.append(_("last sign {duration} ago").format(duration=duration(seat.station_seen_s)))
    return "  ".join(part for part in parts if part)


def detail(seat: SeatTile) -> list[tuple[str, str]]:
    """Everything about one seat: heading and text."""
    letter, sign, words = SEATS.get(seat.state, ("?", "?", seat.state))
    lines = [
        (_("Seat"), f"{seat.seat}{' *' + _('spare') if seat.spare else ''}"),
        (_("State"), f"{letter}{sign} {_(words)}"),
        (_("Candidate"), seat.candidate or "-"),
    ]
    if seat.questions:
        lines.append((_("Answered"), f"{seat.answered} / {seat.questions}"))
    if seat.remaining_s is not None:
        lines.append((_("Time left"), duration(seat.remaining_s)))
    seen = seat.station_seen_s
    lines.append(
        (_("Last sign"), "-" if seen is None else _("{duration} ago").format(duration=duration(seen)))
    )
    return lines


def move_focus(wall: Wall, seat: str, across: int, down: int) -> str:
    """The seat reached from `seat` by a step; stays when nothing stands there."""
    places = {
        one.seat: (r, c) for r, row in enumerate(wall.rows) for c, one in enumerate(row) if one is not None
    }
    if not places:
        return ""
    if seat not in places:
        return next(iter(places))
    row, column = places[seat]
    while True:
        row, column = row + down, column + across
        if not (0 <= row < len(wall.rows) and 0 <= column < len(wall.rows[row])):
            return seat
        found = wall.rows[row][column]
        if found is not None:
            return found.seat
