"""The real engine on real photographs."""

import pytest

from appliance.base.errors import Corrupt
from appliance.faces import demo_people, demo_photo, pictures
from appliance.faces.engines import load
from appliance.faces.port import Box, FaceEngine, describe_single, single
from appliance.rules.facecheck import band

BANDS = (0.45, 0.60)


@pytest.mark.parametrize("person", demo_people.PEOPLE)
def test_the_right_person_is_admitted_by_the_chip_photograph(engine: FaceEngine, person: str) -> None:
    block = demo_photo.pack(demo_people.portrait(person))
    assert len(block) == 1024
    chip = describe_single(engine, pictures.decode(demo_photo.unpack(block)))
    roster = describe_single(engine, pictures.decode(demo_people.portrait(person)))
    for variant in range(5):
        live = describe_single(engine, pictures.decode(demo_people.live(person, variant)))
        assert band(engine.compare(live, chip), *BANDS) == "admit"
        assert band(engine.compare(live, roster), *BANDS) == "admit"


def test_another_person_is_not(engine: FaceEngine) -> None:
    one, other = (
        describe_single(engine, pictures.decode(body))
        for body in (demo_people.portrait("astronaut"), demo_people.live("hopper"))
    )
    assert band(engine.compare(one, other), *BANDS) in ("review", "mismatch")


@pytest.mark.parametrize(
    ("picture", "code"), [(demo_people.nobody, "no_face"), (demo_people.two_people, "two_faces")]
)
def test_nobody_and_two_people_are_named(engine: FaceEngine, picture, code: str) -> None:
    with pytest.raises(Corrupt) as caught:
        describe_single(engine, pictures.decode(picture()))
    assert caught.value.code == code and caught.value.next_step


def test_someone_far_behind_is_not_a_second_person() -> None:
    front = Box(100, 100, 300, 300)
    assert single([Box(0, 0, 80, 80), front]) == front
    with pytest.raises(Corrupt):
        single([Box(0, 0, 150, 150), front])


@pytest.mark.parametrize("body", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + bytes(40)])
def test_what_is_no_picture_is_named(body: bytes) -> None:
    with pytest.raises(Corrupt) as caught:
        pictures.decode(body)
    assert caught.value.code == "bad_picture"


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(Corrupt) as caught:
        load("nothing")
    assert caught.value.code == "unknown_engine"
