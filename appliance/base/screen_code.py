"""The squares a screen shows for a camera: seven digits as black and white cells, and back. Pure.

Eight by eight cells: a black frame, inside it six by six. The corner cell at the top left is white, the other three
corners are black, so that a reader knows which way is up; the 32 cells between carry 24 bits of the number and a
CRC-8 (polynomial 0x07, start 0xFF), most significant first, row by row, each bit turned over where `MIX` has a one (or
a small number would be a black square). Around the frame stays a white margin one cell wide. Fewer and larger cells
than a QR code of this content: a camera at the wall sees a screen metres away in a few dozen pixels.
"""

from collections.abc import Sequence

DIGITS = 7
NUMBERS = 10**DIGITS
INNER = 6
SIDE = INNER + 2
"""Cells of the frame's side; the margin adds one on each side."""
MIX = 0x5A3C96C3
CORNERS = ((0, 0), (0, INNER - 1), (INNER - 1, 0), (INNER - 1, INNER - 1))

Cells = list[list[bool]]
"""Rows of cells, True = white."""
_PLACES = [(row, column) for row in range(INNER) for column in range(INNER) if (row, column) not in CORNERS]


def _crc(body: bytes) -> int:
    value = 0xFF
    for byte in body:
        value ^= byte
        for _bit in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value


def cells(number: int) -> Cells:
    """The whole frame of a number below `NUMBERS`: `SIDE` rows of `SIDE` cells."""
    body = number.to_bytes(3, "big")
    bits = int.from_bytes(body + bytes([_crc(body)]), "big") ^ MIX
    drawn = [[False] * SIDE for _row in range(SIDE)]
    drawn[1][1] = True
    for at, (row, column) in enumerate(_PLACES):
        drawn[row + 1][column + 1] = bool(bits >> (31 - at) & 1)
    return drawn


def number_of(inner: Sequence[Sequence[bool]]) -> int | None:
    """The number of the inner six by six cells, upright; None when they are no code."""
    if [inner[row][column] for row, column in CORNERS] != [True, False, False, False]:
        return None
    bits = 0
    for row, column in _PLACES:
        bits = bits << 1 | inner[row][column]
    body = (bits ^ MIX).to_bytes(4, "big")
    number = int.from_bytes(body[:3], "big")
    return number if _crc(body[:3]) == body[3] and number < NUMBERS else None


def digits(number: int) -> str:
    """As people read it: `123 4567`."""
    text = f"{number:0{DIGITS}d}"
    return f"{text[:3]} {text[3:]}"
