"""The camera of the real browser's seat: it sees the candidate; what it takes is compared like in any exam.

The simulated stations have no cameras and send no pictures; a seat that owes them for long would be a case.
"""

import io
from collections.abc import Sequence

from PIL import Image
from sqlmodel import Session, col, func, select

from appliance.base.i18n import _
from appliance.cli.demo.day import Day, wait_for
from appliance.cli.demo.pace import CAPTURES_EVERY
from appliance.faces import demo_people
from appliance.records.captures import Capture
from appliance.records.cases import ExamCase
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.theory import Attempt

FRAMES = 20


def flags(day: Day, sitting: str, seat: str) -> Sequence[str]:
    """Chromium's own simulated camera, which sees whoever sits at `seat`: Motion JPEG, one frame after another."""
    index = day.box.db.read_now(_number_at, sitting, seat)
    place = next(n for n, one in enumerate(day.people) if day.box.key.index(one.number) == index)
    with Image.open(io.BytesIO(demo_people.live(day.portrait_of(place)))) as image:
        target = io.BytesIO()
        image.convert("RGB").resize((640, 360)).save(target, "JPEG", quality=90)
    film = day.site.run / "seat-camera.mjpeg"
    film.write_bytes(target.getvalue() * FRAMES)
    return ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")


def _number_at(session: Session, sitting: str, seat: str) -> bytes:
    return session.exec(
        select(Candidate.number_index)
        .join(SeatTaking, col(SeatTaking.candidate) == col(Candidate.id))
        .where(SeatTaking.sitting == sitting, SeatTaking.seat == seat, col(SeatTaking.released_at).is_(None))
    ).one()


def _taken(session: Session, sitting: str, looked_at: bool) -> int:
    rows = (
        select(func.count())
        .select_from(Capture)
        .join(Attempt, col(Attempt.id) == col(Capture.attempt))
        .where(Attempt.sitting == sitting)
    )
    if looked_at:
        rows = rows.where(Capture.state == "looked")
    return session.exec(rows).one()


def wait_for_one(day: Day, sitting: str) -> None:
    """Until the box has asked for a picture and has it: at a moment nobody knows before."""
    wait_for(
        _("a picture of the real browser's seat"),
        lambda: day.box.db.read_now(_taken, sitting, False),
        CAPTURES_EVERY + 10,
    )


def check(day: Day, sitting: str) -> None:
    """Every picture is looked at by the machine; what it points out a person judges, or nothing is released."""

    def done() -> int:
        taken = day.box.db.read_now(_taken, sitting, False)
        return taken if taken == day.box.db.read_now(_taken, sitting, True) else 0

    looked = wait_for(_("the pictures of the seat looked at"), done, 60)
    cases = day.box.db.read_now(
        lambda s: list(
            s.exec(select(ExamCase.id).where(ExamCase.sitting == sitting, ExamCase.state == "open"))
        )
    )
    for case in cases:
        day.who("invigilator").post(f"/violations/case/{case}/dismiss", {"reason": "到考位看过，没有问题"})
    day.report.check(
        _("Pictures of the real browser's seat, compared / cases judged"),
        f"{looked} / {len(cases)}",
        looked > 0,
    )
