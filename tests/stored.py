"""What exam-archive of a small site tells: a disk that is full in 44 days, a NAS, an off-line disk in its cupboard."""

from datetime import datetime, timedelta

from appliance.wire.archive import (
    Ahead,
    CameraStorage,
    Due,
    Forecast,
    PlaceStatus,
    Storage,
    StorageFinding,
)

TB = 10**12


def stored(now: datetime) -> Storage:
    """As told at `now`."""
    ahead = [
        Ahead(
            day=f"{now + timedelta(days=n):%Y%m%d}", used=min(4 * TB, 2_950_000_000_000 + n * 23_500_000_000)
        )
        for n in range(120)
    ]
    return Storage(
        now=now,
        places=[
            PlaceStatus(
                name="",
                kind="recorder",
                state="online",
                total=4 * TB,
                free=1_050_000_000_000,
                copies=98_000,
                scrub_part=0.35,
            ),
            PlaceStatus(
                name="nas", kind="nas", state="online", total=20 * TB, free=16 * TB, waiting=3_000_000_000
            ),
            PlaceStatus(name="A-001", kind="offline", state="unplugged", copies=130_000, scrub_ended=now),
        ],
        forecast=Forecast(
            total=4 * TB,
            used=2_950_000_000_000,
            reserve=1 << 30,
            per_day=23_500_000_000,
            days_left=44.6,
            ahead=ahead,
            cameras=[
                CameraStorage(camera="C1", per_day=14 * 10**9, per_hour=18 * 10**8, kept=TB, days_left=74.0)
            ],
            short=[],
        ),
        findings=[StorageFinding(place="nas", path="C1/x.mp4", code="altered", at=now)],
        found=1,
        due=Due(),
    )
