"""The printed card on the desk: which cases ask for its picture, what is kept of it, and which photograph counts."""

from typing import Any

import msgspec
import pytest
from sqlmodel import Session, col, select

from appliance.base.clock import FakeClock
from appliance.base.errors import Conflict, NotFound
from appliance.flow.admit import FaceTaken
from appliance.flow.box import Box
from appliance.flow.card_picture import keep_card_picture, lane_of_card
from appliance.flow.decide_case import decide_case
from appliance.flow.desk import tap_by_id
from appliance.flow.face_taken import face_taken
from appliance.flow.forget_faces import forget_faces
from appliance.flow.look import paper_picture, roster_photo
from appliance.records.entry import FaceCheck, Tap
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.wire.faceworker import Distance, Looked, Reference
from tests.flow.test_by_hand import paper, show
from tests.flow.test_entry import Tapper, person, sitting, tap
from tests.flow.test_forget_faces import DAY, JPEG, kept, let_age
from tests.world import number_of

__all__ = ["sitting", "tap"]


def face(code: str, reference: str = "chip") -> FaceTaken:
    return FaceTaken(engine="dlib", version="20", reference=reference, band="review", code=code)


def give_photo(session: Session, box: Box, index: int, photo: str) -> None:
    wanted = select(Candidate).where(Candidate.number_index == box.key.index(number_of(index)))
    candidate = session.exec(wanted).one()
    candidate.photo = photo
    session.add(candidate)


def told(box: Box) -> list[dict[str, Any]]:
    wanted = select(Journal).where(Journal.kind == "card.photographed").order_by(col(Journal.seq))
    return [msgspec.json.decode(row.body) for row in box.db.read_now(lambda s: s.exec(wanted).all())]


def wanted(box: Box, tap_id: str) -> bool:
    line = box.db.read_now(tap_by_id, box, tap_id)
    assert line
    return line.pictures.card_wanted


@pytest.mark.parametrize(
    ("code", "reference", "asked"),
    [
        ("face_roster_only", "roster", True),
        ("no_photograph", "", True),
        ("photo_without_face", "chip", True),
        ("photo_without_face", "roster", True),
        ("face_engine_silent", "", True),
        ("face_mismatch", "roster", True),
        ("face_mismatch", "chip", False),
        ("liveness_failed", "roster", True),
        ("face_review", "chip", False),
        ("face_photos_differ", "chip", False),
        ("no_face", "chip", False),
    ],
)
def test_the_card_is_wanted_where_the_chips_photograph_is_missing(
    box: Box, tap: Tapper, code: str, reference: str, asked: bool
) -> None:
    found = tap(0, face(code, reference))
    assert found.result == "review" and wanted(box, found.tap) == asked
    if asked:
        assert box.db.read_now(lane_of_card, found.tap) == "L1"
    else:
        with pytest.raises(Conflict):
            box.db.read_now(lane_of_card, found.tap)


def test_another_doubt_first_asks_as_well(box: Box, tap: Tapper) -> None:
    """The code of the case names the first doubt only."""
    found = tap(0, face("face_roster_only", "roster"), name="别名")
    assert wanted(box, found.tap)


def test_a_typed_paper_is_not_photographed(box: Box, sitting: str) -> None:
    """Its picture came with it; and who asked to be looked at by people is not photographed at all."""
    for index, kind in enumerate(("chip_unreadable", "by_choice")):
        found = show(box, paper(index, paper=kind, picture=""))
        assert found.case and not wanted(box, found.tap)
        with pytest.raises(Conflict):
            box.db.read_now(lane_of_card, found.tap)


def test_a_picture_is_kept_replaced_and_journaled(box: Box, tap: Tapper) -> None:
    found, anna = tap(0, face("no_photograph", "")), person(box, "anna", "entry")
    person(box, "berta", "entry")
    first, then = (box.files.put(JPEG + one, secret=True) for one in (b"blurred", b"sharp"))
    for picture in (first, then):
        box.db.write_now(keep_card_picture, box, found.tap, picture, anna)
    assert [(one["before"], one["picture"], one["lane"]) for one in told(box)] == [
        ("", first, "L1"),
        (first, then, "L1"),
    ]
    assert box.db.read_now(paper_picture, found.tap) == (then, found.candidate)
    line = box.db.read_now(tap_by_id, box, found.tap)
    assert line and then.startswith(line.pictures.paper) and line.pictures.paper

    box.db.write_now(decide_case, box, found.case, "admit", "printed card fits", anna, "berta")
    assert not wanted(box, found.tap)
    with pytest.raises(Conflict):
        box.db.write_now(keep_card_picture, box, found.tap, first, anna)
    with pytest.raises(NotFound):
        box.db.read_now(lane_of_card, "nobody")


def test_the_pictures_are_forgotten(box: Box, tap: Tapper) -> None:
    """The one that was replaced as what nobody points to, the last one when it was kept long enough."""
    found, anna = tap(0, face("no_photograph", "")), person(box, "anna", "entry")
    for text in (b"blurred", b"sharp"):
        name = box.files.put(JPEG + text, secret=True)
        box.db.write_now(keep_card_picture, box, found.tap, name, anna)
    let_age(box)
    assert forget_faces(box).left_over == 1 and len(kept(box)) == 1
    assert isinstance(box.clock, FakeClock)
    box.clock.advance((box.settings.faces.keep_days + 1) * DAY)
    assert forget_faces(box).count == 1 and not kept(box)
    assert box.db.read_now(lambda s: s.get_one(Tap, found.tap)).paper_picture == ""


def test_photographs_that_differ_keep_the_chips(box: Box, tap: Tapper) -> None:
    """And the roster's stands beside it: both are seen."""
    pictures = {"chip": JPEG + b"chip", "roster": JPEG + b"roster"}
    looked = Looked(
        engine="dlib",
        version="20",
        live=JPEG + b"live",
        faces=1,
        compared=[Distance(kind="roster", distance=0.9), Distance(kind="chip", distance=0.3)],
    )
    roster = box.files.put(pictures["roster"], secret=True)
    references = [Reference("roster", pictures["roster"]), Reference("chip", pictures["chip"])]
    box.db.write_now(give_photo, box, 0, roster)
    found = tap(0, face_taken(box, looked, references, ""))
    assert found.code == "face_photos_differ"
    check = box.db.read_now(lambda s: s.exec(select(FaceCheck).where(FaceCheck.tap == found.tap)).one())
    assert (check.reference, check.distance) == ("chip", 0.3)
    assert box.files.get(check.reference_photo, True) == pictures["chip"]
    line = box.db.read_now(tap_by_id, box, found.tap)
    assert line and line.pictures.roster
    assert box.db.read_now(roster_photo, found.tap) == (roster, found.candidate)


def test_the_roster_photo_is_for_a_look_at_the_person(box: Box, tap: Tapper) -> None:
    """Not of somebody who is refused anyway; nor one that was altered; of who seems to be inside already it is."""

    def shown(tap_id: str) -> bool:
        line = box.db.read_now(tap_by_id, box, tap_id)
        assert line
        return line.pictures.roster

    admitted = tap(0)
    assert not shown(admitted.tap)
    with pytest.raises(NotFound):
        box.db.read_now(roster_photo, admitted.tap)
    for index in (0, 1):
        box.db.write_now(give_photo, box, index, box.files.put(JPEG + b"roster", secret=True))
    assert shown(admitted.tap)
    again = tap(0)
    assert again.code == "already_inside" and shown(again.tap)
    assert not shown(tap(1, face("photo_altered")).tap)
    assert not shown(tap(1, kind="practical").tap)
