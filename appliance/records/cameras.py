"""What each camera looked at, and when: asked for years after the camera was moved or taken down."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from appliance.records.base import Instant


class CameraView(SQLModel, table=True):
    """From `since` to `until` (None: still) this camera stood in `room` and saw `seats` (`all`, or `1-30,45`)."""

    id: str = Field(primary_key=True)
    camera: str = Field(index=True)
    name: str
    room: str
    seats: str
    since: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
