"""Stage: the waiting room. Everybody with a ticket is called to a seat; display and loudspeaker follow."""

import time

from sqlmodel import func, select

from appliance.base.errors import Unavailable
from appliance.base.i18n import _
from appliance.cli.demo.day import Day, wait_for
from appliance.records.seating import SeatTaking
from appliance.records.waiting import Call, Ticket


def call_everybody(day: Day) -> None:
    """Press "call all" until nobody waits."""
    sitting = day.sitting("theory")
    waiting = day.who("waiting")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = waiting.try_post(f"/waiting/{sitting.id}/call-all", {"command": waiting.command()})
        if answer.status_code == 403 and "queue_empty" in answer.text:
            break
        if answer.is_error:
            raise Unavailable("call_failed", answer.text[:300])
    count = day.box.db.read_now(
        lambda s: s.exec(select(func.count()).select_from(Ticket).where(Ticket.sitting == sitting.id)).one()
    )
    seats = day.box.db.read_now(
        lambda s: s.exec(select(SeatTaking.seat).where(SeatTaking.sitting == sitting.id)).all()
    )
    day.report.equal(_("Called to random seats, nobody twice"), len(set(seats)), count)


def check_sounds(day: Day) -> None:
    """Every call has its spoken announcement as a file."""

    def spoken() -> int | None:
        calls = day.box.db.read_now(lambda s: s.exec(select(Call)).all())
        return len(calls) if calls and all(call.sound for call in calls) else None

    count = wait_for(_("announcements"), spoken, 30)
    sound = day.box.db.read_now(lambda s: s.exec(select(Call.sound).limit(1)).one())
    body = day.box.files.get(sound)
    day.report.check(_("Spoken announcements"), str(count), body[:4] == b"RIFF" and len(body) > 20_000)
    page = day.who("display").get("/display")
    called = day.box.db.read_now(
        lambda s: s.exec(select(Ticket.number).where(Ticket.state == "called")).all()
    )
    shown = not called or any(number in page.text for number in called)
    day.report.check(_("Display shows who is called"), str(len(called)), shown)
