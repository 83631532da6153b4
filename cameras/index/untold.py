"""What the index knows and the journal has still to be told: findings of a start, and what was put into gaps.

A row is told again until somebody has taken it, so a full disk or a kill between the fact and its note loses nothing.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from appliance.wire.cameras import NoteKind
from cameras.index.reader import camera_of
from cameras.index.schema import moment
from cameras.index.writer import Index


class Asked(NamedTuple):
    """Who had gaps filled, when, and as what it is noted."""

    kind: NoteKind
    by: str
    at: datetime


class Untold(NamedTuple):
    """One note: of a finding `code` and how `many`; of what was put in `many` seconds, and none where filling failed
    before the first picture. `rows`: ids it tells of.
    """

    kind: NoteKind
    camera: str
    by: str
    at: datetime
    code: str
    many: int
    rows: list[str]


def findings(index: Index) -> list[Untold]:
    """One for each start, code and camera (`recorder`: of none)."""
    found: dict[tuple[int, str, str], list[str]] = {}
    for row, at, code, path in index.rows(
        "SELECT id, at, code, path FROM finding WHERE noted = 0 ORDER BY at"
    ):
        found.setdefault((at, code, camera_of(path)), []).append(row)
    return [
        Untold("found", camera, "process:recorder", moment(at), code, len(rows), rows)
        for (at, code, camera), rows in found.items()
    ]


def fillings(index: Index, busy: Callable[[str], bool]) -> Iterator[Untold]:
    """One for each time somebody had gaps of a camera filled. `busy`: is it being filled? Then later."""
    found: dict[tuple[str, str, str, int], list[tuple[str, float]]] = {}
    for row, camera, kind, by, at, lasts in index.rows(
        "SELECT s.id, s.camera, f.kind, f.by, f.at, coalesce(s.end - s.start, 0) / 1e6 FROM filling f"
        " JOIN segment s ON s.id = f.segment WHERE s.state <> 'open'"
    ):
        found.setdefault((camera, kind, by, at), []).append((row, lasts))
    for (camera, kind, by, at), parts in found.items():
        if not busy(camera):
            seconds = sum(lasts for _, lasts in parts)
            many = max(1, round(seconds)) if seconds else 0
            rows = [row for row, _ in parts]
            yield Untold(kind, camera, by, moment(at), "", many, rows)  # type: ignore[arg-type]


def taken(index: Index, told: Untold) -> None:
    """It is noted. Raises sqlite3.Error."""
    sql = (
        "UPDATE finding SET noted = 1 WHERE id = ?"
        if told.kind == "found"
        else "DELETE FROM filling WHERE segment = ?"
    )
    with index.transaction() as link:
        link.executemany(sql, [(row,) for row in told.rows])
