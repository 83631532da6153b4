"""SIGKILL of sync and faces in the middle of their work, again and again: nothing acknowledged is lost.

Real processes under the demo's parent, which starts them again as systemd would (only sooner). The web process:
test_sitting_kills.py; entry, recorder and clips: test_kills_devices.py.
"""

import asyncio
import random
import ssl
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.ids import new_id
from appliance.faces import demo_people
from appliance.flow.look_at_capture import waiting
from appliance.records.captures import Capture
from appliance.records.journal import Journal, append
from appliance.records.roster import Candidate
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.sync import Parcel
from appliance.records.theory import Attempt
from tests.journey.exam_site import ExamSite, exam_site, patient

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
KILLS = 6


# --- sync -------------------------------------------------------------------------------------------------------


def test_sync_is_killed_while_parcels_go_out(tmp_path: Path) -> None:
    dice = random.Random(11)
    with exam_site(tmp_path / "site", people=1) as site:
        settings = site.site.settings.province
        site.parent.start(
            "province",
            *("simulate", "province", "--port", settings.url.rsplit(":", 1)[1]),
            *("--dir", str(site.site.province_dir), "--site", site.site.settings.site.code),
            *("--authority", str(site.site.authority), "--token-file", settings.token_file),
        )
        site.waited("the province", Path(settings.certificate).exists, 30)
        site.parent.start("sync")
        for turn in range(KILLS):
            for n in range(20):
                body = {"turn": turn, "n": n}
                site.box.db.write_now(append, "seat.taken", f"c{n}", "process:test", body, at=site.box.now())
            if turn % 2:  # right after a receipt came, or while it starts
                known = len(parcels(site))
                site.waited("a parcel", lambda known=known: len(parcels(site)) > known, 30)
            time.sleep(dice.uniform(0, 1.5))
            site.kill("sync")
            if turn == 3:
                site.kill("province")
        last = site.box.db.read_now(lambda s: max(s.exec(select(Parcel.last_seq)).all(), default=0))

        def acknowledged() -> bool:
            rows = parcels(site)
            return (
                bool(rows) and rows[-1].last_seq >= last and {one.state for one in rows} == {"acknowledged"}
            )

        site.waited("every receipt", acknowledged, 60)
        rows = parcels(site)
        assert [one.number for one in rows] == list(range(1, len(rows) + 1))
        assert all(one.first_seq == before.last_seq + 1 for before, one in pairwise(rows))
        tls = ssl.create_default_context(cafile=settings.certificate)
        with httpx.Client(base_url=settings.url, verify=tls, timeout=20) as far:
            held = far.get("/admin/parcels").json()["parcels"]
        assert sorted(one["number"] for one in held)[: len(rows)] == [one.number for one in rows]
        assert len({one["number"] for one in held}) == len(held), "a parcel is there twice"
        site.journal_holds()


def parcels(site: ExamSite) -> list[Parcel]:
    return site.box.db.read_now(lambda s: list(s.exec(select(Parcel).order_by(col(Parcel.number))).all()))


# --- faces ------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(600)  # the process gives way to everything else on the machine
async def test_faces_are_killed_while_they_compare(tmp_path: Path) -> None:
    """Pictures of seats wait in the database: each is looked at once, whenever the process dies over it."""
    dice = random.Random(5)
    pictures = 30
    with exam_site(tmp_path / "site", people=1) as site:
        person = site.box.db.write_now(seated, site)
        name = site.box.files.put(demo_people.live("astronaut"), secret=True)
        site.parent.start("faces")
        for turn in range(3):
            site.box.db.write_now(sent, site, person, turn * pictures, pictures, name)
            await patient(partial(looked_at, site, turn * pictures + 2), 150)
            await asyncio.sleep(dice.uniform(0, 0.4))
            assert await asyncio.to_thread(site.box.db.read_now, waiting), "it was done before it died"
            await asyncio.to_thread(site.kill, "faces")
        await patient(partial(looked_at, site, 3 * pictures), 240)
        rows = site.box.db.read_now(lambda s: s.exec(select(Capture)).all())
        assert {(one.state, one.band) for one in rows} == {("looked", "admit")}
        told = select(Journal.body).where(Journal.kind == "capture.compared")
        bodies = [
            msgspec.json.decode(body)["capture"]
            for body in site.box.db.read_now(lambda s: s.exec(told).all())
        ]
        assert len(bodies) == len(set(bodies)) == 3 * pictures, "each is looked at once"
        alone(site)


def seated(session: Session, site: ExamSite) -> str:
    """The attempt of somebody whose photograph the roster has."""
    person = session.exec(select(Candidate)).first()
    sitting = session.exec(select(Sitting)).first()
    assert person and sitting
    person.photo = site.box.files.put(demo_people.portrait("astronaut"), secret=True)
    attempt = Attempt(id=new_id(), sitting=sitting.id, candidate=person.id)
    session.add(person)
    session.add(attempt)
    session.flush()
    return attempt.id


def sent(session: Session, site: ExamSite, attempt: str, first: int, count: int, name: str) -> None:
    """Pictures that wait to be looked at."""
    seat = session.exec(select(Seat.id)).first()
    now = site.box.now()
    for number in range(first, first + count):
        session.add(
            Capture(
                id=f"c{number}",
                attempt=attempt,
                seat=seat or "",
                lease=1,
                number=number + 1,
                happened_at=now,
                recorded_at=now,
                picture=name,
            )
        )


async def looked_at(site: ExamSite, least: int) -> bool | None:
    """True when so many were looked at; None: not yet."""
    rows = select(Capture.id).where(Capture.state != "waiting")
    found = await asyncio.to_thread(site.box.db.read_now, lambda s: len(s.exec(rows).all()))
    return True if found >= least else None


def alone(site: ExamSite) -> None:
    """The workers of the processes that were killed have ended with them."""
    mark = str(site.site.config)
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().decode(errors="replace")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in environment and "pytest" not in command:
            left.append(command)
    assert sum("run faces" in command for command in left) <= 1 and len(left) <= 3, left
