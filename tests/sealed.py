"""A province's questions, and a search through everything a box has: can anybody on the site read them?"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session, SQLModel

from appliance.base.errors import Corrupt
from appliance.base.ids import new_id
from appliance.base.sealing import SIZE, unseal
from appliance.flow.box import Box
from appliance.wire import sealed as wire
from appliance.wire import station
from sync.messages import Roster, RosterPerson, RosterSitting
from sync.province.sealing import Item, Source
from tests.station.drawings import name_of, warning
from tests.world import number_of

SITE = "999999-01"
PICTURE = warning("crimson", 5)
SECRET_STEM = "省库密题"
"""Stands in the stem of every one of the province's questions."""


def source(true_false: int = 8, single: int = 5, multiple: int = 3, name: str = "省题库") -> Source:
    """Every third question with a picture; 10 on a paper: 6, 3 and 1."""
    kinds = (("true_false", true_false), ("single_choice", single), ("multiple_choice", multiple))
    items = [
        Item(
            id=f"{kind}-{number:03d}",
            kind=kind,  # type: ignore[arg-type]
            stem=f"{SECRET_STEM}{kind}{number}",
            options=() if kind == "true_false" else tuple(f"省选{number}{one}" for one in "甲乙丙丁"),
            right=(0, 2) if kind == "multiple_choice" else (number % 2,),
            topic=f"t{number % 3}",
            difficulty=1,
            picture=name_of(PICTURE) if number % 3 == 0 else "",
        )
        for kind, count in kinds
        for number in range(count)
    ]
    counts = {"true_false": 6, "single_choice": 3, "multiple_choice": 1}
    return Source(name=name, items=items, counts=counts, pictures={name_of(PICTURE): PICTURE})  # type: ignore[arg-type]


def roster(starts_at: datetime, people: int = 3, room: str = "T1", **more: object) -> Roster:
    """A roster of one theory sitting."""
    sitting = RosterSitting(
        code="A",
        subject="theory",
        trade="low_voltage",
        room=room,
        starts_at=starts_at,
        duration_s=7200,
        **more,  # type: ignore[arg-type]
    )
    rows = [RosterPerson(name=f"考生{n}", number=number_of(n)) for n in range(people)]
    return Roster(id=new_id(), site=SITE, issued_at=starts_at, sittings=[sitting], rows=rows)


def readable(box: Box, needles: list[bytes], starts_at: datetime, what: str = "papers") -> list[str]:
    """Where any of the needles can be read: in a file, a column, or in what any key on the box opens."""
    state = Path(box.settings.state)
    pieces = list(_pieces(box, state))
    keys = {body[:SIZE] for _place, body in pieces if len(body) in (SIZE, SIZE + 1)}
    keys |= {body for _place, piece in pieces for body in _opened(box, piece) if len(body) == SIZE}
    found, about = [], wire.about(box.site.code, "T1", starts_at, what)
    for place, piece in pieces:
        clear = [piece, *_opened(box, piece)]
        for key in keys:
            for of in (station.ABOUT_PAPER, station.ABOUT_PICTURE):
                with suppress(Corrupt):
                    clear.append(unseal(key, piece, of))
            with suppress(ValueError, Corrupt):
                clear.append(unseal(key, wire.unpack(piece).secret, about))
        if any(needle in one for needle in needles for one in clear):
            found.append(place)
    return found


def marks(code: str = "") -> list[bytes]:
    """What would give the papers away: words in two encodings, the picture, the code with and without spaces."""
    found = [
        SECRET_STEM.encode(),
        SECRET_STEM.encode("utf-16-le"),
        SECRET_STEM.encode("unicode_escape"),
        PICTURE,
    ]
    return found + ([code.encode(), code.replace(" ", "").encode()] if code else [])


def _opened(box: Box, piece: bytes) -> list[bytes]:
    try:
        return [box.key.decrypt(piece)]
    except Corrupt:
        return []


def _pieces(box: Box, state: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(state.rglob("*")):
        if path.is_file() and not path.is_socket():
            yield str(path.relative_to(state)), path.read_bytes()

    def rows(session: Session) -> list[tuple[str, bytes]]:
        found = []
        for table in SQLModel.metadata.sorted_tables:
            for row in session.execute(text(f'SELECT * FROM "{table.name}"')).mappings():
                for column, value in row.items():
                    body = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    found.append((f"{table.name}.{column}", body))
        return found

    yield from box.db.read_now(rows)
