"""How much of a fragmented MP4 is whole (ISO/IEC 14496-12 boxes)."""

import os

import msgspec

HEAD = 8


class Box(msgspec.Struct, frozen=True):
    """One top-level box: type, first byte, size in bytes with its head."""

    kind: str
    start: int
    size: int


def whole_boxes(file: int) -> list[Box]:
    """Top-level boxes of an open file that are complete. Read and not mapped: an unreadable sector is an OSError then,
    and not the end of the process.
    """
    total = os.fstat(file).st_size
    found: list[Box] = []
    at = 0
    while at + HEAD <= total:
        head = os.pread(file, 2 * HEAD, at)
        size, kind = int.from_bytes(head[:4], "big"), head[4:HEAD]
        if size == 1:
            if at + 2 * HEAD > total:
                break
            size = int.from_bytes(head[HEAD:], "big")
        if size < HEAD or at + size > total or not kind.isalnum():
            break
        found.append(Box(kind.decode("latin-1"), at, size))
        at += size
    return found


def whole_length(boxes: list[Box]) -> int:
    """Bytes up to the end of the last complete fragment (moof followed by its mdat); 0 without a header."""
    end, header, moof = 0, False, False
    for box in boxes:
        header = header or box.kind == "moov"
        if box.kind == "moof":
            moof = True
        elif box.kind == "mdat" and moof and header:
            end, moof = box.start + box.size, False
    return end
