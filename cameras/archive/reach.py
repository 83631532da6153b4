"""From a place's setting to the place."""

from pathlib import Path

from appliance.base.storage_settings import PlaceSettings
from cameras.archive.places import FolderPlace, Place, mounted_folder


def place_of(setting: PlaceSettings) -> Place | None:
    """The place of a setting; None while its folder is not mounted or not prepared. Raises PlaceSilent."""
    if setting.kind == "s3":
        from cameras.archive.object_storage import S3Place

        return S3Place(setting)
    root = mounted_folder(Path(setting.folder), setting.name)
    return FolderPlace(setting.name, setting.kind, root) if root else None
