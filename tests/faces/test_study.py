"""What a seat's camera saw, in one word, on real photographs and altered copies of them."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from appliance.faces import demo_people, pictures
from appliance.faces.demo_motion import turned, warp
from appliance.faces.landmarks import Landmarker
from appliance.faces.port import FaceEngine, Picture
from appliance.faces.study import Student
from appliance.wire.faceworker import Photo, Study


@pytest.fixture(scope="module")
def landmarker() -> Landmarker:
    return Landmarker()


@pytest.fixture(scope="module")
def student(engine: FaceEngine, landmarker: Landmarker) -> Student:
    return Student(engine, landmarker)


def jpeg(picture: Picture) -> bytes:
    target = io.BytesIO()
    Image.fromarray(picture).save(target, "JPEG", quality=90)
    return target.getvalue()


def masked(picture: Picture, engine: FaceEngine, landmarker: Landmarker) -> Picture:
    box = engine.detect(picture)[0]
    points = landmarker.find(picture, box)
    worn = picture.copy()
    outline = np.round(points[[29, *range(2, 15)]]).astype(np.int32)
    cv2.fillConvexPoly(worn, cv2.convexHull(outline), (196, 214, 226))
    return worn


def test_the_right_person_and_somebody_else(student: Student) -> None:
    photos = [
        Photo("roster", demo_people.portrait("hopper")),
        Photo("entrance", demo_people.live("hopper", 2)),
    ]
    right = student.study(Study(picture=demo_people.live("hopper", 1), photos=photos))
    assert right.seen == "face" and right.photos == 2 and len(right.compared) == 2
    assert all(one.distance is not None and one.distance < 0.45 for one in right.compared)
    wrong = student.study(Study(picture=demo_people.live("astronaut", 1), photos=photos))
    assert all(one.distance is not None and one.distance > 0.6 for one in wrong.compared)
    assert right.seconds > 0 and not right.devices and not right.device_fault


def test_nobody_and_a_covered_lens(student: Student) -> None:
    rng = np.random.default_rng(1)
    room = np.clip(rng.normal(130, 40, (48, 64, 3)), 0, 255).astype(np.uint8).repeat(10, 0).repeat(10, 1)
    assert student.study(Study(picture=jpeg(room))).seen == "nobody"
    assert student.study(Study(picture=jpeg(np.full((480, 640, 3), 90, np.uint8)))).seen == "covered"
    assert student.study(Study(picture=jpeg(np.zeros((480, 640, 3), np.uint8)))).seen == "covered"


def test_two_people(student: Student) -> None:
    found = student.study(Study(picture=demo_people.two_people()))
    assert found.seen == "several" and found.faces == 2 and not found.compared


def test_a_mask_and_a_turned_head(student: Student, engine: FaceEngine, landmarker: Landmarker) -> None:
    picture = pictures.decode(demo_people.live("hopper"))
    assert student.study(Study(picture=jpeg(masked(picture, engine, landmarker)))).seen == "covered"
    points = landmarker.find(picture, engine.detect(picture)[0])
    away = student.study(Study(picture=jpeg(warp(picture, points, turned(points, 45)))))
    assert away.seen == "turned" and not away.compared, "a turned face is not compared"


def test_what_is_no_picture_says_so(student: Student) -> None:
    assert student.study(Study(picture=b"\xff\xd8\xff...")).cause == "bad_picture"


def test_a_photograph_without_a_face_is_no_comparison(student: Student) -> None:
    photos = [Photo("roster", demo_people.nobody())]
    found = student.study(Study(picture=demo_people.live("hopper"), photos=photos))
    assert found.photos == 0 and found.compared[0].distance is None
