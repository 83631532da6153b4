"""`recordings verify-package`: is an evidence package as the site gave it out? The file and one certificate suffice."""

import base64
import binascii
import hashlib
import tempfile
import zipfile
from pathlib import Path
from typing import Literal

import msgspec

from appliance.base.crypto import certified_key, verify
from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.wire.evidence import MANIFEST, PROCESS, Manifest, SignedManifest
from cameras.clips.proof import SOURCE, require_authority, verify_clip

PackageCode = Literal[
    "no_manifest", "bad_signature", "bad_certificate", "altered", "missing", "added", "twice", "bad_clip"
]
MOST = 64 << 20
"""No manifest is larger."""


class PackageFinding(msgspec.Struct, kw_only=True):
    """What does not hold. `path`: the file within the package, or empty; `clip`: what a bad clip's own proof says, and
    `source` of which recording it was cut from.
    """

    code: PackageCode
    path: str
    clip: str = ""
    source: str = ""


class PackageVerified(msgspec.Struct, kw_only=True):
    """The JSON of `recordings verify-package`; `package`: what is stated, None when nothing could be read."""

    ok: bool
    checked: int
    findings: list[PackageFinding]
    package: Manifest | None


def is_package(path: Path) -> bool:
    """Does this file begin as a ZIP? One that has a ZIP behind something else is no package: players show the rest."""
    with open(path, "rb") as source:
        return source.read(4) == b"PK\x03\x04"


def verify_package(path: Path, authority: bytes) -> PackageVerified:
    """Check every file against the signed list, and every clip's own proof. `authority`: PEM of the site's.

    Raises NotFound when there is no such file, Corrupt when it is no package at all or `authority` no certificate.
    """
    require_authority(authority)
    found = PackageVerified(ok=False, checked=0, findings=[], package=None)
    try:
        if path.is_dir():
            raise zipfile.BadZipFile  # what was unpacked out of it: the ZIP is what was given out
        with zipfile.ZipFile(path) as package:
            if min((one.header_offset for one in package.infolist()), default=1) or not is_package(path):
                raise zipfile.BadZipFile
            stated = _manifest(package, authority, found)
            if stated is not None and not found.findings:  # what a stranger states is not unpacked
                _files(package, stated, authority, found)
    except OSError as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(path)
        ) from error
    except zipfile.BadZipFile as error:
        raise Corrupt(
            "not_a_package",
            N_("{path} is no evidence package."),
            N_("Name the ZIP file as it was downloaded."),
            path=str(path),
        ) from error
    found.ok = not found.findings and found.package is not None
    return found


def _manifest(package: zipfile.ZipFile, authority: bytes, found: PackageVerified) -> Manifest | None:
    try:
        info = package.getinfo(MANIFEST)
        body = package.read(info) if info.file_size <= MOST else b""
        signed = msgspec.json.decode(body, type=SignedManifest)
        stated = msgspec.json.decode(signed.body, type=Manifest)
    except (KeyError, msgspec.DecodeError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        found.findings.append(PackageFinding(code="no_manifest", path=MANIFEST))
        return None
    found.package = stated
    try:
        certificate = base64.b64decode(signed.certificate, validate=True)
        key = certified_key(certificate, authority, PROCESS, stated.made_at)
        if not verify(key, bytes.fromhex(signed.signature), signed.body.encode()):
            found.findings.append(PackageFinding(code="bad_signature", path=MANIFEST))
    except Corrupt:
        found.findings.append(PackageFinding(code="bad_certificate", path=MANIFEST))
    except (ValueError, binascii.Error):
        found.findings.append(PackageFinding(code="bad_signature", path=MANIFEST))
    return stated


def _files(package: zipfile.ZipFile, stated: Manifest, authority: bytes, found: PackageVerified) -> None:
    names = package.namelist()
    known = {one.path for one in stated.files}
    for name in sorted(set(names)):
        if names.count(name) > 1:
            found.findings.append(PackageFinding(code="twice", path=name))
        if name not in known and name != MANIFEST:
            found.findings.append(PackageFinding(code="added", path=name))
    for one in stated.files:
        found.checked += 1
        if one.path not in names:
            found.findings.append(PackageFinding(code="missing", path=one.path))
            continue
        with tempfile.NamedTemporaryFile(suffix=".mp4") as kept:
            clip = one.kind in ("clip", "copy")
            if not _same(package, one.path, one.bytes, one.sha256, kept.write if clip else None):
                found.findings.append(PackageFinding(code="altered", path=one.path))
                continue
            if clip:
                kept.flush()
                said = verify_clip(Path(kept.name), authority)
                found.findings += [
                    PackageFinding(
                        code="bad_clip",
                        path=one.path,
                        clip=wrong.code,
                        source=wrong.path if wrong.code in SOURCE.values() else "",
                    )
                    for wrong in said.findings
                ]


def _same(package: zipfile.ZipFile, path: str, size: int, sha256: str, keep: object) -> bool:
    digest, count = hashlib.sha256(), 0
    try:
        with package.open(path) as source:
            while chunk := source.read(1 << 20):
                digest.update(chunk)
                count += len(chunk)
                if count > size:
                    return False
                if callable(keep):
                    keep(chunk)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return False  # its own checksum does not hold, or it was packed in another way
    return count == size and digest.hexdigest() == sha256
