"""Packages (zip) of unknown origin: bounded, no way out of their own folder, every byte checked."""

import io
import posixpath
import zipfile
import zlib
from urllib.parse import unquote

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_

MAX_BYTES = 60 << 20
MAX_UNPACKED = 200 << 20
MAX_MEMBER = 20 << 20
MAX_MEMBERS = 20_000
MAX_RATIO = 200
"""How much smaller than its contents a package may be, once those are larger than a megabyte."""


class Package:
    """The files of a zip by their names; nothing is ever written to a disk."""

    def __init__(self, content: bytes) -> None:
        """Raises Corrupt: `damaged_package`, `too_large`, `too_many_files`, `unsafe_path`, `encrypted_package`."""
        if len(content) > MAX_BYTES:
            raise _too_large()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            members = [one for one in self._zip.infolist() if not one.is_dir()]
        except Exception as error:  # zipfile raises whatever struct and its own parsing raise
            raise _damaged("zip") from error
        if len(members) > MAX_MEMBERS:
            raise Corrupt("too_many_files", N_("The package holds too many files."), N_("Split the package."))
        total = sum(one.file_size for one in members)
        if total > MAX_UNPACKED:
            raise _too_large()
        self._swollen = total > max(1 << 20, MAX_RATIO * len(content))
        self._members: dict[str, zipfile.ZipInfo] = {}
        for one in members:
            name = one.filename.replace("\\", "/")
            if one.flag_bits & 1:
                raise Corrupt(
                    "encrypted_package",
                    N_("The package is protected by a password."),
                    N_("Save it again without a password."),
                )
            if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":" or "\x00" in name:
                raise Corrupt(
                    "unsafe_path",
                    N_("The package names a file outside itself: {name}"),
                    N_("Do not use this package; ask where it comes from."),
                    name=name[:80],
                )
            if name in self._members:
                raise _damaged(name)
            self._members[name] = one

    @property
    def names(self) -> list[str]:
        """The names of all files, in the package's order."""
        return list(self._members)

    def read(self, name: str) -> bytes | None:
        """The bytes of a file, None when there is none. Raises Corrupt (`damaged_package`, `too_large`)."""
        member = self._members.get(name)
        if member is None:
            return None
        if member.file_size > MAX_MEMBER:
            raise _too_large()
        try:
            with self._zip.open(member) as source:
                body = source.read(MAX_MEMBER + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
            raise _damaged(name) from error
        except Exception as error:  # lzma and bz2 raise their own
            raise _damaged(name) from error
        if len(body) != member.file_size:
            raise _damaged(name)
        return body

    def check(self) -> None:
        """Read every file once: a wrong checksum anywhere refuses the package, and so does swelling too much."""
        if self._swollen:
            raise _too_large()
        for name in self._members:
            self.read(name)


def _too_large() -> Corrupt:
    return Corrupt("too_large", N_("The file is too large."), N_("Split it into several files."))


def _damaged(name: str) -> Corrupt:
    return Corrupt(
        "damaged_package",
        N_("The package is damaged: {name}"),
        N_("Fetch or export it again."),
        name=name[:80],
    )


def within(folder: str, href: str) -> str:
    """The name a reference means, seen from `folder`; empty when it leads outside the package or to a network."""
    path = unquote(href.strip()).replace("\\", "/").partition("#")[0].partition("?")[0]
    if not path or "://" in path or path.startswith(("//", "data:")) or "\x00" in path:
        return ""
    joined = posixpath.normpath(posixpath.join(folder, path)) if not path.startswith("/") else ""
    return "" if joined.startswith(("..", "/")) or joined in (".", "") else joined
