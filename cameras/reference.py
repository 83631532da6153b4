"""Reference stills: what each camera showed when it was set up, kept in the recorder's store.

`references.d/CODE/SHA256.jpg` is the picture, `references.d/CODE/reference.json` says which one holds and since when;
earlier ones stay beside it. The statement carries the hash, and the signature of the recorder's key where this
machine has it, so that a still that was exchanged is noticed. (A camera's code has no dot: the folder is nobody's.)
"""

import hashlib
import io
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from appliance.base.crypto import Signer, verify
from appliance.base.errors import Corrupt, ExamError, Refused, Unavailable
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from cameras.picture import Grey

FOLDER = "references.d"
STATEMENT = "reference.json"
QUALITY = 92
PROCESS = "recorder"


class Stated(msgspec.Struct, kw_only=True):
    """What is stated of one still. Pixels; `sha256` of its file (hex)."""

    camera: str
    at: datetime
    sha256: str
    width: int
    height: int


class Sealed(msgspec.Struct, kw_only=True):
    """The file: the statement as text, exactly as signed, and the signature (hex); empty where no key was at hand."""

    stated: str
    signature: str = ""


class References:
    """The stills of one site."""

    def __init__(self, settings: Settings) -> None:
        self._folder = Path(settings.recorder.media) / FOLDER
        self._keys = settings.state / "keys"

    def keep(self, camera: str, frame: Any, at: datetime) -> Stated:
        """Keep a picture (`av.VideoFrame`) as the camera's reference. Raises Unavailable, and Refused
        where this account may not sign it: such a still would be taken for an altered one.
        """
        target = io.BytesIO()
        frame.to_image().save(target, "JPEG", quality=QUALITY)
        body = target.getvalue()
        stated = Stated(
            camera=camera,
            at=at,
            sha256=hashlib.sha256(body).hexdigest(),
            width=frame.width,
            height=frame.height,
        )
        text = msgspec.json.encode(stated)
        sealed = Sealed(stated=text.decode(), signature=self._sign(text))
        if not sealed.signature and self._has_key():
            raise Refused(
                "reference_unsigned",
                N_("This account may not sign the reference still of camera {camera}; nothing was kept."),
                N_("Run it as root, or take the still on the camera's page."),
                camera=camera,
            )
        folder = self._folder / camera
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / f"{stated.sha256}.jpg", body)
            _write(folder / STATEMENT, msgspec.json.format(msgspec.json.encode(sealed)))
            if os.geteuid() == 0:
                self._give(folder)
        except OSError as error:
            raise Unavailable(
                "media_unusable",
                N_("The recordings' folder {folder} cannot be used: {detail}"),
                N_("Exams go on. The system administrator looks at the recording disk."),
                folder=str(folder),
                detail=error.strerror or str(error),
            ) from error
        return stated

    def load(self, camera: str) -> tuple[Stated, Grey] | None:
        """The camera's reference as luma; None when none was taken. Raises Corrupt when it is not as it was kept."""
        kept = self.jpeg(camera)
        if kept is None:
            return None
        picture: Any = cv2.imdecode(np.frombuffer(kept[1], np.uint8), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise _altered(camera)
        return kept[0], picture

    def jpeg(self, camera: str) -> tuple[Stated, bytes] | None:
        """As `load`, as it lies there."""
        folder = self._folder / camera
        try:
            sealed = msgspec.json.decode((folder / STATEMENT).read_bytes(), type=Sealed)
            stated = msgspec.json.decode(sealed.stated, type=Stated)
            body = (folder / f"{stated.sha256}.jpg").read_bytes()
        except FileNotFoundError as error:
            if not (folder / STATEMENT).exists():
                return None
            raise _altered(camera) from error
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _altered(camera) from error
        same = hashlib.sha256(body).hexdigest() == stated.sha256
        if not same or stated.camera != camera or not self._fits(sealed):
            raise _altered(camera)
        return stated, body

    def written(self, camera: str) -> float | None:
        """When the statement of its still was written, by the disk's time; None: there is none."""
        try:
            return (self._folder / camera / STATEMENT).stat().st_mtime
        except OSError:
            return None

    def _sign(self, text: bytes) -> str:
        try:
            return Signer.load(self._keys / f"{PROCESS}.key").sign(text).hex()
        except ExamError:
            return ""  # set up without a box's keys, or by somebody who must not read them: the hash remains

    def _has_key(self) -> bool:
        """Is there a key of the recorder on this machine, for whomever?"""
        try:
            return (self._keys / f"{PROCESS}.key").exists()
        except OSError:
            return True  # it lies where this account may not even look

    def _fits(self, sealed: Sealed) -> bool:
        """Where this machine knows the recorder's certificate a signature must fit, and be there."""
        try:
            certificate = (self._keys / f"{PROCESS}.pem").read_bytes()
        except OSError:
            return True
        if not sealed.signature:
            return not self._has_key()
        try:
            return verify(certificate, bytes.fromhex(sealed.signature), sealed.stated.encode())
        except ValueError:
            return False

    def _give(self, folder: Path) -> None:
        """What root kept belongs to whoever owns the store."""
        owner = self._folder.parent.stat()
        for path in (self._folder, folder, *folder.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all, also after a power cut."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(scratch, "wb") as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())
    scratch.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _altered(camera: str) -> Corrupt:
    return Corrupt(
        "reference_altered",
        N_("The reference still of camera {camera} is not as it was kept."),
        N_("Look at the camera's picture, then take its reference still again."),
        camera=camera,
    )
