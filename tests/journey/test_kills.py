"""SIGKILL of sync and faces in the middle of their work, again and again: nothing acknowledged is lost.

Real processes under the demo's parent, which starts them again as systemd would (only sooner). The web process:
test_sitting_kills.py; entry, recorder and clips: test_kills_devices.py.
"""

import asyncio
import random
import ssl
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from appliance.base.errors import Unavailable
from appliance.base.sockets import ask
from appliance.faces import demo_people
from appliance.records.journal import append
from appliance.records.sync import Parcel
from appliance.wire.faceworker import Look, Looked, Reference
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


async def test_faces_are_killed_while_they_compare(tmp_path: Path) -> None:
    dice = random.Random(5)
    reference = Reference("roster", demo_people.portrait("astronaut"))
    request = Look(references=[reference], live=demo_people.live("astronaut"))
    with exam_site(tmp_path / "site", people=1) as site:
        place = site.site.settings.socket("faces")
        site.parent.start("faces")

        async def compared() -> Looked | None:
            try:
                return await ask(place, request, Looked, timeout=20)
            except Unavailable:
                return None

        silent = 0
        for _turn in range(3):
            await patient(compared, 40)
            asked = [asyncio.create_task(compared()) for _ in range(12)]
            await asyncio.sleep(dice.uniform(0, 0.4))
            await asyncio.to_thread(site.kill, "faces")
            silent += sum(one is None for one in await asyncio.gather(*asked))
        found = await patient(compared, 40)
        assert found.compared[0].distance is not None and found.compared[0].distance < 0.45
        assert silent, "nobody was waiting when it died: the test does not look"
        alone(site)


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
