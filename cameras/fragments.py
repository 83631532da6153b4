"""How much of a fragmented MP4 is whole (ISO/IEC 14496-12 boxes). Pure."""

import msgspec

HEAD = 8


class Box(msgspec.Struct, frozen=True):
    """One top-level box: type, first byte, size in bytes with its head."""

    kind: str
    start: int
    size: int


def whole_boxes(data: bytes | memoryview, length: int | None = None) -> list[Box]:
    """Top-level boxes that are complete. `length`: bytes of the file when `data` is all of it."""
    found: list[Box] = []
    at, total = 0, len(data) if length is None else length
    while at + HEAD <= total:
        size = int.from_bytes(data[at : at + 4], "big")
        kind = bytes(data[at + 4 : at + 8])
        if size == 1:
            if at + 16 > total:
                break
            size = int.from_bytes(data[at + 8 : at + 16], "big")
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
