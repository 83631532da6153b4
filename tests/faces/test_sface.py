"""OpenCV's engine: real code on stand-in model files, and clear words when the files are missing."""

import json
from pathlib import Path

import numpy as np
import pytest

from appliance.base.errors import Corrupt, Unavailable
from appliance.faces import demo_people, pictures
from appliance.faces.engines import load
from appliance.faces.lane import FaceWorker
from appliance.faces.port import Descriptor, FaceEngine, describe_single
from appliance.wire.faceworker import Reference
from tests.command import examsite
from tests.faces import tiny_onnx

FACE = (250.0, 60.0, 120.0, 150.0)
"""In the 640 x 352 picture the stand-in detector works on."""


@pytest.fixture
def models(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "yunet.onnx").write_bytes(tiny_onnx.yunet(640, 352, FACE))
    (tmp_path / "sface.onnx").write_bytes(tiny_onnx.sface())
    return str(tmp_path / "yunet.onnx"), str(tmp_path / "sface.onnx")


def test_detect_describe_compare(models: tuple[str, str]) -> None:
    engine = load("sface", *models)
    picture = pictures.decode(demo_people.live("astronaut"))[:704]
    (box,) = engine.detect(picture)
    assert abs(box.left - 500) <= 3 and abs(box.width - 240) <= 3 and len(box.points) == 5
    one = engine.describe(picture, box)
    other = engine.describe(pictures.decode(demo_people.live("hopper"))[:704], box)
    assert one.numbers.shape == (128,) and np.linalg.norm(one.numbers) == pytest.approx(1)
    assert engine.compare(one, one) == pytest.approx(0, abs=1e-6) and engine.compare(one, other) > 0.001
    assert engine.name == "sface" and engine.version.count("/") == 2


def test_another_model_is_another_engine(models: tuple[str, str], engine: FaceEngine) -> None:
    here = load("sface", *models)
    picture = pictures.decode(demo_people.live("astronaut"))[:704]
    described = describe_single(here, picture)
    Path(models[1]).write_bytes(Path(models[1]).read_bytes() + b"\x30\x01")
    for other in (load("sface", *models), engine):
        with pytest.raises(Corrupt) as caught:
            other.compare(described, described)
        assert caught.value.code == "other_engine"
    with pytest.raises(Corrupt):
        here.compare(described, Descriptor("dlib 1", np.zeros(128)))


async def test_missing_and_broken_models_are_named(models: tuple[str, str], tmp_path: Path) -> None:
    for detector, recogniser in (("", ""), (str(tmp_path / "gone"), models[1]), (models[0], "")):
        with pytest.raises(Unavailable) as caught:
            load("sface", detector, recogniser)
        assert caught.value.code == "model_missing" and "ONNX" in caught.value.next_step
    (tmp_path / "rubbish.onnx").write_bytes(b"rubbish")
    with pytest.raises(Unavailable) as caught:
        load("sface", str(tmp_path / "rubbish.onnx"), models[1])
    assert caught.value.code == "model_unusable"
    with pytest.raises(Unavailable) as caught:
        await FaceWorker("sface", models=(models[0], str(tmp_path / "gone"))).start()
    assert caught.value.code == "model_missing" and caught.value.next_step


async def test_the_worker_stores_the_engine_with_what_it_saw(models: tuple[str, str]) -> None:
    worker = FaceWorker("sface", models=models)
    picture = pictures.encode(pictures.decode(demo_people.live("astronaut"))[:704])
    try:
        looked = await worker.look([Reference("chip", picture)], live=picture)
    finally:
        await worker.close()
    assert looked.engine == "sface" and len(looked.version) > 20
    assert looked.compared[0].distance == pytest.approx(0, abs=1e-6)


def test_the_command_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "examsite.toml"
    config.write_text('[site]\ncode = "999999-01"\nname = "x"\n[faces]\nengine = "sface"\n')
    monkeypatch.setenv("EXAMSITE_CONFIG", str(config))
    status, out, err = examsite("faces", "compare", "a", "b", "--json")
    assert status == 3 and json.loads(out)["error"]["code"] == "model_missing" and "faces.detector" in err
