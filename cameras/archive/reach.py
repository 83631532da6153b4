"""From a place's setting to the place."""

from pathlib import Path

from appliance.base.errors import ExamError
from appliance.base.settings import Settings
from appliance.base.site import read_site
from appliance.base.storage_settings import PlaceSettings
from cameras.archive.places import FolderPlace, Place, mounted_folder


def site_code(settings: Settings) -> str:
    """Whose places count: a disk of another site is none."""
    try:
        return read_site(settings.state).code
    except (ExamError, OSError):
        return settings.site.code


def place_of(setting: PlaceSettings, site: str) -> Place | None:
    """The place of a setting; None while its folder is not mounted or not prepared. Raises PlaceSilent."""
    if setting.kind == "s3":
        from cameras.archive.object_storage import S3Place

        return S3Place(setting)
    root = mounted_folder(Path(setting.folder), setting.name, site)
    return FolderPlace(setting.name, setting.kind, root) if root else None
