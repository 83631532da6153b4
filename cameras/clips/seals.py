"""The recorder's seals that the journal does not have yet. What goes there stays for ever: each is checked before."""

import logging
from collections.abc import Mapping
from pathlib import Path

from appliance.wire.seals import SealedHead
from cameras.chain import BadLine, ChainFiles, read_seal
from cameras.chain.journaled import broken
from cameras.chain.signed import by_recorder
from cameras.index import Reader

log = logging.getLogger("examsite.clips")

AT_ONCE = 50
"""Seals told at once; the rest are told when these are known."""


class NewSeals:
    """One of exam-clips. `authority`: PEM certificate of the site's authority; None: who signed is not asked."""

    def __init__(self, media: Path, index: Reader, authority: bytes | None) -> None:
        self._files = ChainFiles(media)
        self._index = index
        self._authority = authority
        self._past: dict[str, int] = {}
        """By camera: up to this number nothing is left to be told."""
        self._refused: set[str] = set()
        self._unread: set[str] = set()
        """Cameras of which that was said."""

    def after(self, known: Mapping[str, tuple[int, str]]) -> list[SealedHead]:
        """Those of each camera after the one known of it (number and `head`), in order; of a camera nobody knows, or
        whose seals are not those that are known, the newest. Raises Unavailable.
        """
        found: list[SealedHead] = []
        for camera in self._index.cameras():
            newest = self._index.last_seal(camera)
            if newest is None or len(found) >= AT_ONCE:
                continue
            number, head = known.get(camera, (newest[0] - 1, ""))
            if newest[0] > number:
                found += self._since(camera, number)[: AT_ONCE - len(found)]
            elif (told := self._told(camera, newest[0], newest[2])) and told.head != head:
                found += self._in_chain([told])
        return found

    def _since(self, camera: str, number: int) -> list[SealedHead]:
        """The next ones that hold. Who puts in others keeps none back: a whole page of those is passed over for good.
        One whose links are not in the files just now is too once a later page is told, whose seals stand over the same
        links; until then it is asked for again.
        """
        after = max(number, self._past.get(camera, 0))
        while True:
            rows = self._index.rows(
                "SELECT number, line FROM seal WHERE camera = ? AND number > ? ORDER BY number LIMIT ?",
                *(camera, after, AT_ONCE),
            )
            signed = [told for row in rows if (told := self._told(camera, *row))]
            found = self._in_chain(signed)
            if found or len(rows) < AT_ONCE:
                return found
            after = rows[-1][0]
            if not signed:
                self._past[camera] = after
                return []

    def _told(self, camera: str, number: int, line: str) -> SealedHead | None:
        """A seal; None when it is not signed, or not this one."""
        try:
            signed, seal = read_seal(line.encode())
            if (seal.camera, seal.number) == (camera, number) and by_recorder(signed, seal, self._authority):
                return SealedHead(
                    camera=camera, number=number, n=seal.n, head=seal.head, at=seal.at, sitting=seal.sitting
                )
        except BadLine:
            pass
        if camera not in self._refused:
            self._refused.add(camera)
            log.error("camera %s: seal %d is not the recorder's; the journal is not told", camera, number)
        return None

    def _in_chain(self, heads: list[SealedHead]) -> list[SealedHead]:
        """Those whose link is in the chain's files: one whose line the disk has not taken yet comes later."""
        gone, unread = broken(self._files, heads)
        for camera in {one.camera for one in unread} - self._unread:
            self._unread.add(camera)
            log.error("camera %s: its chain cannot be read; the journal is not told of its seals", camera)
        return [one for one in heads if one not in gone and one not in unread]
