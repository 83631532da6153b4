"""Stages: verdicts and their release, parcels to the province, and the proofs at the end of the day."""

import asyncio
import io
import ssl
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import av
import httpx
import msgspec
from sqlmodel import Session, func, select

from appliance.base.errors import ExamError
from appliance.base.i18n import _
from appliance.base.sockets import ask
from appliance.cli.demo.day import Day, wait_for
from appliance.cli.demo.roster import province
from appliance.cli.demo.site import PASSWORD
from appliance.flow.box import Box
from appliance.flow.inspect import find_candidates, spans, timeline
from appliance.flow.receipts import Carried, carried
from appliance.records.journal import Journal
from appliance.records.seating import SeatTaking
from appliance.records.sync import Parcel
from appliance.records.theory import Attempt
from appliance.records.verdict import Verdict
from appliance.wire.recorder import GetStatus, Status


def line(day: Day, mode: str) -> None:
    """Take the province's line down, or up again."""
    province(day).post("/admin/line", json={"mode": mode}).raise_for_status()


def verdicts(day: Day) -> list[Verdict]:
    """Every verdict of the day."""
    return day.box.db.read_now(lambda s: list(s.exec(select(Verdict)).all()))


def release(day: Day) -> None:
    """The head of the site releases; the row loaded by hand stays behind until the province confirms it."""
    today = day.box.today().isoformat()
    day.who("chief").post(f"/office/release/{today}")
    found = verdicts(day)
    held = [one for one in found if one.release is None]
    day.report.equal(_("Released by a person"), len(found) - len(held), len(day.people) - 1)
    day.report.equal(_("Held: loaded by hand only"), len(held), 1)
    passed = sum(bool(one.passed) for one in found)
    day.report.check(_("Passed in all"), f"{passed} / {len(found)}", 0 < passed < len(found))


def deliver(day: Day) -> None:
    """The line comes back: everything sealed meanwhile arrives, each parcel with exactly one receipt."""
    waiting = day.box.db.read_now(lambda s: len(s.exec(select(Parcel).where(Parcel.state == "sealed")).all()))
    line(day, "up")

    def settled() -> list[Parcel] | None:
        parcels = day.box.db.read_now(lambda s: list(s.exec(select(Parcel)).all()))
        return parcels if parcels and all(one.state == "acknowledged" for one in parcels) else None

    wait_for(_("receipts"), settled, 60)
    site = day.site.settings.site.code
    province(day).post("/admin/confirm", json={"site": site}).raise_for_status()

    def confirmed() -> bool:
        answer = day.who("chief").try_post(f"/office/release/{day.box.today().isoformat()}")
        return not answer.is_error

    wait_for(_("the province's confirmation of the held row"), confirmed, 40, pause=1.0)
    unreleased = [one for one in verdicts(day) if one.release is None]
    day.report.equal(_("Held results after the province confirmed"), len(unreleased), 0)
    parcels = wait_for(_("receipts"), settled, 60)

    def whole() -> bool | None:
        held: list[dict[str, Any]] = province(day).get("/admin/parcels").json()["parcels"]
        mine = [one for one in held if one["site"] == site]
        return acknowledged_once(*day.box.db.read_now(_receipts, day.box), mine) or None

    try:
        once = wait_for(_("receipts"), whole, 30)  # another parcel may be on its way
    except ExamError:
        once = False
    day.report.check(
        _("Parcels acknowledged exactly once (waited for the line)"), f"{len(parcels)} ({waiting})", once
    )


def _receipts(session: Session, box: Box) -> tuple[list[Carried], Counter[str]]:
    """Every parcel with its receipt, and how often each was journaled as acknowledged."""
    newest = session.exec(select(func.max(Journal.seq))).one() or 0
    noted = session.exec(select(Journal.subject).where(Journal.kind == "parcel.acknowledged"))
    return carried(session, box, list(range(1, newest + 1))), Counter(noted)


def acknowledged_once(parcels: list[Carried], noted: Counter[str], held: list[dict[str, Any]]) -> bool:
    """Does the province hold exactly our parcels, and has each one receipt that fits, taken in once?

    `held`: what the province says it holds of this site (number, sha256, first_seq, last_seq).
    """
    ours = sorted((one.number, one.sha256, one.first_seq, one.last_seq) for one in parcels)
    theirs = sorted((one["number"], one["sha256"], one["first_seq"], one["last_seq"]) for one in held)
    follow = all(after[2] == before[3] + 1 for before, after in pairwise(ours))
    receipts = all(one.state == "acknowledged" and one.holds == "fits" for one in parcels)
    once = noted == Counter(one.id for one in parcels)
    return bool(ours) and ours == theirs and follow and receipts and once


def recordings(day: Day) -> None:
    """Minutes on record, and one candidate's clip fetched through the inspector's page and decoded."""
    status = asyncio.run(ask(day.site.settings.socket("recorder"), GetStatus(), Status))
    minutes = {camera.camera: camera.recorded_s / 60 for camera in status.cameras}
    day.report.check(
        _("Minutes on record"),
        _(", ").join(f"{camera} {value:.1f}" for camera, value in minutes.items()),
        len(minutes) == len(day.site.settings.cameras) and min(minutes.values()) > 1,
    )
    inspector = day.who("inspector")
    taking = day.box.db.read_now(
        lambda s: s.exec(select(SeatTaking).where(SeatTaking.seat == "T1-01")).first()
    )
    assert taking is not None
    span = day.box.db.read_now(spans, taking.candidate)[0]
    start = span.start + timedelta(seconds=5)
    query = {
        "camera": "C1",
        "from": start.isoformat(),
        "to": (start + timedelta(seconds=10)).isoformat(),
        "candidate": taking.candidate,
    }
    clip = inspector.get("/media/clip", **query).content
    with av.open(io.BytesIO(clip), "r") as container:
        frames = [(frame.width, frame.height) for frame in container.decode(video=0)]
    day.report.check(
        _("Clip of a candidate's seat, decoded"), f"{len(frames)} × {frames[0]}", frames[0] == (1920, 1080)
    )
    taken = day.site.folder / f"clip-{start:%H%M%S}.mp4"
    taken.write_bytes(inspector.get("/media/clip", download="true", **query).content)
    proof = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "recordings", "verify-clip", str(taken), "--json"],
        capture_output=True,
        check=False,
    )
    day.report.check(_("Downloaded clip, proven from the file alone"), _("whole"), proof.returncode == 0)
    found = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "recordings", "verify", "--json"],
        capture_output=True,
        check=False,
    )
    day.report.check(_("Recordings verified against their hashes"), _("whole"), found.returncode == 0)


def codes(day: Day) -> None:
    """The screen in the theory camera's view, read again from what was recorded while the exam went on."""
    sitting = day.sitting("theory")
    assert sitting.started_at is not None
    times = [day.box.local(at).strftime("%Y-%m-%dT%H:%M:%S") for at in (sitting.started_at, day.box.now())]
    line = ["recordings", "screen-codes", "--camera", "C1", "--from", times[0], "--to", times[1], "--json"]
    told = subprocess.run(
        [sys.executable, "-m", "appliance.cli", *line], capture_output=True, check=False
    ).stdout
    pictures = msgspec.json.decode(told).get("pictures", [])
    right = sum(one["verdict"] == "ok" for one in pictures)
    day.report.check(
        _("Codes on the screen read back from the recording"), f"{right} / {len(pictures)}", right > 0
    )


def sheets(day: Day) -> None:
    """The day's paper, as PDF."""
    office = day.who("office")
    folder = day.site.folder / "sheets"
    folder.mkdir()
    made = 0
    sittings = {subject: day.sitting(subject).id for subject in ("theory", "practical")}
    attempt = day.box.db.read_now(
        lambda s: s.exec(select(Attempt.id).where(Attempt.sitting == sittings["practical"])).first()
    )
    wanted = {
        "签到表": f"sheets/{sittings['theory']}/sign-in.pdf",
        "座次表": f"sheets/{sittings['theory']}/seat-plan.pdf",
        "考场记录表-理论": f"sheets/{sittings['theory']}/room-record.pdf",
        "考场记录表-实操": f"sheets/{sittings['practical']}/room-record.pdf",
        "实操评分表": f"score/{attempt}/score-sheet.pdf",
    }
    for name, path in wanted.items():
        body = office.get(f"/office/{path}").content
        (folder / f"{name}.pdf").write_bytes(body)
        made += body.startswith(b"%PDF")
    day.report.equal(_("Paper sheets as PDF"), made, len(wanted))


def terminal(day: Day) -> None:
    """What the technician's terminal is told: sittings, lanes, seats, cameras, backlog and disk, all alive."""
    tls = ssl.create_default_context(cafile=str(day.site.authority))
    with httpx.Client(base_url=day.site.url, verify=tls, timeout=30) as client:
        answer = client.post("/ops/sign-in", json={"login": "ops", "password": PASSWORD})
        token = answer.raise_for_status().json()["token"]
        state = (
            client.get("/ops/state", headers={"authorization": f"Bearer {token}"}).raise_for_status().json()
        )
    parts = {name: bool(state.get(name)) for name in ("sittings", "lanes", "cameras", "backlog", "disks")}
    missing = [name for name, there in parts.items() if not there]
    day.report.check(
        _("Terminal: sittings, lanes, cameras, backlog, disk"), _(", ").join(missing) or "✓", not missing
    )


def inspection(day: Day) -> None:
    """The inspector's page of one candidate from tap to parcel; the journal verified from its first entry."""
    person = day.people[2]
    found = day.box.db.read_now(find_candidates, day.box, person.number)[0]
    entries = day.box.db.read_now(timeline, day.box, found.id).entries
    kinds = {entry.kind for entry in entries}
    needed = {
        "tap.decided",
        "face.compared",
        "admission.granted",
        "ticket.called",
        "seat.taken",
        "answer.saved",
        "paper.marked",
    }
    page = day.who("inspector").get(f"/inspection/{found.id}")
    acknowledged = any(entry.parcel_state == "acknowledged" for entry in entries)
    day.report.check(
        _("Inspector: one candidate from tap to parcel"),
        str(len(entries)),
        needed <= kinds and acknowledged and person.name in page.text,
    )
    proof = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "journal", "verify", "--json"],
        capture_output=True,
        check=False,
    )
    day.report.check(_("Journal verified from its first entry"), _("whole"), proof.returncode == 0)
