"""Phones and other devices: a detector made by hand, run by OpenCV as a site's own would be."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.base.errors import Unavailable
from appliance.base.settings import CaptureSettings, dump
from appliance.faces import demo_people
from appliance.faces.devices import DeviceDetector, files_fault
from appliance.faces.lane import FaceWorker
from appliance.flow.box import Box
from appliance.wire.faceworker import Study
from tests.command import examsite
from tests.faces.tiny_onnx import detector

CLASSES = ["person", "cell phone", "book"]
PHONE = (1, 1.0, 320.0, 160.0, 64.0, 96.0)
SAME = (1, 0.9, 324.0, 164.0, 64.0, 96.0)
BOOK = (2, 0.8, 324.0, 164.0, 64.0, 96.0)
PERSON = (0, 1.0, 320.0, 300.0, 400.0, 500.0)
RED = np.full((480, 640, 3), (255, 0, 0), np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    model, classes = tmp_path / "devices.onnx", tmp_path / "classes.txt"
    model.write_bytes(detector(len(CLASSES), [PHONE, SAME, BOOK, PERSON]))
    classes.write_text("\n".join(CLASSES) + "\n", "utf-8")
    return str(model), str(classes)


def test_each_thing_is_told_once_with_its_place(files: tuple[str, str]) -> None:
    found = DeviceDetector(*files).find(RED, 0.5)
    # The grey below the picture takes part of the red away: scores are no more than 0.75 and a bit.
    assert sorted(one.name for one in found) == ["book", "cell phone", "person"]
    phone = next(one for one in found if one.name == "cell phone")
    assert phone.left == pytest.approx(288 / 640, abs=0.01) and phone.right == pytest.approx(
        352 / 640, abs=0.01
    )
    assert phone.top == pytest.approx(112 / 480, abs=0.01) and phone.bottom == pytest.approx(
        208 / 480, abs=0.01
    )
    assert DeviceDetector(*files).find(RED, 0.99) == []
    assert DeviceDetector(*files).find(np.zeros_like(RED), 0.5) == []


def test_a_missing_file_and_a_wrong_shape_are_named(files: tuple[str, str], tmp_path: Path) -> None:
    model, classes = files
    assert files_fault("", "") is None and files_fault(model, classes) is None
    for pair in (("/nowhere.onnx", classes), (model, "/nowhere.txt"), (model, "")):
        with pytest.raises(Unavailable) as caught:
            DeviceDetector(*pair)
        assert caught.value.code == "device_model_missing"
    fewer = tmp_path / "fewer.txt"
    fewer.write_text("cell phone\n")
    with pytest.raises(Unavailable, match=r"not 1 x \(4 \+ 1\) x N"):
        DeviceDetector(model, str(fewer))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(Unavailable) as caught:
        DeviceDetector(str(broken), classes)
    assert caught.value.code == "device_model_unusable"


async def test_the_worker_looks_for_devices_beside_faces(files: tuple[str, str]) -> None:
    worker = FaceWorker("dlib", "", 20, ("", "", "", *files))
    picture = demo_people.live("hopper")
    found = await worker.study(Study(picture=picture, devices=["cell phone"], device_score=0.1))
    await worker.close()
    assert found.seen == "face" and {one.name for one in found.devices} == {"cell phone"}


async def test_without_the_file_faces_are_looked_at_all_the_same() -> None:
    worker = FaceWorker("dlib", "", 20, ("", "", "", "/nowhere.onnx", ""))
    found = await worker.study(Study(picture=demo_people.live("hopper")))
    await worker.close()
    assert found.seen == "face" and found.device_fault == "device_model_missing"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_check_names_the_missing_file(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captures = CaptureSettings(device_model="/nowhere.onnx", device_classes="/nowhere.txt")
    config = tmp_path / "site.toml"
    config.write_bytes(dump(msgspec.structs.replace(box.settings, captures=captures)))
    monkeypatch.setenv("EXAMSITE_CONFIG", str(config))
    status, out, _ = examsite("check", "--json")
    assert status == 1 and "device_model_missing" in out and "/nowhere.onnx" in out
