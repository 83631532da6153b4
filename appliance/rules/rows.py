"""Which items fill the rows of a blueprint (组卷规则): as many as can be, the first offered first.

Rows may overlap (a topic, a difficulty, anything of the kind). What can be filled at once is a transversal matroid,
so taking one thing after the other wherever room can be made gives the most that is possible, and of the things
offered last as few as possible: offer what a person has seen last.
"""

from collections import deque
from collections.abc import Sequence


def fill(wanted: Sequence[int], fits: Sequence[Sequence[int]]) -> list[int]:
    """The row each thing takes, -1 for none. `wanted`: things per row; `fits[i]`: the rows thing i may stand in."""
    free = list(wanted)
    left = sum(free)
    row_of = [-1] * len(fits)
    there: list[set[int]] = [set() for _ in wanted]
    shut: set[int] = set()
    for thing, rows in enumerate(fits):
        if not left:
            break
        way = _way(thing, [row for row in rows if row not in shut], free, fits, there, shut)
        for moved, row in way:
            if row_of[moved] >= 0:
                there[row_of[moved]].discard(moved)
            row_of[moved] = row
            there[row].add(moved)
        if way:
            free[way[0][1]] -= 1
            left -= 1
    return row_of


def _way(
    thing: int,
    rows: Sequence[int],
    free: Sequence[int],
    fits: Sequence[Sequence[int]],
    there: Sequence[set[int]],
    shut: set[int],
) -> list[tuple[int, int]]:
    """Moves (thing, new row) that make room, the last row's first; empty when there is none, and the rows are shut."""
    came: dict[int, tuple[int, int]] = dict.fromkeys(rows, (thing, -1))
    queue = deque(rows)
    while queue:
        row = queue.popleft()
        if free[row]:
            moves, at = [], row
            while at >= 0:
                moved, before = came[at]
                moves.append((moved, at))
                at = before
            return moves
        for other in sorted(there[row]):
            for onward in fits[other]:
                if onward not in came and onward not in shut:
                    came[onward] = (other, row)
                    queue.append(onward)
    shut.update(came)
    return []


def short(wanted: Sequence[int], fits: Sequence[Sequence[int]]) -> list[int]:
    """How many things every row lacks: first by what fits it at all, then by what the rows take from one another."""
    alone = [max(0, count - sum(row in rows for rows in fits)) for row, count in enumerate(wanted)]
    if any(alone):
        return alone
    taken = fill(wanted, fits)
    return [count - taken.count(row) for row, count in enumerate(wanted)]
