"""The chain of each camera's recordings and gaps, its seals, and the files both lie in beside the recordings."""

from cameras.chain.files import FOLDER, ChainFiles
from cameras.chain.link import (
    START,
    BadLine,
    GapLink,
    Link,
    Seal,
    SegmentLink,
    chained,
    encode,
    link_line,
    read_line,
    read_seal,
)

__all__ = [
    "FOLDER",
    "START",
    "BadLine",
    "ChainFiles",
    "GapLink",
    "Link",
    "Seal",
    "SegmentLink",
    "chained",
    "encode",
    "link_line",
    "read_line",
    "read_seal",
]
