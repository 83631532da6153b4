"""The printed card before the lane's camera, on the entrance's real parts."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from appliance.base.errors import NotFound, Unavailable
from appliance.base.sockets import ask
from appliance.devices.cardreader.layouts import demo_card, write
from appliance.devices.cardreader.protocol import CardData
from appliance.faces import demo_people
from appliance.flow.accounts import Who
from appliance.flow.card_picture import keep_card_picture, lane_of_card
from appliance.flow.desk import tap_by_id
from appliance.records.journal import Journal
from appliance.wire.gate import CardPhotographed, PhotographCard
from tests.test_gatehouse import Entrance, _new, entrance, give_photo
from tests.world import number_of

__all__ = ["entrance"]


async def test_who_holds_the_card_is_photographed_and_a_silent_camera_is_told(entrance: Entrance) -> None:
    box, gate = entrance.box, entrance.box.settings.socket("gate")
    photo = box.files.put(demo_people.portrait("astronaut"), secret=True)
    await box.db.write(give_photo, box, number_of(2), photo)
    entrance.face.write_bytes(demo_people.live("astronaut"))
    text = write(demo_card("考生2", number_of(2), date(2020, 1, 1)))
    entrance.reader.put(CardData(text=text, photo=bytes(1024)))
    tap = await entrance.until(lambda: _new(box, set()), 40)
    assert (tap.result, tap.code) == ("review", "face_roster_only")
    line = box.db.read_now(tap_by_id, box, tap.id)
    assert line and line.pictures.card_wanted

    entrance.face.write_bytes(demo_people.two_people())  # the printed face beside the living one
    lane = box.db.read_now(lane_of_card, tap.id)
    taken = await ask(gate, PhotographCard(lane), CardPhotographed, timeout=15)
    assert box.files.get(taken.picture, True).startswith(b"\xff\xd8\xff")
    who = Who(account="a", login="a", name="a", role="entry")
    await box.db.write(keep_card_picture, box, tap.id, taken.picture, who)
    line = box.db.read_now(tap_by_id, box, tap.id)
    assert line and taken.picture.startswith(line.pictures.paper) and line.pictures.paper

    Path(entrance.face).unlink()
    with pytest.raises(Unavailable) as silent:
        await ask(gate, PhotographCard(lane), CardPhotographed, timeout=15)
    assert silent.value.code == "camera_silent"
    with pytest.raises(NotFound):
        await ask(gate, PhotographCard("nowhere"), CardPhotographed)
    again = box.db.read_now(tap_by_id, box, tap.id)
    assert again and again.case_open and again.pictures == line.pictures, "nothing is lost"
    kinds = box.db.read_now(lambda s: s.exec(select(Journal.kind)).all())
    assert kinds.count("card.photographed") == 1 and "device.lost" in kinds
    assert not entrance.board.pulses
