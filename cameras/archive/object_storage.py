"""S3-compatible object storage as a place (client: minio). An object's name is the recording's path."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from appliance.base.storage_settings import PlaceSettings
from cameras.archive.places import ALTERED, CHUNK, PROOF, Pace, PlaceSilent

PART_SIZE = 256 * 1024 * 1024
"""Recordings are smaller: each goes up in one request. Anything larger goes in SMALL_PARTs, one in memory at a time."""
SMALL_PART = 16 * 1024 * 1024
MISSING = ("NoSuchKey", "NoSuchObject", "ResourceNotFound")


@contextlib.contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        if error.code in MISSING:
            raise FileNotFoundError(error.object_name) from error
        raise PlaceSilent(f"{error.code}: {error.message}") from error
    except (MinioException, HTTPError, ValueError) as error:
        raise PlaceSilent(f"{type(error).__name__}: {error}") from error


def keys_of(setting: PlaceSettings) -> tuple[str, str]:
    """Access key and secret key from the two lines of the key file. Raises PlaceSilent."""
    try:
        if Path(setting.key_file).stat().st_mode & 0o007:
            raise PlaceSilent(f"key file: others may read it (chmod o= {setting.key_file})")
        lines = Path(setting.key_file).read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise PlaceSilent(f"key file: {error}") from error
    if len(lines) != 2:
        raise PlaceSilent("key file: two lines are wanted, access key and secret key")
    return lines[0], lines[1]


class S3Place:
    """A bucket. Nothing is asked before the first call; time-outs everywhere."""

    kind = "s3"

    def __init__(self, setting: PlaceSettings) -> None:
        self.name = setting.name
        self._bucket = setting.bucket
        access, secret = keys_of(setting)
        http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5.0, read=30.0),
            # No redirection is followed: the recording would go with it.
            retries=urllib3.Retry(total=1, redirect=False, backoff_factor=0.2, raise_on_status=False),
            cert_reqs="CERT_REQUIRED",
            ca_certs=setting.ca_file or None,
        )
        self._client = Minio(
            setting.endpoint,
            access_key=access,
            secret_key=secret,
            secure=setting.secure,
            region=setting.region or "us-east-1",
            http_client=http,
        )

    def size(self, path: str) -> int | None:
        """As the storage says."""
        try:
            with _reached():
                return self._client.stat_object(self._bucket, path).size
        except FileNotFoundError:
            return None

    def put(self, source: Path, path: str, sha256: str, pace: Pace) -> str:
        """Up, and down again: what comes back is hashed."""
        digest = hashlib.sha256()
        with open(source, "rb") as reading:
            while chunk := reading.read(CHUNK):
                digest.update(chunk)
        if digest.hexdigest() != sha256:
            return digest.hexdigest()
        with _reached(), open(source, "rb") as reading:
            size = source.stat().st_size
            self._client.put_object(
                self._bucket,
                path,
                reading,
                size,
                content_type="video/mp4",
                metadata={"sha256": sha256},
                part_size=PART_SIZE if size <= PART_SIZE else SMALL_PART,
                num_parallel_uploads=1,
            )
            pace.took(size)
        try:
            back = self.digest(path, pace)
        except FileNotFoundError:
            raise PlaceSilent("what was stored is not there") from None
        if back != sha256:
            self.remove(path)
            raise PlaceSilent("what was stored is not what is read back")
        return sha256

    def digest(self, path: str, pace: Pace) -> str:
        """Read all of it."""
        digest = hashlib.sha256()
        with _reached():
            answer = self._client.get_object(self._bucket, path)
            try:
                for chunk in answer.stream(CHUNK):
                    digest.update(chunk)
                    pace.took(len(chunk))
            finally:
                answer.close()
                answer.release_conn()
        return digest.hexdigest()

    def set_aside(self, path: str) -> None:
        """`NAME.altered` beside it, copied by the storage itself."""
        with contextlib.suppress(FileNotFoundError), _reached():
            self._client.copy_object(self._bucket, path + ALTERED, CopySource(self._bucket, path))

    def remove(self, path: str) -> None:
        """Delete the object."""
        with contextlib.suppress(FileNotFoundError), _reached():
            self._client.remove_object(self._bucket, path)

    def fetch(self, path: str, target: Path) -> None:
        """Download."""
        with _reached():
            self._client.fget_object(self._bucket, path, str(target))

    def proofs(self, name: str) -> list[tuple[float, str]]:
        """By the storage's clock."""
        found = []
        with _reached():
            folders = [
                one.object_name for one in self._client.list_objects(self._bucket, f"{PROOF}/") if one.is_dir
            ]
            for path in (f"{folder}{name}" for folder in folders):
                with contextlib.suppress(FileNotFoundError), _reached():
                    put = self._client.stat_object(self._bucket, path).last_modified
                    found.append((put.timestamp() if put else 0.0, path))
        return found

    def space(self) -> tuple[int, int]:
        """Nobody knows; asked all the same, so that a silent one is noticed."""
        with _reached():
            if not self._client.bucket_exists(self._bucket):
                raise PlaceSilent("the bucket does not exist")
        return 0, 0
