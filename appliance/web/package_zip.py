"""The ZIP of an evidence package while it is being written: every file is hashed as it goes in."""

import asyncio
import hashlib
import os
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from appliance.base.errors import ExamError
from appliance.flow.box import Box
from appliance.wire import evidence as wire
from appliance.wire.recorder import CheckedFile

Progress = Callable[[int, int], None]


class Package:
    """One ZIP being written; every file is hashed as it goes in."""

    def __init__(self, target: Path, box: Box, progress: Progress) -> None:
        self._target = target
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._box, self._progress = box, progress
        self.files: list[wire.PackageFile] = []
        self.left_out: list[wire.LeftOut] = []
        self.broken: list[wire.Broken] = []
        self.sources: list[CheckedFile] = []
        """What its clips were cut from."""
        self.done = self.total = 0

    def free(self, path: str) -> str:
        """This path, or with a number: two recordings of a camera may begin in the same second."""
        stem, number, taken = path.removesuffix(".mp4"), 1, {one.path for one in self.files}
        while path in taken:
            number += 1
            path = f"{stem}-{number}.mp4"
        return path

    def name(self, path: str) -> zipfile.ZipInfo:
        """An entry with the site's time."""
        return zipfile.ZipInfo(path, self._box.local(self._box.now()).timetuple()[:6])

    async def stream(self, file: wire.PackageFile, chunks: AsyncIterator[bytes]) -> bytes:
        """A file whose bytes come one after the other; returns the last of them. One that breaks off is not in it."""
        info, digest, last = self.name(file.path), hashlib.sha256(), b""
        try:
            with self._zip.open(info, "w", force_zip64=True) as entry:

                def take(chunk: bytes) -> None:
                    digest.update(chunk)
                    entry.write(chunk)

                async for chunk in chunks:
                    await asyncio.to_thread(take, chunk)
                    last = chunk
                    file.bytes += len(chunk)
                    self.done += len(chunk)
                    self._progress(self.done, max(self.total, self.done))
        except ExamError:
            self._take_back(info)
            raise
        file.sha256 = digest.hexdigest()
        self.files.append(file)
        return last

    def _take_back(self, info: zipfile.ZipInfo) -> None:
        """The newest entry, as if it had never been begun."""
        self._zip.filelist.remove(info)
        del self._zip.NameToInfo[info.filename]
        self._zip.start_dir = info.header_offset
        if self._zip.fp:
            self._zip.fp.seek(info.header_offset)
            self._zip.fp.truncate()

    async def put(self, file: wire.PackageFile, body: bytes) -> None:
        """A file that is in memory."""
        file.bytes, file.sha256 = len(body), hashlib.sha256(body).hexdigest()
        await asyncio.to_thread(self._zip.writestr, self.name(file.path), body)
        self.files.append(file)

    async def close(self, manifest: bytes) -> None:
        """The list goes in last."""
        await asyncio.to_thread(self._zip.writestr, self.name(wire.MANIFEST), manifest)
        await asyncio.to_thread(self._zip.close)
        await asyncio.to_thread(on_disk, self._target)


def on_disk(path: Path) -> None:
    """Only then it is journaled as exported."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
