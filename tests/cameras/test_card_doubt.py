"""Whose pictures lie on a card, and of when: nothing is taken where camera, place or clock changed since."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from appliance.base.errors import Corrupt, DeviceFault, Refused
from appliance.base.settings import CameraSettings, RecorderSettings, Settings
from appliance.wire.fill import CardFilled, FillFromCard, Stretch
from appliance.wire.recorder import CameraStatus
from cameras.card import fill as filling
from cameras.card.clocks import KEPT, Ahead, Clocks, set_by, since, spread
from cameras.card.fill import CardFiller
from cameras.card.search import Recording
from cameras.card.watch import CardWatch
from cameras.fill import Filler
from cameras.index import Index, behind, moment
from tests.conftest import site_settings

NOW = datetime.now(UTC).replace(microsecond=0)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


class Card:
    """A camera's card that holds everything; each instance of the test's choice."""

    serial: str | None = "S1"
    offset = timedelta(seconds=3)
    doubt = timedelta(seconds=0.05)
    keep_alive = 60.0
    there: list[Recording] = [Recording(token="R", source="lens")]
    asked: list[str] = []

    def __init__(self, address: str, _user: str, _password: str) -> None:
        Card.asked.append(address)

    def meet(self) -> None:
        return

    def who(self) -> str | None:
        return self.serial

    def recordings(self) -> list[Recording]:
        return self.there


class Site:
    """C1 recorded, then had a gap an hour ago for ten minutes, and records."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = msgspec.structs.replace(
            site_settings(folder),
            cameras=[CameraSettings(code="C1", name="C1", address="10.0.0.7:80", room="T1")],
            recorder=RecorderSettings(media=str(folder / "media"), card_after_min=0.0),
        )
        self.index = Index(folder / "media")
        behind.follow(self.index, self.settings.cameras, ago(7200))
        behind.tell_serial(self.index, "C1", "S1", ago(7199))
        self.index.open_gap_row("G", "C1", ago(3600), "network", "")
        self.index.close_gap("G", ago(3000))
        self.index.open_gap_row("later", "C1", ago(3000), "resting", "")
        self.cards = CardFiller(
            self.settings,
            self.index,
            lambda _one: "",
            lambda _made, _by: None,
            Filler(self.settings, self.index, lambda _made, _by: None),
        )
        self.cards.clocks.see("C1", ago(7000), 3.0)
        status = CameraStatus(camera="C1", name="", room="T1", state="recording", since=ago(600), cause="")
        self.watch = CardWatch(self.settings, self.index, self.cards, lambda: [status], lambda: None)
        self.holes: list[tuple[datetime, datetime]] = []
        self.links: list[dict[str, list[str]]] = []

    def hole(self, _card: Any, _camera: Any, told: Any, part: tuple[datetime, datetime], *rest: Any) -> None:
        """In place of what asks the card."""
        self.holes.append(part)
        self.links.append(parse_qs(urlsplit(told.cause).query))
        rest[-1].filled.append(Stretch(start=part[0], end=part[1]))

    def change(self, seconds: float = 1800, **parts: Any) -> None:
        self.settings.cameras[0] = msgspec.structs.replace(self.settings.cameras[0], **parts)
        behind.follow(self.index, self.settings.cameras, ago(seconds))

    def by_itself(self) -> list[tuple[datetime, datetime]]:
        asyncio.run(self.watch.round())
        return self.holes

    def fill(self, **more: Any) -> CardFilled:
        return asyncio.run(self.cards.fill(FillFromCard(camera="C1", by="cli:root", **more)))

    def refused(self, **more: Any) -> str:
        with pytest.raises(DeviceFault) as error:
            self.fill(**more)
        return error.value.code


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site(tmp_path)
    monkeypatch.setattr(filling, "CardCamera", Card)
    monkeypatch.setattr(CardFiller, "_hole", lambda _self, *told: site.hole(*told))
    monkeypatch.setattr(Card, "asked", [])
    return site


GAP = ago(3600), ago(3000)


def test_the_same_camera_is_asked_by_itself_and_its_serial_stands_in_the_link(made: Site) -> None:
    assert made.by_itself() == [GAP]
    assert made.links[0]["serial"] == ["S1"]


@pytest.mark.parametrize("change", [{"address": "10.0.0.8:80"}, {"room": "T2"}])
def test_before_a_change_of_address_or_room_a_card_is_asked_only_for_a_time_a_person_names(
    change: dict[str, str], made: Site
) -> None:
    made.change(**change)
    assert made.by_itself() == [] and made.refused() == "card_other_camera"
    assert made.fill(start=GAP[0]).filled == [Stretch(start=GAP[0], end=GAP[1])]


def test_a_gap_after_a_change_of_room_is_filled_unless_another_device_answers_since(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went on recording through the change: who it is was asked before, and is asked after the gap."""
    made.change(6500, room="T2")
    monkeypatch.setattr(Card, "serial", "S2")
    assert made.by_itself() == [] and made.refused() == "card_other_camera"
    made.index.write("DELETE FROM behind WHERE serial = 'S2'")
    monkeypatch.setattr(Card, "serial", "S1")
    assert made.fill().filled and made.holes == [GAP]


def test_another_device_at_the_same_address(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Card, "serial", "S2")
    assert made.by_itself() == [], "asked who it is before its card is asked"
    assert made.refused() == "card_other_camera"
    monkeypatch.setattr(Card, "serial", None)
    assert made.refused() == "card_other_camera", "it was another one when it was asked last"


def test_a_code_used_again_and_a_gap_that_a_change_cuts_in_two(made: Site) -> None:
    camera = made.settings.cameras.pop()
    behind.follow(made.index, [], ago(3500))
    assert behind.newest(made.index)["C1"].address == behind.NOBODY
    made.settings.cameras.append(camera)
    assert made.refused() == "card_other_camera", "nobody has noted it yet"
    behind.follow(made.index, made.settings.cameras, ago(3200))
    behind.tell_serial(made.index, "C1", "S1", ago(3200))
    told = made.fill()
    assert made.holes == [(ago(3200), GAP[1])] and told.doubtful_s == 400 and not told.cut_short


def test_a_camera_whose_password_cannot_be_opened_leaves_the_others_asked(
    made: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    first = CameraSettings(code="C0", name="C0", address="10.0.0.6:80", room="T1")
    made.settings.cameras.insert(0, first)
    (there,) = made.watch._states()
    monkeypatch.setattr(made.watch, "_states", lambda: [msgspec.structs.replace(there, camera="C0"), there])

    def password(one: CameraSettings) -> str:
        if one.code == "C0":
            raise Corrupt("camera_password_sealed", "sealed")
        return ""

    monkeypatch.setattr(made.cards, "_password", password)
    assert made.by_itself() == [GAP] and set(Card.asked) == {"10.0.0.7:80"}
    made.by_itself()
    assert len([one for one in caplog.records if "camera C0" in one.getMessage()]) == 1, "not each round"


def test_a_clock_set_after_a_restart_leaves_the_gap(made: Site) -> None:
    """The recorder stood still; its camera was 300 s ahead before and after, then somebody set its clock."""
    made.cards.clocks.see("C1", ago(3700), 300.0)
    made.cards.clocks = Clocks(made.index)
    made.cards.clocks.see("C1", ago(2900), 300.2)
    made.cards.clocks.see("C1", ago(1000), 3.0)
    assert made.by_itself() == [] and made.refused() == "card_clock_set"
    filled = made.fill(clock_offset=300.0)
    assert filled.filled and "doubt" not in made.links[0] and made.links[0]["clock"] == ["+300.00"]


def test_a_clock_that_nobody_had_read_before_the_gap(made: Site) -> None:
    made.index.write("UPDATE clock SET at = at + 4000000000")
    assert made.by_itself() == [] and made.refused() == "card_clock_unknown"


def test_how_far_the_times_may_be_wrong_stands_in_the_link(made: Site) -> None:
    made.cards.clocks.see("C1", ago(3500), 3.2)
    made.fill()
    assert made.links[0]["doubt"] == ["0.05"]
    made.holes.clear()
    made.cards.clocks.see("C1", ago(100), 4.7)
    made.fill()
    assert made.links[-1]["doubt"] == ["1.70"]


def test_a_clock_that_cannot_be_read_closely_is_of_no_use(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Card, "doubt", timedelta(seconds=1.1))
    assert made.refused() == "card_clock_slow"
    assert made.fill(clock_offset=3.0).filled


def test_another_lens_counts_although_it_holds_nothing_of_the_gap(
    made: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Recording(token="3", source="third", first=ago(90_000), last=ago(80_000))
    monkeypatch.setattr(Card, "there", [*Card.there, old])
    with pytest.raises(Refused) as refused:
        made.fill()
    assert refused.value.code == "card_ambiguous" and made.by_itself() == []
    assert made.fill(recording="R").filled


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def ahead(*told: tuple[float, float]) -> list[Ahead]:
    return [(later(seconds), one) for seconds, one in told]


@pytest.mark.parametrize(
    ("readings", "moved"),
    [
        (ahead((0, 3.0), (600, 3.4), (1200, 2.9)), None),
        (ahead((0, 3.0), (900, 0.1)), -2.9),
        (ahead((0, 300.0), (900, 300.4), (1000, 0.1)), pytest.approx(-300.3)),
        (ahead((0, 0.1), (900, 300.4), (1000, 0.1)), pytest.approx(300.3)),
        (ahead((0, 0.0), (86_400, 8.0)), None),
        (ahead((0, 0.0), (3600, 0.3), (7200, 8.0)), 7.7),
    ],
)
def test_a_clock_that_was_set_is_seen_and_one_that_drifts_is_left(
    readings: list[Ahead], moved: float | None
) -> None:
    assert set_by(readings) == moved


def test_from_which_reading_on_a_gap_depends_on_a_clock() -> None:
    readings = ahead((0, 1.0), (100, 2.0), (200, 3.0))
    assert since(readings, later(-1)) == []
    assert since(readings, later(100)) == readings[1:] == since(readings, later(150))
    assert spread(readings) == 2.0 and spread(readings[1:]) == 0.0


def test_readings_are_kept_over_a_restart_and_not_all(tmp_path: Path) -> None:
    index = Index(tmp_path)
    clocks = Clocks(index)
    for number in range(150):
        clocks.see("C1", later(number * 7200), 300 + number % 2 / 2)
    now, end = later(149 * 7200), 149 * 7200
    (kept,) = index.rows("SELECT count(*), min(at) FROM clock WHERE camera = 'C1'")
    assert kept[0] < 8 * 12 + 3 and moment(kept[1]) <= now - KEPT
    again = Clocks(index)
    again.see("C1", later(end + 60), 0.1)
    found = again.since("C1", later(end - 7 * 86_400), later(end + 120), 0.1)
    assert set_by(found) == pytest.approx(-300.1, abs=0.6)
    assert again.since("C2", now, now, 0.1) == []
    index.close()
