"""The shipped configuration file explains every setting there is, and its examples are true defaults."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.base import settings
from appliance.base.storage_settings import PlaceSettings

FILE = Path(__file__).resolve().parents[2] / "systemd/examsite.toml"
SECTIONS = {"reader", "second_reader", "gate", "printer"}
BY_THE_RECORDER = {"password_sealed", "marks", "exchanged", "confirmed"}
"""Of a camera: written into the recorder's own file, never by hand."""
SETTING = re.compile(r"#?(\[|[a-z_]+ = )")


def shown() -> str:
    """The file with every commented setting taken in."""
    return "\n".join(
        line.removeprefix("#") if SETTING.match(line) else line for line in FILE.read_text().splitlines()
    )


def parts() -> list[tuple[str, type[msgspec.Struct], dict[str, Any]]]:
    """Every section: its name, its struct, its values as shown."""
    tree = msgspec.toml.decode(shown().encode())
    lane = tree["lanes"][0]
    found = [
        ("lanes", settings.LaneSettings, {k: v for k, v in lane.items() if k not in SECTIONS}),
        ("lanes.reader", settings.ReaderSettings, lane["reader"]),
        ("lanes.gate", settings.GateSettings, lane["gate"]),
        ("lanes.printer", settings.PrinterSettings, lane["printer"]),
        ("cameras", settings.CameraSettings, tree["cameras"][0]),
    ]
    found.append(("storage.places", PlaceSettings, tree["storage"].pop("places")[0]))
    for field in msgspec.structs.fields(settings.Settings):
        if field.name not in ("lanes", "cameras"):
            assert isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
            found.append((field.name, field.type, tree.get(field.name, {})))
    return found


def test_it_loads_as_shipped() -> None:
    assert settings.load(FILE).site.state == "/var/lib/examsite"


def test_it_loads_with_every_setting_taken_in(tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    file.write_text(shown())
    assert settings.load(file).lanes[0].gate.coil == 0


@pytest.mark.parametrize(("name", "struct", "values"), parts(), ids=lambda p: p if isinstance(p, str) else "")
def test_every_setting_is_there_with_its_default(
    name: str, struct: type[msgspec.Struct], values: dict[str, Any]
) -> None:
    sections = {"lanes": SECTIONS, "cameras": BY_THE_RECORDER, "storage": {"places"}}.get(name, set())
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    assert set(values) == set(fields) - sections
    examples = {
        ("web", "names"),
        ("cameras", "password_file"),
        ("cameras", "room"),
        ("lanes.gate", "flash_base"),
        ("lanes.gate", "door_input"),
        ("lanes.gate", "fire_input"),
    }
    examples |= {("storage.places", key) for key in ("folder", "endpoint", "bucket", "key_file")}
    examples |= {("province", key) for key in ("certificate", "key", "token_file")}
    for key, value in values.items():
        default = fields[key].default
        if default is not msgspec.NODEFAULT and (name, key) not in examples:
            assert value == default, f"[{name}] {key}"


def test_every_setting_is_explained() -> None:
    """Right above each setting stands a sentence."""
    before = ""
    for line in FILE.read_text().splitlines():
        if re.match(r"#?[a-z_]+ = ", line):
            assert before.startswith("# "), line
        before = line


def test_every_setting_is_read_by_something() -> None:
    """A setting that does nothing is a promise that is not kept."""
    root = FILE.parents[1]
    sources = [
        path
        for room in ("appliance", "cameras", "sync", "station", "kiosk", "ops_tui")
        for path in (root / room).rglob("*.py")
        if path.name != "settings.py"
    ]
    text = "\n".join(path.read_text() for path in sources)
    for name, struct, _ in parts():
        for field in msgspec.structs.fields(struct):
            assert re.search(rf"\.{field.name}\b", text), f"{name}.{field.name} does nothing"
