"""PAIRS.csv (file_a,file_b,same): the site's own pairs, read and compared.

Files stand relative to the list. `same`: 1, true, yes or 是 for one person; 0, false, no or 否 for two.
"""

import csv
import io
from pathlib import Path

import msgspec

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_, _
from appliance.faces import pictures
from appliance.faces.port import Descriptor, FaceEngine, describe_single

COLUMNS = ("file_a", "file_b", "same")
YES, NO = frozenset({"1", "true", "yes", "y", "是"}), frozenset({"0", "false", "no", "n", "否"})
MOST = 200_000


class Row(msgspec.Struct, frozen=True):
    """One line of the list; `number` counts as an editor does, the heading is line 1."""

    number: int
    file_a: str
    file_b: str
    same: bool | None
    """None: the word in this column is neither yes nor no."""


class Skipped(msgspec.Struct, frozen=True):
    """A pair that could not be compared: no_such_file, bad_picture, no_face, two_faces or bad_same."""

    row: int
    code: str


class Distances(msgspec.Struct):
    """What the engine measured."""

    same: list[float] = []
    different: list[float] = []
    skipped: list[Skipped] = []


def read(body: bytes) -> list[Row]:
    """The rows of the list: UTF-8 (with or without mark) or GB18030. Raises Corrupt `bad_pairs`."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("gb18030", errors="replace")
    lines = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        heading = [name.strip().lower() for name in lines.fieldnames or []]
        if not set(COLUMNS) <= set(heading):
            raise _bad(_("its first line does not read file_a,file_b,same"))
        lines.fieldnames = heading
        rows = [
            Row(lines.line_num, line["file_a"] or "", line["file_b"] or "", _same(line["same"] or ""))
            for line in lines
        ]
    except csv.Error as error:
        raise _bad(str(error)) from error
    if len(rows) > MOST:
        raise _bad(_("it has too many lines"))
    return rows


def _same(word: str) -> bool | None:
    word = word.strip().lower()
    return True if word in YES else False if word in NO else None


def _bad(detail: str) -> Corrupt:
    return Corrupt(
        "bad_pairs",
        N_("The list of pairs cannot be used: {detail}"),
        N_("Give a CSV file with the columns file_a, file_b and same (1 or 0)."),
        detail=detail,
    )


def measure(engine: FaceEngine, rows: list[Row], folder: Path) -> Distances:
    """Compare every pair. Each photograph is described once, as the gate would: one face in front."""
    known: dict[Path, Descriptor | str] = {}

    def described(name: str) -> Descriptor | str:
        path = folder / name.strip()
        if path not in known:
            try:
                known[path] = describe_single(engine, pictures.decode(path.read_bytes()))
            except OSError:
                known[path] = "no_such_file"
            except (Corrupt, NotFound) as error:
                known[path] = error.code
        return known[path]

    found = Distances()
    for row in rows:
        one, other = described(row.file_a), described(row.file_b)
        if isinstance(one, str) or isinstance(other, str) or row.same is None:
            code = next((each for each in (one, other) if isinstance(each, str)), "bad_same")
            found.skipped.append(Skipped(row.number, code))
        else:
            (found.same if row.same else found.different).append(engine.compare(one, other))
    return found
