"""examsite faces: the JSON that scripts build on, and its exit status."""

import json
from pathlib import Path

import pytest

from appliance.faces import demo_people
from tests.command import examsite


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    bodies = {
        "portrait": demo_people.portrait("astronaut"),
        "same": demo_people.live("astronaut", 1),
        "other": demo_people.live("hopper"),
        "nobody": demo_people.nobody(),
        "two": demo_people.two_people(),
        "rubbish": b"rubbish",
    }
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    return {name: str(tmp_path / name) for name in bodies}


def test_compare(files: dict[str, str]) -> None:
    status, out, _ = examsite("faces", "compare", files["portrait"], files["same"], "--json")
    shown = json.loads(out)
    assert status == 0 and shown["band"] == "admit" and shown["faces"] == [1, 1]
    assert 0 < shown["distance"] < 0.45 and shown["engine"].startswith("dlib")
    status, out, _ = examsite("faces", "compare", files["portrait"], files["other"], "--json")
    assert status == 0 and json.loads(out)["band"] == "mismatch"
    status, out, _ = examsite("faces", "compare", files["portrait"], files["two"], "--json")
    assert status == 0 and json.loads(out)["faces"] == [1, 2]


@pytest.mark.parametrize(("name", "code"), [("nobody", "no_face"), ("rubbish", "bad_picture")])
def test_what_cannot_be_compared(files: dict[str, str], name: str, code: str) -> None:
    status, out, err = examsite("faces", "compare", files["portrait"], files[name], "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == code and err


def test_without_arguments_usage_is_printed() -> None:
    for line in (("faces",), ("faces", "compare")):
        _, out, err = examsite(*line)
        assert "Usage" in out + err
