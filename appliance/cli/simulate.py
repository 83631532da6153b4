"""examsite simulate: devices that are not there. Refuses to run on a production site.

Reader, gate and ticket printer are simulated here; other packages bring theirs by the entry point group
`examsite.simulate` (name -> module:function).
"""

import asyncio
import signal
from datetime import date
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import msgspec
import typer

from appliance.base import sockets
from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_, _
from appliance.base.site import require_demo
from appliance.cli.run import show, tell
from appliance.cli.usage import wrong_value
from appliance.wire.simulators import PrinterMode, PutCard, ReaderDid

app = typer.Typer(no_args_is_help=True, help="Simulated devices for demo sites and tests.")

PORTS = 65535
"""The highest port number."""


class _Device(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


def cannot_start() -> Corrupt:
    """The address or file that was named cannot be had."""
    return Corrupt(
        "cannot_start",
        N_("The simulated device cannot start: its address, port or file is taken, or not this machine's."),
        N_("Choose another one."),
    )


def run_until_stopped(device: _Device, sentence: str) -> None:
    """Run a simulated device until SIGINT or SIGTERM; `sentence` tells where it is."""

    async def main() -> None:
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        try:
            await device.start()
        except (OSError, OverflowError) as error:
            raise cannot_start() from error
        tell(sentence)
        try:
            await stop.wait()
        finally:
            await device.stop()

    asyncio.run(main())


@app.command()
def reader(
    link: Path = typer.Option(..., "--link", help="Where the serial port appears (a symbolic link)."),
    control: Path = typer.Option(None, "--control", help="Control socket; default LINK.sock."),
) -> None:
    """A card reader on a pseudo-terminal."""
    from appliance.devices.cardreader.simulator import SimulatedReader

    place = control or link.with_name(link.name + ".sock")
    sentence = _("Simulated card reader on {link}, control socket {control}.").format(
        link=link, control=place
    )
    run_until_stopped(SimulatedReader(link, place), sentence)


@app.command()
def gate(
    link: Path = typer.Option(None, "--link", help="Where the serial port appears (a symbolic link)."),
    listen: str = typer.Option("", "--listen", help="HOST:PORT instead of --link: Modbus TCP."),
    control: Path = typer.Option(None, "--control", help="Control socket; default LINK.sock."),
    unit: int = typer.Option(1, "--unit", min=0, max=255, help="Modbus address of the board."),
) -> None:
    """A relay board: Modbus RTU on a pseudo-terminal, or Modbus TCP."""
    from appliance.devices.gate.simulator import SimulatedBoard, SimulatedTcpBoard

    if listen:
        if link:
            raise _one_way()
        network = SimulatedTcpBoard(*_place(listen), control, unit)
        run_until_stopped(network, _("Simulated relay board on {link}.").format(link=f"tcp://{listen}"))
        return
    if link is None:
        raise _one_way()
    place = control or link.with_name(link.name + ".sock")
    sentence = _("Simulated relay board on {link}, control socket {control}.").format(
        link=link, control=place
    )
    run_until_stopped(SimulatedBoard(link, place, unit), sentence)


def _one_way() -> Corrupt:
    return Corrupt("bad_usage", N_("Name either --link or --listen."), N_("See examsite simulate --help."))


def _place(listen: str) -> tuple[str, int]:
    host, _colon, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > PORTS:
        raise wrong_value("--listen", listen, N_("Write it like {wanted}."), "127.0.0.1:5020")
    return host, int(port)


@app.command()
def printer(
    folder: Path = typer.Option(..., "--folder", help="Where each slip is put, as a PNG."),
    link: list[Path] = typer.Option([], "--link", help="Where a serial port appears; may be given again."),
    listen: str = typer.Option("", "--listen", help="HOST:PORT: in the network."),
    control: Path = typer.Option(None, "--control", help="Control socket; default FOLDER.sock."),
    mode: PrinterMode = typer.Option("normal", "--mode", help="What is wrong with it from the start on."),
) -> None:
    """A ticket printer (ESC/POS): on pseudo-terminals, in the network, or both."""
    from appliance.devices.printer.simulator import SimulatedPrinter

    if not link and not listen:
        raise _one_way()
    place = control or folder.with_name(folder.name + ".sock")
    device = SimulatedPrinter(folder, link, _place(listen) if listen else None, place)
    device.mode = mode
    ports = ", ".join([*map(str, link), *([f"tcp://{listen}"] if listen else [])])
    sentence = _("Simulated ticket printer on {ports}, control socket {control}, slips in {folder}.").format(
        ports=ports, control=place, folder=folder
    )
    run_until_stopped(device, sentence)


@app.command()
def card(
    control: Path = typer.Option(..., "--control", help="Control socket of a simulated reader."),
    name: str = typer.Option(..., "--name", help="Name on the card."),
    number: str = typer.Option(..., "--number", help="ID number; use the place code 999999."),
    photo: Path = typer.Option(None, "--photo", help="A photograph for the chip."),
    seconds: float = typer.Option(2.0, "--seconds", help="How long the card lies there; 0 = stays."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Put a made-up card on a simulated reader."""
    from appliance.devices.cardreader.layouts import demo_card, write
    from appliance.faces.demo_photo import pack

    require_demo()
    try:
        text = write(demo_card(name, number, date(2020, 1, 1)))
        block = pack(photo.read_bytes()) if photo else bytes(1024)
    except ValueError as error:
        raise Corrupt(
            "bad_card",
            N_("No card can be made of this: {detail}"),
            N_("Check name, number and picture."),
            detail=str(error),
        ) from error
    except OSError as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(photo)
        ) from error
    order = PutCard(text=text, photo=block, seconds=seconds)
    did = asyncio.run(sockets.ask(control, order, ReaderDid))
    if json:
        show(msgspec.to_builtins(did))


def mount_others(arguments: list[str]) -> None:
    """Add the simulators of the other packages; only the one that `arguments` ask for, as some load slowly."""
    here = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    points = sorted(entry_points(group="examsite.simulate"), key=lambda one: one.name)
    named = {*here, *(point.name for point in points)} & set(arguments)
    for point in points:
        if point.name not in here and (not named or point.name in named):
            app.command(point.name)(point.load())
