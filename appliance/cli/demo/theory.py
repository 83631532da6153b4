"""Stage: the theory sitting. One candidate at a real browser, the others at simulated stations."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from sqlmodel import Session, col, func, select

from appliance.base.i18n import _
from appliance.cli.demo import seat_camera
from appliance.cli.demo.browser import Candidate as BrowserCandidate
from appliance.cli.demo.day import Day, wait_for
from appliance.cli.demo.site import SEATS, SPARES, seat_address
from appliance.flow.attempt_view import answers_of
from appliance.intake.bank import question_bank
from appliance.records.roster import Candidate
from appliance.records.seating import SeatTaking
from appliance.records.theory import Attempt, Mark

BROWSER_SEAT = "T1-01"
DRIVEN = {"RemoteDebuggingAllowed": True, "DeveloperToolsAvailability": 0}
"""The two policies that keep anybody, a test included, from driving a seat's browser from outside."""
OUTAGE = 5.0
BREAKS, OFFLINE = 7, 11
"""Places in the order of attempts: whose station dies, whose line is cut for a while."""


class Stations(msgspec.Struct):
    """Where the simulated stations read and write."""

    people: Path
    report: Path

    def told(self) -> list[dict[str, Any]]:
        """What the stations say of themselves."""
        try:
            found: list[dict[str, Any]] = msgspec.json.decode(self.report.read_bytes())
        except FileNotFoundError:
            return []
        return found


def start_stations(day: Day) -> Stations:
    """Start every station but the browser's; they wait until somebody is called to them."""
    folder = day.site.folder / "stations"
    folder.mkdir()
    places = [
        {"seat": f"T1-{n:02d}", "address": seat_address(n), "key": day.site.station_keys[f"T1-{n:02d}"]}
        for n in range(2, SEATS + SPARES + 1)
    ]
    (folder / "places.json").write_bytes(msgspec.json.encode(places))
    items = question_bank("low_voltage").items
    right = {item.stem: item.options[item.right[0]] for item in items}
    (folder / "right.json").write_bytes(msgspec.json.encode(right))
    stations = Stations(folder / "people.json", folder / "report.json")
    day.parent.start(
        "stations",
        *("simulate", "stations", "--url", day.site.url.replace("localhost", "127.0.0.1")),
        *("--authority", str(day.site.authority), "--places", str(folder / "places.json")),
        *("--people", str(stations.people), "--right", str(folder / "right.json")),
        *("--report", str(stations.report)),
        *("--answer", "0.28", "--look", "1.0", "--heartbeat", "2.0"),
    )
    return stations


def _seated(session: Session, sitting: str) -> list[tuple[str, str, str]]:
    """(attempt, seat, last four) of everybody seated."""
    rows = session.exec(
        select(Attempt.id, SeatTaking.seat, Candidate.last_four)
        .join(SeatTaking, col(SeatTaking.candidate) == col(Attempt.candidate))
        .join(Candidate, col(Candidate.id) == col(Attempt.candidate))
        .where(
            Attempt.sitting == sitting, SeatTaking.sitting == sitting, col(SeatTaking.released_at).is_(None)
        )
        .order_by(col(Attempt.id))
    )
    return [(attempt, seat, four) for attempt, seat, four in rows]


def tell_people(day: Day, stations: Stations, sitting: str) -> str:
    """Give the stations their candidates; returns the last four characters of the browser's candidate."""
    people: dict[str, dict[str, Any]] = {}
    browser = ""
    for place, (attempt, seat, four) in enumerate(day.box.db.read_now(_seated, sitting)):
        if seat == BROWSER_SEAT:
            browser = four
            continue
        person: dict[str, Any] = {"last_four": four, "skill": 0.6 if place % 7 == 0 else 0.96}
        if place == BREAKS:
            person["breaks_after"] = 25
        if place == OFFLINE:
            person["offline"] = {"after": 20, "seconds": 8}
        if place % 20 == 2:
            person["hand_in"] = False
        people[attempt] = person
    stations.people.with_suffix(".new").write_bytes(msgspec.json.encode(people))
    stations.people.with_suffix(".new").rename(stations.people)
    return browser


def policies(day: Day) -> Path:
    """A seat's own policies, written by `examsite station lockdown`, but for the two that shut a driver out."""
    folder = day.site.run / "seat"
    folder.mkdir()
    station = {
        "box": "127.0.0.1",
        "name": "localhost",
        "port": day.site.settings.web.port,
        "authority": str(day.site.authority),
    }
    (folder / "station.toml").write_text(
        "".join(f"{key} = {json.dumps(one)}\n" for key, one in station.items())
    )
    command = [sys.executable, "-m", "appliance.cli", "station", "lockdown"]
    command += ["--config", str(folder / "station.toml"), "--out", str(folder)]
    if os.geteuid() != 0:  # nft looks at rules only as root: in a namespace of our own we are
        command = ["unshare", "--map-root-user", "--net", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    written = json.loads((folder / "examsite.json").read_text())
    driven = day.site.run / "policies"
    driven.mkdir()
    (driven / "examsite.json").write_text(json.dumps(written | DRIVEN))
    return driven


def sit(day: Day, stations: Stations) -> None:
    """The whole sitting."""
    sitting = day.sitting("theory")
    four = tell_people(day, stations, sitting.id)
    camera = seat_camera.flags(day, sitting.id, BROWSER_SEAT)
    browser = BrowserCandidate(day.site, policies(day), day.site.folder / "screens", camera)
    try:
        browser.open()
        browser.sign_in(four)
        wait_for(_("sixty candidates ready"), lambda: _count(day, sitting.id, "ready") >= len(day.people), 60)
        while day.box.now() < sitting.starts_at:
            time.sleep(0.1)
        invigilator = day.who("invigilator")
        invigilator.post(f"/room/{sitting.id}/start")
        browser.wait_for_start(20)
        browser.answer(20)
        _outage(day, browser)
        _broken_station(day, stations, sitting.id)
        done = browser.answer(70)
        browser.saved()
        day.report.equal(_("Answered in the real browser, across an outage"), done, 100)
        seat_camera.wait_for_one(day, sitting.id)
        browser.hand_in()
    finally:
        browser.close()
    _end(day, stations, sitting.id)
    seat_camera.check(day, sitting.id)


def _count(day: Day, sitting: str, state: str) -> int:
    return day.box.db.read_now(
        lambda s: s.exec(
            select(func.count())
            .select_from(Attempt)
            .where(Attempt.sitting == sitting, Attempt.state == state)
        ).one()
    )


def _outage(day: Day, browser: BrowserCandidate) -> None:
    """The web process is killed and stays away for a while; the candidate goes on answering."""
    day.parent.hold("web", hard=True)
    began = time.monotonic()
    browser.answer(10)
    told = browser.lost()
    time.sleep(max(0.0, OUTAGE - (time.monotonic() - began)))
    day.parent.again("web")
    browser.saved()
    day.report.check(
        _("Web process killed in the middle; the page said so and went on"), f"{OUTAGE:.0f} s", told
    )


def _broken_station(day: Day, stations: Stations, sitting: str) -> None:
    """A station dies; its candidate is moved to a spare and goes on with every answer."""

    def broken() -> dict[str, Any] | None:
        return next((one for one in stations.told() if one["state"] == "broken"), None)

    lost = wait_for(_("a broken station"), broken, 30)
    invigilator = day.who("invigilator")
    form = {"command": invigilator.command(), "reason": "考试机黑屏", "to_seat": "", "broken": "1"}
    invigilator.post(f"/room/{sitting}/seat/{lost['seat']}/move", form)
    taking = day.box.db.read_now(
        lambda s: s.exec(select(SeatTaking).where(SeatTaking.command == form["command"])).one()
    )

    def on_the_spare() -> bool:
        told = next((one for one in stations.told() if one["seat"] == taking.seat), None)
        return told is not None and told["attempt"] == lost["attempt"] and told["made"] > 0

    wait_for(_("the candidate at the spare"), on_the_spare, 30)
    kept = day.box.db.read_now(answers_of, lost["attempt"])
    same = all(int(position) in kept for position in lost["answers"])
    day.report.check(
        _("Broken station: moved to a spare with all answers"), f"{lost['seat']} → {taking.seat}", same
    )


def _end(day: Day, stations: Stations, sitting: str) -> None:
    """Wait for the automatic hand-in, the marks and the end; count what was acknowledged."""
    people = len(day.people)
    wait_for(_("every paper marked"), lambda: _count(day, sitting, "marked") >= people, 90)
    wait_for(_("the sitting's end"), lambda: day.sitting("theory").state == "ended", 60)
    attempts = day.box.db.read_now(lambda s: s.exec(select(Attempt).where(Attempt.sitting == sitting)).all())
    by_time = sum(one.handed_in == "time" for one in attempts)
    by_hand = sum(one.handed_in == "candidate" for one in attempts)
    day.report.check(
        _("Handed in: by the candidate / by time"), f"{by_hand} / {by_time}", by_hand + by_time == people
    )
    missing = 0
    acknowledged = 0
    for told in stations.told():
        if not told["attempt"]:
            continue
        kept = day.box.db.read_now(answers_of, told["attempt"])
        acknowledged += told["acknowledged"]
        missing += sum(int(position) not in kept for position, value in told["answers"].items() if value)
    day.report.check(
        _("Acknowledged answers / missing"), f"{acknowledged} / {missing}", acknowledged > 0 and not missing
    )
    passed = day.box.db.read_now(_passed, sitting)
    day.report.check(_("Theory passed"), f"{len(passed)} / {people}", 0 < len(passed) < people)


def _passed(session: Session, sitting: str) -> list[str]:
    return list(
        session.exec(
            select(Attempt.candidate)
            .join(Mark, col(Mark.attempt) == col(Attempt.id))
            .where(Attempt.sitting == sitting, col(Mark.passed))
        ).all()
    )


def passed_indexes(day: Day) -> list[int]:
    """Which of the demo's people passed theory."""
    passed = set(day.box.db.read_now(_passed, day.sitting("theory").id))
    candidates = day.box.db.read_now(lambda s: s.exec(select(Candidate)).all())
    indexes = {candidate.number_index: candidate.id for candidate in candidates}
    return [
        place
        for place, person in enumerate(day.people)
        if indexes[day.box.key.index(person.number)] in passed
    ]
