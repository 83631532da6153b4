"""Which cameras see a seat, from the configuration file."""

from appliance.base.settings import Settings


def numbers(text: str) -> set[int] | None:
    """`1-30,45` as numbers; None for `all`."""
    if text.strip() == "all":
        return None
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.strip().partition("-")
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
