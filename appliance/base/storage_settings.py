"""Settings of how long recordings are kept, and where: section [storage] of the configuration file."""

from typing import Literal

from appliance.base.camera_settings import Part

RECORDINGS_LAW_YEARS = 3
"""Recordings of an exam are kept at least so long (appliance/rules/retention.py)."""


class PlaceSettings(Part, kw_only=True, frozen=True):
    """A place where copies of the recordings lie: a second disk, a NAS, or S3-compatible object storage."""

    name: str
    """Short; it stands in the journal and on the storage page."""
    kind: Literal["disk", "nas", "s3"]
    folder: str = ""
    """Of disk and nas: where it is mounted, or a folder below."""
    endpoint: str = ""
    """Of s3: HOST[:PORT]."""
    bucket: str = ""
    region: str = ""
    secure: bool = True
    """Of s3: TLS."""
    key_file: str = ""
    """Of s3: access key in its first line, secret key in the second."""
    ca_file: str = ""
    """Of s3: certificates (PEM) its server is checked against; empty = those of the system."""
    after_days: int = 0
    """Recordings of so many days ago are copied; 0 = as soon as they are closed."""
    keep_days: int = 0
    """After so many days its copy may go, when `copies` others are verified; 0 = it stays to the end."""

    def __post_init__(self) -> None:
        """Raises ValueError for a place nobody could use."""
        if self.kind == "s3" and not (self.endpoint and self.bucket):
            raise ValueError(f"storage.places {self.name}: s3 needs an endpoint and a bucket")
        if self.kind != "s3" and not self.folder:
            raise ValueError(f"storage.places {self.name}: {self.kind} needs a folder")


class StorageSettings(Part, kw_only=True, frozen=True):
    """How long recordings are kept, and where."""

    keep_years: int = RECORDINGS_LAW_YEARS
    deletion: Literal["two_people", "policy"] = "two_people"
    """Who orders the deletion of what is past its date: two people each time, or this setting."""
    free_after_days: int = 0
    """Days after which a recording may leave the recording disk, when `copies` copies are verified; 0 = never."""
    copies: int = 1
    places: list[PlaceSettings] = []
    offline: str = "/mnt/examsite-disks"
    """Off-line disks are mounted in folders below."""
    offline_after_days: int = 30
    """Recordings of so many days ago go to an off-line disk that is plugged in and being filled."""
    rate_mib: float = 20.0
    """MiB that copying and re-reading take in a second, each at most."""
    scrub_days: int = 180
    """Everything is read again and verified within so many days."""
    warn_days: int = 14
    """So many days ahead a sitting that could not be kept is told."""

    def __post_init__(self) -> None:
        """Raises ValueError for what the law or reason forbids."""
        if self.keep_years < RECORDINGS_LAW_YEARS:
            raise ValueError(
                f"storage.keep_years: the law has recordings kept at least {RECORDINGS_LAW_YEARS} years"
            )
        if not 1 <= self.scrub_days <= 182:
            raise ValueError("storage.scrub_days: 1 to 182, so that each byte is read at least twice a year")
        names = [place.name for place in self.places]
        if len(set(names)) < len(names) or not all(names) or "*" in names:
            raise ValueError("storage.places: every place needs a name of its own")
        if self.copies < 1 or self.rate_mib <= 0:
            raise ValueError("storage.copies is at least 1, storage.rate_mib above 0")
