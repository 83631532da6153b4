"""A camera's password at rest: AES-256-GCM under a key of its own, bound to the camera's code.

The key (`cameras.key`, 32 bytes) lies with the processes' keys, made by `examsite init`, or by exam-recorder on a box
that is older; no other process may read it (systemd/). A password put on another camera, or altered, does not open.
"""

import base64
import binascii
import contextlib
import os
from pathlib import Path

from appliance.base.camera_settings import CameraSettings
from appliance.base.crypto import read_secret, write_secret
from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_
from appliance.base.sealing import SIZE, seal, unseal
from appliance.base.settings import Settings

NAME = "cameras.key"


def sealed(settings: Settings, code: str, password: str) -> str:
    """What may stand in the recorder's file."""
    path = settings.state / "keys" / NAME
    if path.exists() and not path.stat().st_size:
        path.unlink()  # the power went while it was made: nothing was sealed with it
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another order made it just now
            write_secret(path, os.urandom(SIZE), mode=0o640)
    body = seal(_key(settings), password.encode(), _about(code))
    return base64.b64encode(body).decode()


def password_of(camera: CameraSettings, settings: Settings) -> str:
    """The camera's password, empty when it has none. Raises NotFound or Corrupt."""
    if camera.password_sealed:
        return _opened(camera, settings)
    if not camera.password_file:
        return ""
    try:
        return Path(camera.password_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            "no_camera_password",
            N_("The password file of camera {camera} cannot be read: {path}"),
            N_("Write the password into that file and let only exam-recorder read it."),
            camera=camera.code,
            path=camera.password_file,
        ) from error


def _opened(camera: CameraSettings, settings: Settings) -> str:
    try:
        body = base64.b64decode(camera.password_sealed, validate=True)
        return unseal(_key(settings), body, _about(camera.code)).decode()
    except (Corrupt, binascii.Error, UnicodeDecodeError) as error:
        if isinstance(error, Corrupt) and error.code == "cameras_key_damaged":
            raise
        raise Corrupt(
            "camera_password_sealed",
            N_("The kept password of camera {camera} does not open."),
            N_("Set it again with examsite cameras password {camera}."),
            camera=camera.code,
        ) from error


def _key(settings: Settings) -> bytes:
    path = settings.state / "keys" / NAME
    key = read_secret(path)
    if len(key) != SIZE:
        raise Corrupt(
            "cameras_key_damaged",
            N_("The key of the cameras' passwords, {path}, is damaged."),
            N_("Restore it from the backup; or delete it and type each camera's password again."),
            path=str(path),
        )
    return key


def _about(code: str) -> bytes:
    return b"camera password " + code.encode()
