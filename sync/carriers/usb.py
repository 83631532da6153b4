"""A stick instead of the line: `sync export DIR`, carry it, `sync import DIR`.

    parcels/SITE/EPOCH/00000001.parcel            written by the site receipts/SITE/EPOCH/00000001.json
    written by the province: Signed receipt receipts/SITE/EPOCH/00000001.refusal.json     written by the
    province: Problem (unsigned: shown, not believed) messages/SITE/*.json                          written by
    the province: Signed messages files/SITE/SHA256                                  written by the province:
    what messages speak of, sealed

Parcels are signed, and what is personal in them is encrypted to the province: a lost stick tells nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from sync.messages import Problem, Signed


def write_parcel(folder: Path, site: str, epoch: str, number: int, file: bytes) -> Path:
    """Put one parcel on the stick, whole or not at all."""
    path = folder / "parcels" / site / epoch / f"{number:08d}.parcel"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    with open(scratch, "wb") as target:
        target.write(file)
        target.flush()
        os.fsync(target.fileno())
    scratch.rename(path)
    return path


def receipts(folder: Path, site: str) -> Iterator[tuple[str, int, Signed | Problem]]:
    """(epoch, number, receipt or reason of refusal) in order. Raises NotFound for a stick without the
    layout."""
    if not any((folder / part).is_dir() for part in ("receipts", "messages", "parcels")):
        raise NotFound(
            "not_a_stick",
            N_("The folder {folder} holds no receipts and no messages."),
            N_("Name the folder that the province gave back."),
            folder=str(folder),
        )
    for path in sorted((folder / "receipts" / site).glob("*/*.json")):
        number, refused = path.name.partition(".")[0], path.name.endswith(".refusal.json")
        if number.isdecimal():
            yield path.parent.name, int(number), _read(path, Problem if refused else Signed)


def messages(folder: Path, site: str) -> Iterator[Signed]:
    """The province's messages in order of their file names."""
    for path in sorted((folder / "messages" / site).glob("*.json")):
        found = _read(path, Signed)
        assert isinstance(found, Signed)
        yield found


def file(folder: Path, site: str, name: str, size: int) -> bytes:
    """A file some message speaks of, by its SHA-256; at most a byte more than `size`. Raises Corrupt when it is not on
    the stick."""
    return _bytes(folder / "files" / site / name, size + 1)


def _bytes(path: Path, most: int = -1) -> bytes:
    try:
        with open(path, "rb") as source:
            return source.read(most)
    except OSError as error:
        raise _bad(path, error) from error


def _bad(path: Path, error: Exception) -> Corrupt:
    return Corrupt(
        "bad_file",
        N_("The file {path} cannot be read: {detail}"),
        N_("Copy it to the stick again."),
        path=str(path),
        detail=str(error),
    )


def _read(path: Path, type_: type[Signed] | type[Problem]) -> Signed | Problem:
    try:
        return msgspec.json.decode(_bytes(path), type=type_)
    except msgspec.DecodeError as error:
        raise _bad(path, error) from error
