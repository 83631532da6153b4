"""What a table is made of."""

import msgspec


class Column(msgspec.Struct, frozen=True):
    """Title (message id) and width in cells, `wide` more from 110 columns on; 0 = what is left.

    `grows`: takes what the last column leaves empty, when its own cells would be cut.
    """

    title: str
    width: int
    wide: int = 0
    grows: bool = False


class Row(msgspec.Struct, frozen=True):
    """One line: its key, its cells, how it is marked (green, amber, red or nothing) and what Enter opens."""

    key: str
    cells: tuple[str, ...]
    mark: str = ""
    detail: tuple[tuple[str, str], ...] = ()

    def holds(self, text: str) -> bool:
        """Does the line hold every word of `text`, whatever the case?"""
        whole = " ".join((*self.cells, *(part for pair in self.detail for part in pair))).lower()
        return all(one in whole for one in text.lower().split())
