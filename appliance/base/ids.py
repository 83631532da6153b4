"""Identifiers: uuid7 (RFC 9562, 5.7) as 32 hexadecimal digits, so that ids sort by the time they were given."""

import os
import re
import time

_ID = re.compile("[0-9a-f]{32}")


def new_id() -> str:
    """A fresh uuid7: 48 bits of Unix milliseconds, version, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= (random >> 68 & 0xFFF) << 64
    value |= 0x2 << 62
    value |= random & (2**62 - 1)
    return f"{value:032x}"


def is_id(text: str) -> bool:
    """Whether it has the shape of an id: what a page sends back as one may be anything."""
    return _ID.fullmatch(text) is not None
