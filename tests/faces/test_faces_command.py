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
    for line in (("faces",), ("faces", "compare"), ("faces", "calibrate")):
        status, out, err = examsite(*line)
        assert status == 2 and "用法：examsite faces" in out + err


@pytest.fixture
def pairs(files: dict[str, str], tmp_path: Path) -> Path:
    (tmp_path / "other portrait.jpg").write_bytes(demo_people.portrait("hopper"))
    lines = [
        "portrait,same,1",
        "other portrait.jpg,other,yes",
        "portrait,other,0",
        "same,other portrait.jpg,否",
    ]
    path = tmp_path / "pairs.csv"
    path.write_text("\ufefffile_a,file_b,same\r\n" + "\r\n".join(lines) + "\r\n", "utf-8")
    return path


def test_calibrate(pairs: Path, tmp_path: Path) -> None:
    roc = tmp_path / "roc.png"
    status, out, err = examsite(
        "--lang", "en", "faces", "calibrate", str(pairs), "--json", "--picture", str(roc)
    )
    shown = json.loads(out)
    assert status == 0 and shown["pairs"] == {"same": 2, "different": 2} and shown["skipped"] == []
    assert shown["eer"] == 0 and set(shown["thresholds"][0]) == {"threshold", "frr", "far"}
    bands = shown["suggested"]
    assert 0.3 < bands["admit_below"] <= 0.45 and bands["review_below"] >= 0.60
    assert "Too few pairs" in err and shown["enough"] == {"same": False, "different": False}
    assert roc.read_bytes().startswith(b"\x89PNG")
    status, out, err = examsite("faces", "calibrate", str(pairs))
    assert status == 0 and "建议" in out and "照片对过少" in err


def test_pairs_that_cannot_be_compared_are_named(pairs: Path) -> None:
    with pairs.open("a", encoding="utf-8") as source:
        source.write("portrait,nobody,1\ntwo,same,0\ngone,same,1\nrubbish,same,0\nsame,other,perhaps\n")
    status, out, _ = examsite("faces", "calibrate", str(pairs), "--json")
    skipped = json.loads(out)["skipped"]
    assert status == 1 and [one["row"] for one in skipped] == [6, 7, 8, 9, 10]
    codes = ["no_face", "two_faces", "no_such_file", "bad_picture", "bad_same"]
    assert [one["code"] for one in skipped] == codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_pairs"),
        ("a,b,c\n1,2,3\n", "bad_pairs"),
        ("file_a,file_b,same\n", "too_few_pairs"),
        ("file_a,file_b,same\nportrait,same,1\n", "too_few_pairs"),
    ],
)
def test_lists_that_are_of_no_use(pairs: Path, text: str, code: str) -> None:
    pairs.write_text(text)
    status, out, err = examsite("faces", "calibrate", str(pairs), "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == code and err
