"""The recorder's own index: one SQLite file beside the recordings (schema.py), its readers and its one writer."""

from cameras.index.reader import LONGEST, GapRow, Reader, Segment, file_number
from cameras.index.schema import EPOCH, FILE, micros, moment, prepare
from cameras.index.writer import Index

__all__ = [
    "EPOCH",
    "FILE",
    "LONGEST",
    "GapRow",
    "Index",
    "Reader",
    "Segment",
    "file_number",
    "micros",
    "moment",
    "prepare",
]
