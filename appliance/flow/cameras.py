"""Which cameras see a seat, from the configuration file."""

from sqlmodel import Session, select

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.records.journal import Journal
from appliance.records.sitting import Sitting


def numbers(text: str) -> set[int] | None:
    """`1-30,45` as numbers; None for `all`."""
    if text.strip() == "all":
        return None
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = "".join(part.split()).partition("-")
        if low:
            found.update(range(int(low), int(high or low) + 1))
    return found


def cameras_of(settings: Settings, room: str, seat_number: int) -> list[str]:
    """Codes of the cameras that cover a seat of a room."""
    chosen = []
    for camera in settings.cameras:
        covered = numbers(camera.seats)
        if camera.room == room and (covered is None or seat_number in covered):
            chosen.append(camera.code)
    return chosen


class Names(dict[str, str]):
    """Names of cameras by their codes; one that is gone is called by its code."""

    def __missing__(self, code: str) -> str:
        return code


def names_of(settings: Settings) -> Names:
    """As the settings call them now."""
    return Names((one.code, one.name) for one in settings.cameras)


def referenced(session: Session) -> set[str]:
    """Codes of the cameras whose reference still was taken once, as the journal has it."""
    taken = select(Journal.subject).where(Journal.kind == "camera.reference_taken").distinct()
    return set(session.exec(taken).all())


def free_of_sitting(session: Session, camera: CameraSettings) -> None:
    """Raises Refused while a sitting runs in the camera's room: what it saw there belongs to that sitting."""
    running = select(Sitting.id).where(Sitting.room == camera.room, Sitting.state == "running").limit(1)
    if camera.room and session.exec(running).first():
        raise Refused(
            "sitting_runs",
            N_("A sitting runs, or lets its candidates in: what camera {camera} sees belongs to it."),
            N_("Take the camera away, or to another room, when the sitting has ended."),
            camera=camera.code,
        )
