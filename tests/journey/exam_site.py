"""A demo site for one test: real keys, real TLS, real processes under the demo's parent, people through the flows."""

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlmodel import Session, select

from appliance.base.ids import new_id
from appliance.cli.demo import run_folder, until_up, watched
from appliance.cli.demo.day import wait_for
from appliance.cli.demo.site import DemoSite, configure, free_port, seat_address
from appliance.cli.parent import Parent
from appliance.flow.box import Box
from appliance.flow.call import call_next
from appliance.flow.enrol import Person, SittingPlan, enrol, find_sitting
from appliance.flow.inspect import verify_journal
from appliance.flow.make_papers import without_paper
from appliance.flow.set_up import add_room, set_up
from appliance.records.journal import Journal
from appliance.records.roster import Candidate, Roster
from appliance.records.seating import SeatTaking
from appliance.records.site import Room, Seat
from appliance.records.theory import Attempt
from tests.web.day import tap
from tests.world import number_of


class ExamSite:
    """The box, its processes and its one theory sitting."""

    def __init__(
        self, folder: Path, people: int, lanes: int = 1, cameras: int = 0, duration_s: int = 1800
    ) -> None:
        folder.mkdir(parents=True)
        (folder / "log").mkdir()
        made = configure(folder, free_port())
        settings = msgspec.structs.replace(
            made.settings,
            # Printers are the demo's: here none is simulated, and tickets are PDFs.
            lanes=[msgspec.structs.replace(one, printer=None) for one in made.settings.lanes[:lanes]],
            cameras=made.settings.cameras[:cameras],
        )
        made.config.write_bytes(_toml(settings))
        self.site: DemoSite = msgspec.structs.replace(made, settings=settings)
        os.environ["EXAMSITE_CONFIG"] = str(made.config)
        set_up(settings, demo=True, now=datetime.now(UTC))
        self.box = Box.open(settings)
        self.box.db.start()
        self.parent = Parent(made.config, folder / "log")
        self.parent.restart_after = 0.2  # nothing is proved by systemd's second
        self.sitting = ""
        self._room(people)
        self.box.db.write_now(self._roster, people, duration_s)

    def _room(self, seats: int) -> None:
        rows = [
            Seat(id=f"T1-{n:02d}", room="T1", number=n, row=n, column=1, address=seat_address(n))
            for n in range(1, seats + 1)
        ]
        self.site.station_keys.update({seat.id: secrets.token_urlsafe(24) for seat in rows})
        hashes = {
            seat: hashlib.sha256(key.encode()).hexdigest() for seat, key in self.site.station_keys.items()
        }
        self.box.db.write_now(
            add_room, self.box, Room(code="T1", name="理论考场", kind="theory"), rows, hashes
        )

    def _roster(self, session: Session, people: int, duration_s: int) -> None:
        roster = Roster(
            id=new_id(),
            source="province",
            state="active",
            file_name="province",
            file_sha256="0" * 64,
            rows=people,
            accepted=people,
            loaded_at=self.box.now(),
        )
        session.add(roster)
        session.flush()
        plan = SittingPlan(
            subject="theory",
            trade="low_voltage",
            room="T1",
            starts_at=self.box.now() + timedelta(seconds=60),
            duration_s=duration_s,
        )
        sitting = find_sitting(session, self.box, plan, "process:test")
        self.sitting = sitting.id
        for index in range(people):
            enrol(
                session,
                self.box,
                roster,
                sitting,
                Person(row=index, name=f"考生{index}", number=number_of(index)),
            )

    def seat_everybody(self, count: int) -> None:
        """Everybody tapped and was called: through the use cases, before any process runs."""
        for index in range(count):
            assert tap(self.box, f"考生{index}", number_of(index)).result == "admit"
        for _ in range(count):
            self.box.db.write_now(call_next, self.box, self.sitting, "account:test", new_id())

    def seated(self) -> dict[str, tuple[str, str]]:
        """Attempt -> (seat, last four)."""

        def look(session: Session) -> dict[str, tuple[str, str]]:
            found = {}
            for taking in session.exec(select(SeatTaking)).all():
                attempt = session.exec(select(Attempt.id).where(Attempt.candidate == taking.candidate)).one()
                found[attempt] = (taking.seat, session.get_one(Candidate, taking.candidate).last_four)
            return found

        return self.box.db.read_now(look)

    def until_papers(self) -> None:
        """The web process has drawn every paper."""
        wait_for("papers", lambda: not self.box.db.read_now(without_paper, self.sitting), 60)

    def states(self) -> list[str]:
        """The state of every attempt."""
        return self.box.db.read_now(lambda s: list(s.exec(select(Attempt.state)).all()))

    def journal(self, kind: str) -> list[dict[str, object]]:
        """Bodies of every journal entry of a kind."""
        rows = self.box.db.read_now(
            lambda s: s.exec(select(Journal.body).where(Journal.kind == kind).order_by(Journal.seq)).all()  # type: ignore[arg-type]
        )
        return [msgspec.json.decode(row) for row in rows]

    def journal_holds(self) -> None:
        """The chain is whole from its first entry."""
        proof = self.box.db.read_now(verify_journal, self.box)
        assert proof.ok, proof

    def until_pages(self) -> None:
        """The pages answer."""
        until_up(self.site)

    def waited(self, what: str, look: Callable[[], object], seconds: float = 60) -> None:
        """Until something is so."""
        wait_for(what, look, seconds)

    def kill(self, name: str) -> None:
        """SIGKILL; returns when the parent has started it again."""
        times = self.parent.restarts.get(name, 0) + 1
        self.parent.kill(name)
        self.waited(f"{name} started again", lambda: self.parent.restarts.get(name, 0) >= times, 20)

    def log(self, name: str) -> str:
        """What a process said."""
        return (self.site.folder / "log" / f"{name}.log").read_text(errors="replace")

    def close(self) -> None:
        """Free what the site holds outside its folder."""
        self.box.db.stop()
        run_folder.drop(self.site.run)


async def patient(question: Callable[[], Awaitable[Any]], seconds: float) -> Any:
    """Ask until there is an answer."""
    end = time.monotonic() + seconds
    while (found := await question()) is None:
        assert time.monotonic() < end, "no answer"
        await asyncio.sleep(0.1)
    return found


def _toml(settings: object) -> bytes:
    from appliance.base.settings import dump

    return dump(settings)  # type: ignore[arg-type]


@contextmanager
def exam_site(
    folder: Path, people: int, *, lanes: int = 1, cameras: int = 0, duration_s: int = 1800
) -> Iterator[ExamSite]:
    """A site whose dead processes are started again; everything ends with the block."""
    before = os.environ.get("EXAMSITE_CONFIG")
    made = ExamSite(folder, people, lanes, cameras, duration_s)
    try:
        with watched(made.parent):
            yield made
    finally:
        made.close()
        if before is None:
            os.environ.pop("EXAMSITE_CONFIG", None)
        else:
            os.environ["EXAMSITE_CONFIG"] = before
