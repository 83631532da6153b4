"""The ticket printer on real parts: ESC/POS over TCP, a pseudo-terminal and a USB printer's file, to the simulator."""

import asyncio
import os
import pty
import time
import tty
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from appliance.base.errors import Corrupt, Unavailable
from appliance.base.i18n import in_language
from appliance.base.printer_address import NetworkPrinter, SerialPrinter, UsbPrinter, printer_address
from appliance.base.settings import PrinterSettings, load
from appliance.devices.printer import driver, wire
from appliance.devices.printer import slip as slips
from appliance.devices.printer.driver import EscposPrinter, commands
from appliance.devices.printer.port import SENTENCES
from appliance.devices.printer.protocol import Commands, Cut, Raster, Reset
from appliance.devices.printer.simulator import SimulatedPrinter
from appliance.devices.printer.slip import slip
from appliance.wire.sheets import Heading, TicketSlip

AT = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
FACTS = TicketSlip(
    heading=Heading(
        site_code="999999-01",
        site_name="泰山特种作业示范考点",
        demo=True,
        timezone="Asia/Shanghai",
        made_at=AT,
        sitting="s",
        number=1,
        subject="theory",
        trade="低压电工作业",
        room="理论一号考场",
        starts_at=AT,
        ends_at=AT,
    ),
    ticket="B012",
    name="张*",
    locker="17",
)


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and not ImageChops.logical_xor(one, other).getbbox()


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[SimulatedPrinter]:
    links = [tmp_path / "printer", tmp_path / "dev" / "lp0"]
    async with SimulatedPrinter(tmp_path / "slips", links, ("127.0.0.1", 0)) as printer:
        yield printer


def over(printer: SimulatedPrinter, way: str, **more: object) -> EscposPrinter:
    assert printer.listen
    ports = {
        "tcp": f"tcp://127.0.0.1:{printer.listen[1]}",
        "serial": str(printer.links[0]),
        "usb": "usb://04B8:0e15",
    }
    return EscposPrinter(PrinterSettings(port=ports[way], **more))  # type: ignore[arg-type]


@pytest.fixture
def usb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box with one USB printer, as the kernel shows it below /sys."""
    add_usb(tmp_path / "sys", "lp0", "1-1.3")
    monkeypatch.setattr(wire, "USB_PRINTERS", tmp_path / "sys/class/usbmisc")
    monkeypatch.setattr(wire, "USB_FILES", tmp_path / "dev")
    return tmp_path / "sys"


def add_usb(folder: Path, name: str, socket: str) -> None:
    device = folder / "devices/usb1" / socket
    (device / f"{socket}:1.0").mkdir(parents=True)
    (device / "idVendor").write_text("04b8\n")
    (device / "idProduct").write_text("0e15\n")
    entry = folder / "class/usbmisc" / name
    entry.mkdir(parents=True)
    (entry / "device").symlink_to(device / f"{socket}:1.0")


@pytest.mark.usefixtures("usb")
@pytest.mark.parametrize("way", ["tcp", "serial", "usb"])
async def test_a_slip_comes_out_as_it_was_drawn(simulated: SimulatedPrinter, way: str) -> None:
    printer = over(simulated, way)
    assert (await printer.look()).ok
    drawn = slip(FACTS, printer.dots)
    assert (await printer.print_slip(drawn)).ok
    [came_out] = simulated.slips
    assert same(Image.open(came_out), drawn) and drawn.width == 576
    assert simulated.unknown == 0, "nothing that a printer would print as letters"


async def test_narrow_paper(simulated: SimulatedPrinter) -> None:
    printer = over(simulated, "tcp", paper_mm=58)
    assert (await printer.print_slip(slip(FACTS, printer.dots))).ok
    assert Image.open(simulated.slips[0]).width == 384


async def test_one_slip_at_a_time(simulated: SimulatedPrinter) -> None:
    printer, drawn = over(simulated, "serial"), slip(FACTS, 576)
    came = await asyncio.gather(*(printer.print_slip(drawn) for _ in range(3)))
    assert all(one.ok for one in came)
    assert [same(Image.open(one), drawn) for one in simulated.slips] == [True] * 3


@pytest.mark.parametrize("way", ["tcp", "serial"])
@pytest.mark.parametrize(
    ("mode", "code"),
    [("silent", "silent"), ("paper_end", "paper_end"), ("cover_open", "cover_open"), ("mute", "silent")],
)
async def test_what_is_wrong_is_told_soon_and_nothing_is_sent(
    simulated: SimulatedPrinter, way: str, mode: str, code: str
) -> None:
    simulated.mode = mode  # type: ignore[assignment]
    printer, began = over(simulated, way), time.monotonic()
    printed = await printer.print_slip(slip(FACTS, 576))
    assert (printed.code, simulated.slips) == (code, []) and printed.sentence
    assert time.monotonic() - began < 4
    simulated.mode = "normal"
    assert (await printer.print_slip(slip(FACTS, 576))).ok, "it goes on when that is over"


async def test_the_roll_ends_in_the_middle_of_a_slip(
    simulated: SimulatedPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "PRINTS", 0.5)
    simulated.mode = "runs_out"
    assert (await over(simulated, "tcp").print_slip(slip(FACTS, 576))).code == "paper_end"


async def test_a_printer_that_only_listens(simulated: SimulatedPrinter) -> None:
    simulated.mode = "mute"
    for way in ("tcp", "serial"):
        printer = over(simulated, way, answers=False)
        assert (await printer.print_slip(slip(FACTS, 576))).ok
    await asyncio.sleep(0.2)
    assert len(simulated.slips) == 2


async def test_a_library_that_cannot_be_loaded_is_a_fault_and_told_once(
    simulated: SimulatedPrinter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No space for the files it writes when it is loaded: the lane goes on without tickets."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    printer = over(simulated, "tcp")
    with monkeypatch.context() as patch:
        patch.setattr(driver, "_library", full)
        assert [(await printer.look()).code for _ in range(3)] == ["fault"] * 3
        assert (await printer.print_slip(slip(FACTS, 576))).code == "fault" and simulated.slips == []
    assert len([one for one in caplog.records if one.name == "examsite.gate"]) == 1
    assert (await printer.print_slip(slip(FACTS, 576))).ok, "it goes on when that is over"


async def test_a_printer_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off at a serial line: the line's buffer fills, nobody waits longer than said."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    monkeypatch.setattr(driver, "TAKE", 0.3)
    printer = EscposPrinter(PrinterSettings(port=os.ttyname(slave), baud=921600, answers=False))
    began = time.monotonic()
    assert (await printer.print_slip(slip(FACTS, 576))).code == "silent"
    assert time.monotonic() - began < 3
    os.close(master)
    os.close(slave)


async def test_no_printer_there(tmp_path: Path) -> None:
    for port in ("tcp://127.0.0.1:9", str(tmp_path / "none"), "usb://04b8:ffff"):
        began = time.monotonic()
        assert (await EscposPrinter(PrinterSettings(port=port)).look()).code == "missing"
        assert time.monotonic() - began < 3


async def test_a_stop_does_not_wait_for_a_silent_printer(simulated: SimulatedPrinter) -> None:
    simulated.mode = "mute"
    printer = over(simulated, "tcp")
    asked = asyncio.create_task(printer.print_slip(slip(FACTS, 576)))
    await asyncio.sleep(0.3)
    began = time.monotonic()
    await printer.close()
    assert time.monotonic() - began < 0.5 and (await asked).code == "stopped"


async def test_two_usb_printers_alike_are_told_apart_by_their_socket(usb: Path) -> None:
    alone = UsbPrinter("04b8", "0e15")
    assert wire.usb_file(alone).name == "lp0"
    add_usb(usb, "lp1", "1-2")
    with pytest.raises(wire.Gone, match="several"):
        wire.usb_file(alone)
    assert wire.usb_file(UsbPrinter("04b8", "0e15", "1-2")).name == "lp1"
    assert (await EscposPrinter(PrinterSettings(port="usb://04b8:0e15")).look()).code == "several"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://192.168.10.50", NetworkPrinter("192.168.10.50", 9100)),
        ("tcp://[fd00::5]:9101", NetworkPrinter("fd00::5", 9101)),
        ("/dev/serial/by-path/x-port0", SerialPrinter("/dev/serial/by-path/x-port0")),
        ("usb://04B8:0E15@1-1.3", UsbPrinter("04b8", "0e15", "1-1.3")),
    ],
)
def test_addresses(text: str, address: object) -> None:
    assert printer_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "lp0", "tcp://printer:9100", "tcp://1.2.3.4:0", "tcp://1.2.3.4:99999", "usb://4b8", "tcp://"]
)
def test_an_address_that_is_none_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "examsite.toml"
    file.write_text(
        '[site]\ncode="1"\nname="x"\n[[lanes]]\ncode="L1"\nname="x"\ncamera="usb:0"\n[lanes.reader]\nport="/r"\n'
        f'[lanes.gate]\nport="/g"\n[lanes.printer]\nport="{text}"\n'
    )
    with pytest.raises(Corrupt) as refused:
        load(file)
    told = str(refused.value)
    assert "$.lanes[0].printer" in told and ("tcp://192.168.10.50:9100" in told or "usb://04b8:0e15" in told)


def test_without_the_chinese_font_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(slips, "FOLDERS", (tmp_path,))
    slips.font_file.cache_clear()
    slips._font.cache_clear()
    try:
        with pytest.raises(Unavailable, match="no_font"):
            slip(FACTS, 576)
    finally:
        slips.font_file.cache_clear()
    assert SENTENCES["no_font"]


def test_every_line_of_a_slip_is_inside_the_paper() -> None:
    for language in ("zh_CN", "en"):
        for dots in (576, 384):
            with in_language(language):
                picture = slip(FACTS, dots).convert("L")
            ink = ImageChops.invert(picture).getbbox()
            assert ink and ink[0] >= 4 and ink[2] <= dots - 4 and ink[3] < picture.height


@given(st.binary(max_size=200), st.integers(1, 40))
def test_any_bytes_in_any_pieces(data: bytes, piece: int) -> None:
    """The simulator's ear never fails, and hears the same however the bytes are cut."""
    whole = list(Commands().feed(data))
    cut = Commands()
    pieces = [one for start in range(0, len(data), piece) for one in cut.feed(data[start : start + piece])]
    assert pieces == whole


def test_the_commands_of_a_slip() -> None:
    reset, raster, _feed, cut = Commands().feed(commands(slip(FACTS, 576)))
    assert (reset, cut) == (Reset(), Cut())
    assert isinstance(raster, Raster) and (raster.mode, raster.width) == (0, 72)
