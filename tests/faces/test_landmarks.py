"""The landmark model of another licence: with it the shipped one is neither imported nor needed."""

import io
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
import pytest

from appliance.base.errors import Unavailable
from appliance.faces import demo_people, pictures, worker
from appliance.faces.landmarks import Landmarker
from appliance.faces.port import FaceEngine
from appliance.wire.faceworker import Look, Looked, WorkerReply
from tests.faces import tiny_onnx

SPEC = find_spec("face_recognition_models")
assert SPEC is not None and SPEC.origin
MODELS = Path(SPEC.origin).parent / "models"
OWN = "own_68_points.dat"


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A model at the site's own place: the shipped file under another name."""
    (tmp_path / OWN).symlink_to(MODELS / "shape_predictor_68_face_landmarks.dat")
    return str(tmp_path / OWN)


@pytest.fixture
def removed(engine: FaceEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the packages: importing them fails."""
    for package in ("face_recognition", "face_recognition.api", "face_recognition_models"):
        monkeypatch.setitem(sys.modules, package, None)


def test_the_sites_own_model_finds_the_same_points(
    engine: FaceEngine, own: str, request: pytest.FixtureRequest
) -> None:
    picture = pictures.decode(demo_people.live("astronaut"))
    box = engine.detect(picture)[0]
    shipped = Landmarker().find(picture, box)
    request.getfixturevalue("removed")
    assert np.array_equal(Landmarker(own).find(picture, box), shipped)
    with pytest.raises(Unavailable) as caught:
        Landmarker()
    assert caught.value.code == "engine_missing" and "faces.landmarks" in caught.value.next_step


@pytest.mark.usefixtures("removed")
def test_a_worker_with_opencvs_engine_needs_nothing_of_it(own: str, tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").write_bytes(tiny_onnx.yunet(640, 352, (250.0, 60.0, 120.0, 150.0)))
    (tmp_path / "sface.onnx").write_bytes(tiny_onnx.sface())
    picture = pictures.encode(pictures.decode(demo_people.live("astronaut"))[:704])
    looked = _looked("sface", str(tmp_path / "yunet.onnx"), str(tmp_path / "sface.onnx"), own, live=picture)
    assert isinstance(looked, Looked) and looked.engine == "sface" and looked.faces == 1


@pytest.mark.usefixtures("removed")
def test_a_worker_says_what_is_missing() -> None:
    assert _looked("dlib", "", "", "") == "engine_missing"


@pytest.mark.parametrize("file", ["gone.dat", "rubbish.dat", "five.dat"])
def test_a_file_that_is_no_such_model_is_named(tmp_path: Path, file: str) -> None:
    (tmp_path / "rubbish.dat").write_bytes(b"rubbish")
    (tmp_path / "five.dat").symlink_to(MODELS / "shape_predictor_5_face_landmarks.dat")
    with pytest.raises(Unavailable) as caught:
        Landmarker(str(tmp_path / file))
    assert caught.value.code == "landmarks_missing" and caught.value.params["place"].endswith(file)


def _looked(engine: str, detector: str, recogniser: str, landmarks: str, live: bytes = b"") -> Looked | str:
    """One look of a worker served in this process; the code when it could not begin."""
    body = msgspec.msgpack.encode(Look(references=[], live=live))
    said = io.BytesIO()
    asked = io.BytesIO(len(body).to_bytes(4) + body)
    worker.serve(asked, said, engine, "", detector, recogniser, landmarks)
    said.seek(0)
    replies = []
    while (frame := worker.read_frame(said)) is not None:
        replies.append(msgspec.msgpack.decode(frame, type=WorkerReply))
    if (broken := replies[0].broken) is not None:
        return broken.code
    [looked] = [one.looked for one in replies if one.looked is not None]
    return looked
