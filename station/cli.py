"""examsite station ...: what runs on an exam computer; and `examsite simulate stations`."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import typer

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_, _
from station.settings import DEFAULT_PATH, load

TITLES = {
    "box_answers": N_("The box answers"),
    "forbidden_refused": N_("Nothing else answers"),
    "processor": N_("Processor at least 2.5 GHz"),
    "memory": N_("Memory at least 4 GB"),
    "disk": N_("Disk at least 100 GB"),
    "camera": N_("Camera at least 1 megapixel"),
    "fixed_address": N_("Fixed address"),
    "network": N_("Network at least 100 Mbit/s"),
}

app = typer.Typer(no_args_is_help=True, help="Exam computers: lockdown, agent, self-check.")


def show(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    sys.stdout.flush()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(path)
        ) from error


def _decoded(path: Path, kind: Any) -> Any:
    try:
        return msgspec.json.decode(_read(path), type=kind)
    except msgspec.DecodeError as error:
        raise Corrupt(
            "bad_file",
            N_("The file {path} is not what is expected: {detail}"),
            N_("Correct it and start again."),
            path=str(path),
            detail=str(error),
        ) from error


CONFIG = typer.Option(DEFAULT_PATH, "--config", help="The exam computer's file.")
JSON = typer.Option(False, "--json")


@app.command("lockdown")
def write_lockdown(
    out: Path = typer.Option(..., "--out", help="Folder for policies, rules and hosts."),
    config: Path = CONFIG,
    json: bool = JSON,
) -> None:
    """Write Chromium policies, nftables rules and hosts for this seat; nothing is loaded or changed."""
    from station import lockdown

    station = load(config)
    authority = lockdown.read_authority(Path(station.authority))
    files = lockdown.write(station, authority, out)
    if json:
        show({"files": [str(path) for path in files], "box": station.origin})
        return
    for path in files:
        typer.echo(str(path))
    typer.echo(_("The rules were checked. exam-station-lock.service loads them."), err=True)


@app.command("check")
def check_station(config: Path = CONFIG, json: bool = JSON) -> None:
    """Check this computer: only the box answers, and it meets the site list."""
    from station import selfcheck

    found = selfcheck.everything(load(config))
    ok = all(check.ok for check in found)
    if json:
        show({"ok": ok, "checks": found})
    else:
        for check in found:
            typer.echo(f"{'✓' if check.ok else '✗'} {_(TITLES[check.code])}  {check.detail}")
        typer.echo(_("All checks passed.") if ok else _("Some checks did not pass."), err=True)
    if not ok:
        raise typer.Exit(1)


@app.command("agent")
def run_agent(config: Path = CONFIG) -> None:
    """Report inventory and heartbeats to the box until stopped."""
    from appliance.base.log import configure
    from station import agent

    configure("station-agent")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(agent.main(load(config)))


def simulate_stations(
    url: str = typer.Option(..., "--url", help="The box, e.g. https://127.0.0.1:8443."),
    authority: Path | None = typer.Option(
        None, "--authority", help="Certificate of the site's authority (PEM)."
    ),
    places: Path = typer.Option(
        ..., "--places", help='JSON: [{"seat", "address", "key"}]; one simulated station each.'
    ),
    people: Path | None = typer.Option(
        None,
        "--people",
        help="JSON: attempt id or seat -> {last_four, skill, answers, hand_in, breaks_after, offline}; "
        "read again whenever it changes.",
    ),
    right: Path | None = typer.Option(None, "--right", help="JSON: stem -> text of the right option."),
    report: Path = typer.Option(
        None, "--report", help="Write what became of each station here, every second."
    ),
    answer: float = typer.Option(5.0, "--answer", help="Mean seconds between two answers."),
    look: float = typer.Option(3.0, "--look", help="Seconds between two looks at the box."),
    heartbeat: float = typer.Option(5.0, "--heartbeat", help="Seconds between two signs of life."),
    seed: int = typer.Option(1, "--seed", help="The same number plays the same day."),
) -> None:
    """Many exam stations with candidates, through the real station API."""
    from station.client import trust
    from station.simulator import Pace, Person, Place, Stations

    known: dict[str, Person] = {}
    stamp = 0

    def lookup(seat: Any) -> Person | None:
        nonlocal known, stamp
        if people is None:
            return None
        with suppress(FileNotFoundError):
            changed = people.stat().st_mtime_ns
            if changed != stamp:
                known, stamp = _decoded(people, dict[str, Person]), changed
        return known.get(seat.attempt) or known.get(seat.seat)

    logging.getLogger("httpx").setLevel(logging.WARNING)
    stations = Stations(
        _decoded(places, list[Place]),
        url,
        trust(authority) if url.startswith("https") else False,
        lookup,
        pace=Pace(look=look, answer=answer, heartbeat=heartbeat),
        right=_decoded(right, dict[str, str]) if right else {},
        seed=seed,
    )

    async def write_report() -> None:
        while report is not None:
            fresh = report.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(stations.report()))
            fresh.replace(report)
            await asyncio.sleep(1)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        work = asyncio.gather(stations.run(), write_report())
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, work.cancel)
        sentence = _("{count} simulated stations work against {url}.")
        typer.echo(sentence.format(count=len(stations.stations), url=url), err=True)
        with suppress(asyncio.CancelledError):
            await work

    asyncio.run(main())
    if report is not None:
        report.write_bytes(msgspec.json.encode(stations.report()))
