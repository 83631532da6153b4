"""examsite demo: one whole exam day on this machine, on real parts, with simulators where hardware would be.

The same processes that systemd starts in production run under one parent. Durations are shortened by settings
(`day.Times`); every clock is true.
"""

import asyncio
import os
import signal
import ssl
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Error as PlaywrightError

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_, _
from appliance.base.settings import CameraSettings
from appliance.cli.demo import entry, practical, results, roster, run_folder, screens, theory, waiting
from appliance.cli.demo.day import PEOPLE, Day, times_at, wait_for
from appliance.cli.demo.recipe import write_recipe
from appliance.cli.demo.site import ACCOUNTS, PASSWORD, DemoSite, build, clear, configure
from appliance.cli.demo.table import Report
from appliance.cli.parent import Parent
from appliance.cli.run import tell
from appliance.faces import demo_people
from appliance.intake.sample_roster import make_people


def simulators(parent: Parent, site: DemoSite) -> None:
    """Start everything that stands for hardware or for the province, as processes of their own."""
    for lane in site.settings.lanes:
        (site.run / f"face-{lane.code}.jpg").write_bytes(demo_people.nobody())
        parent.start(f"reader-{lane.code}", "simulate", "reader", "--link", lane.reader.port)
        parent.start(f"gate-{lane.code}", "simulate", "gate", "--link", lane.gate.port)
    printers = [lane.printer.port for lane in site.settings.lanes if lane.printer]
    parent.start(
        "printers",
        *(
            "simulate",
            "printer",
            "--folder",
            str(site.folder / "slips"),
            "--control",
            str(site.run / entry.SLIPS),
        ),
        *(word for port in printers for word in ("--link", port)),
    )
    for camera in site.settings.cameras:
        parent.start(f"camera-{camera.code}", *camera_arguments(site, camera))
    province = site.settings.province
    parent.start(
        "province",
        "simulate",
        "province",
        *("--port", province.url.rsplit(":", 1)[1]),
        *("--dir", str(site.province_dir)),
        *("--site", site.settings.site.code),
        *("--authority", str(site.authority)),
        *("--token-file", province.token_file),
    )


def camera_arguments(site: DemoSite, camera: CameraSettings) -> list[str]:
    """How a simulated camera is started; its name stands in the picture's time code."""
    password = Path(camera.password_file).read_text().strip()
    port = camera.address.rsplit(":", 1)[1]
    scene = "practical" if camera.room == "P1" else "theory"
    return [
        *("simulate", "camera", "--port", port, "--user", camera.user, "--password", password),
        *("--name", camera.code, "--title", camera.name, "--scene", scene, "--second"),
        *("--control", str(screens.control(site, camera.code))),
    ]


def box_processes(parent: Parent) -> None:
    """The processes of exam.target."""
    for unit in ("web", "gate", "faces", "recorder", "archive", "clips", "sync"):
        parent.start(unit)


@contextmanager
def watched(parent: Parent) -> Iterator[None]:
    """Restart what dies while the day goes on, as systemd would."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(0.2):
            parent.watch()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        parent.stop()


def until_up(site: DemoSite) -> None:
    """Until the pages answer."""

    tls = ssl.create_default_context(cafile=str(site.authority))

    def up() -> bool:
        try:
            return httpx.get(f"{site.url}/sign-in", verify=tls, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    wait_for(_("the pages"), up, 120)


def play(folder: Path, port: int, once: bool) -> int:
    """Play the day; returns the exit status."""
    report = Report()
    clear(folder)
    for run in run_folder.clear_leftovers():
        tell(
            _("Another demo uses {folder}: it still runs, or was killed and left processes.").format(
                folder=run
            )
        )
    tell(_("Everything of this demo lies in {folder}.").format(folder=folder.resolve()))
    (folder / "log").mkdir()
    site = configure(folder, port)
    os.environ["EXAMSITE_CONFIG"] = str(site.config)
    try:
        return _played(site, report, once)
    finally:  # also after Ctrl-C: sockets and pictures of this run are of no use to anybody
        run_folder.drop(site.run)


def _played(site: DemoSite, report: Report, once: bool) -> int:
    folder = site.folder
    with report.stage(_("Set up the box: site authority, keys, database, accounts, rooms")):
        box = build(site)
        parent = Parent(site.config, folder / "log")
    with watched(parent), screens.shown(site, box):
        with report.stage(_("Start the processes and the simulated devices")):
            began = time.monotonic()
            simulators(parent, site)
            box_processes(parent)
            until_up(site)
        times = times_at(time.monotonic() - began)
        day = Day(site=site, box=box, parent=parent, report=report, people=make_people(PEOPLE), times=times)
        try:
            run_stages(day)
        except (PlaywrightError, AssertionError, TimeoutError) as error:
            (folder / "log" / "demo.log").write_text("".join(traceback.format_exception(error)))
            raise Unavailable(
                "demo_stopped",
                N_("The demo could not go on: something did not happen in time."),
                N_(
                    "Is another demo running, or is this machine busy with something else? The log folder tells more."
                ),
            ) from error
        report.show()
        if not once:
            stay(day)
    box.db.stop()
    return 0 if report.ok else 1


def run_stages(day: Day) -> None:
    """The exam day, stage by stage."""
    report = day.report
    with report.stage(_("Rosters: by hand with a second person, and signed by the province")):
        samples = roster.write_rosters(day)
        roster.load_by_hand(day, samples)
        roster.province_sends(day)
        roster.check_rosters(day, samples)
    with report.stage(_("Entrance: cards, faces, gates; waiting room and seats")):
        stations = theory.start_stations(day)
        entered = asyncio.run(entry.theory_entry(day))
        entry.check_theory(day, entered)
        entry.check_pulses(day, _("Gate pulses, one per admission (theory)"), ["L1", "L2"])
        waiting.call_everybody(day)
        waiting.check_sounds(day)
    with report.stage(_("Theory: sixty people, one in a real browser; the server dies and comes back")):
        results.line(day, "down")
        theory.sit(day, stations)
    with report.stage(_("Practical entrance, tasks, score sheets")):
        passed = theory.passed_indexes(day)
        with ThreadPoolExecutor(1) as beside:
            entering = beside.submit(asyncio.run, entry.practical_entry(day, passed))
            practical.score_everybody(day, len(passed), lambda: entering.done() and entering.result())
        entered = entering.result()
        report.equal(_("Admitted (practical)"), entered.codes.get("admitted", 0), len(passed))
        entry.check_pulses(day, _("Gate pulses, one per admission (practical)"), ["P1"])
        entry.check_slips(day, len(day.people) + len(passed))
    with report.stage(_("Results: verdicts, release, parcels to a province that was down")):
        results.release(day)
        results.deliver(day)
    with report.stage(_("Proof: recordings, paper sheets, journal, inspection")):
        results.recordings(day)
        results.codes(day)
        results.sheets(day)
        results.terminal(day)
        results.inspection(day)


def stay(day: Day) -> None:
    """Print every screen's address and account, then stay up until Ctrl-C."""
    url = day.site.url
    tell(_("The demo stays up until you press Ctrl-C here; the next run starts clean."))
    tell(
        _("A browser trusts it after one import: settings, certificates, authorities, {path}.").format(
            path=day.site.authority
        )
    )
    tell(_("Password of every account: {password}").format(password=PASSWORD))
    pages = {
        "desk": "/desk",
        "waiting": "/waiting",
        "display": "/display",
        "invigilator": "/room",
        "examiner": "/examiner",
        "author": "/questions",
        "office": "/office",
        "chief": "/",
        "inspector": "/inspection",
    }
    for login, name, _role in ACCOUNTS:
        if login in pages:
            tell(f"  {url}{pages[login]:14} {login:12} {name}")
    tell(f"  {url}{'/entry/L1':14} {'display':12} {_('entry screen of the first lane')}")
    seconds = _(", ").join(login for login, _name, _role in ACCOUNTS if login.endswith("2"))
    tell(_("Second persons, where an order asks for two: {logins}, chief").format(logins=seconds))
    tell(f"  {url}/station/      {_('the seat of the real browser')}")
    tell(f"  EXAMSITE_CONFIG={day.site.config} .venv/bin/examsite tui --login ops")
    for one in write_recipe(day.site):
        tell(one)
    stopping = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_ignored: stopping.set())
    while not stopping.is_set():
        time.sleep(0.2)
