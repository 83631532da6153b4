"""A cut cable, and what was missed fetched from the camera's own card by ONVIF Profile G, over the real protocols."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.base.errors import DeviceFault, ExamError, NotFound, Refused
from appliance.base.settings import CameraSettings, Settings
from appliance.wire.fill import CardFilled, FillFromCard, Stretch
from appliance.wire.orders import Orders, SittingOrder
from appliance.wire.simulators import SetCamera
from cameras import rtp, rtp_h265, timecode
from cameras.card import fill as filling
from cameras.card import watch as watching
from cameras.card.fill import CardFiller
from cameras.card.keep import Keeper
from cameras.card.packets import Codec, Picture, Stamp
from cameras.card.search import CardCamera
from cameras.card.watch import CardWatch
from cameras.clips.find import find
from cameras.fill import Filler
from cameras.index import Index, Reader
from cameras.index.untold import Asked
from cameras.integrity import file_sha256, verify
from cameras.media import CARD, open_segment
from cameras.recorder import Recorder
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.simulator.picture import Encoder
from cameras.simulator.scene import Room
from tests.cameras.conftest import PASSWORD, recorded, recording, site, until

WHO = Asked("card_filled", "cli:root", datetime(2026, 11, 22, 5, 0, tzinfo=UTC))


@pytest.fixture(autouse=True)
def what_is_missing_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "LAG", timedelta(seconds=1))


def traits(**more: Any) -> Traits:
    return Traits(code="C1", password=PASSWORD, discovery_port=0, card=5.0, **more)


class Made:
    """A recorder with one camera whose cable was cut for some seconds, and what fills its gaps."""

    def __init__(self, camera: SimulatedCamera, settings: Settings, recorder: Recorder) -> None:
        assert recorder.index
        self.camera, self.settings, self.recorder, self.index = camera, settings, recorder, recorder.index
        self.media = Path(settings.recorder.media)
        self.told: list[tuple[CardFilled, str]] = []
        filler = Filler(settings, recorder.index, lambda _made, _by: None)
        self.cards = CardFiller(
            settings,
            recorder.index,
            lambda _one: PASSWORD,
            lambda made, by: self.told.append((made, by)),
            filler,
        )

    async def fill(self, **more: Any) -> CardFilled:
        return await self.cards.fill(FillFromCard(camera="C1", by="cli:root", **more))

    async def refused(self, **more: Any) -> str:
        with pytest.raises(ExamError) as error:
            await self.fill(**more)
        return error.value.code


@asynccontextmanager
async def cut(folder: Path, seconds: float, **more: Any) -> AsyncIterator[Made]:
    """A camera records, is cut off for so long, and records again."""
    async with SimulatedCamera(traits(**more)) as camera:
        settings = site(folder, camera)
        async with recording(settings) as recorder:
            made = Made(camera, settings, recorder)
            await recorded(recorder, 1.5)
            await watched(made, 5.0, None).round()  # who it is and what its clock says is known before
            await camera.change(SetCamera(plugged=False))
            await asyncio.sleep(seconds)
            await camera.change(SetCamera(plugged=True))
            before = recorder.status().cameras[0].recorded_s
            await until(lambda: recorder.status().cameras[0].recorded_s > before + 2.5)
            yield made


def times_of(path: Path) -> list[tuple[float, datetime]]:
    """Seconds into a file, and the time its picture shows."""
    found = []
    with open_segment(path) as container:
        for frame in container.decode(video=0):
            code = timecode.read_frame(frame)
            assert code is not None and code.tag == timecode.camera_tag("C1")
            found.append((float(frame.time or 0), code.at))
    return found


def watched(made: Made, after: float, orders: Orders | None) -> CardWatch:
    """What asks by itself, `after` minutes."""
    kept = msgspec.structs.replace(made.settings.recorder, card_after_min=after)
    settings = msgspec.structs.replace(made.settings, recorder=kept)
    states = made.recorder.cameras
    return CardWatch(settings, made.index, made.cards, lambda: [states[0].snapshot()[0]], lambda: orders)


async def not_by_itself_yet(made: Made) -> None:
    """Not while a sitting runs, and not before the camera has been back for some minutes."""
    now = datetime.now(UTC)
    sitting = SittingOrder(
        id="S", rooms=["T1"], opens_at=now, starts_at=now, ends_at=now + timedelta(hours=1), started_at=now
    )
    await watched(made, 0.0, Orders(made_at=now, rooms=["T1"], sittings=[sitting])).round()
    await watched(made, 5.0, None).round()
    assert made.told == []


@contextmanager
def two_recordings() -> Iterator[None]:
    """The card tells of its recording twice, as recorders with two streams of a lens do."""
    told, address = CardCamera.recordings, CardCamera.replay_address
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            CardCamera,
            "recordings",
            lambda card: [
                msgspec.structs.replace(one, token=f"Recording_{n}") for one in told(card) for n in (1, 2)
            ],
        )
        patch.setattr(CardCamera, "replay_address", lambda card, _token: address(card, "Recording_1"))
        yield


@pytest.mark.long
async def test_a_cut_cable_is_filled_from_the_cameras_card(tmp_path: Path) -> None:
    """Its clock is seven seconds ahead: what is kept says when it truly was, as the pictures themselves prove."""
    skew = 7.0
    async with cut(tmp_path, 4.0, skew=skew) as made:
        closed = made.index.rows("SELECT path FROM segment WHERE state = 'closed'")
        before = {made.media / path: file_sha256(made.media / path) for (path,) in closed}
        assert before
        days = filling.days_before(made.index, "C1", datetime.now(UTC))
        lacking = filling.missing(made.index, made.media, "C1", days, datetime.now(UTC))
        assert len(lacking) == 1 and 3.5 < (lacking[0][1] - lacking[0][0]).total_seconds() < 12

        await not_by_itself_yet(made)
        await made.camera.change(SetCamera(card="none"))
        assert await made.refused() == "no_card_search"
        await made.camera.change(SetCamera(card="empty"))
        nothing = await made.fill()
        assert (
            nothing.filled == []
            and nothing.recordings == []
            and nothing.missing_s > 3
            and not nothing.cut_short
        )
        await made.camera.change(SetCamera(card="times"))
        assert await made.refused() == "card_wrong_times"
        assert made.told == []
        await made.camera.change(SetCamera(card="stops"))
        with two_recordings():
            half = await made.fill()
        assert half.cut_short and half.filled and half.recordings == ["Recording_1", "Recording_2"]
        assert abs(half.clock_offset_s - skew) < 0.3
        await made.camera.change(SetCamera(card="normal"))
        for _try in range(10):  # a busy machine may lose the camera for a moment
            await watched(made, 0.0, None).round()
            if len(made.told) > 1:
                break
            await asyncio.sleep(0.5)
        rest, by = made.told[-1]
        ahead = timedelta(seconds=skew)  # a busy machine's camera may have no picture near the end
        there = made.camera.card.pictures(lacking[0][0] + ahead, lacking[0][1] + ahead)[-1][0].at - ahead
        assert not rest.cut_short and rest.filled[-1].end > there - timedelta(seconds=0.5)
        again = await made.fill()
        assert again.filled == [], "what is filled is not filled again"
        assert made.told[:-1] == [(half, "cli:root")] and by == watching.ACTOR

        rows = made.index.rows(
            "SELECT path, start, end, cause FROM segment WHERE state = 'filled' ORDER BY start"
        )
        assert rows and all(row[0].endswith(CARD) for row in rows)
        assert all(
            row[3].startswith("card://Recording_")
            and "?clock=%2B" in row[3]
            and "&by=" in row[3]
            and "&at=" in row[3]
            and "&serial=" in row[3]
            for row in rows
        )
        assert (
            lacking[0][0].timestamp() * 1e6 <= rows[0][1] and rows[-1][2] <= lacking[0][1].timestamp() * 1e6
        )
        assert all(one[2] <= two[1] for one, two in pairwise(rows)), "nothing twice"
        for path, start, _end, _cause in rows:
            for into, shown in times_of(made.media / path):
                claimed = datetime.fromtimestamp(start / 1e6, UTC) + timedelta(seconds=into)
                assert abs(claimed - (shown - timedelta(seconds=skew))) < timedelta(seconds=0.3)

        now = datetime.now(UTC)
        found = find(Reader(made.media), made.media, "C1", lacking[0][0] - timedelta(seconds=1), now, now)
        filled = [clip for clip in found.clips if clip.filled]
        assert filled and all(clip.origin == "card" for clip in filled)
        assert {gap.origin for gap in found.gaps} == {"card", ""}
        assert all(gap.cause in ("network", "camera") for gap in found.gaps), "the gap stays a fact"
        assert {path: file_sha256(path) for path in before} == before, "nothing that was recorded has changed"
    assert verify(made.media).ok


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_what_a_card_sends_is_kept_within_the_hole_only(codec: Codec, tmp_path: Path) -> None:
    """Ten pictures a second, a key frame each second; the card itself lacks three seconds."""
    begin = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    index = Index(tmp_path)
    hole = begin + timedelta(seconds=1.5), begin + timedelta(seconds=12.3)
    keeper = Keeper(index, tmp_path, "C1", timedelta(seconds=2), hole, "card://R", WHO)
    for picture in coded(codec, begin, 140):
        second = (picture.stamp.at - begin).total_seconds()
        if not 5.95 < second < 9:
            keeper.take(picture, picture.stamp.at, codec, [])
    keeper.close()
    assert keeper.stretches == [
        Stretch(start=begin + timedelta(seconds=2), end=begin + timedelta(seconds=6)),
        Stretch(start=begin + timedelta(seconds=9), end=hole[1]),
    ]
    rows = index.rows("SELECT path, start, end, state, cause, run FROM segment ORDER BY start")
    assert [round(row[1] / 1e6 - begin.timestamp(), 2) for row in rows] == [2, 4, 9, 11]
    assert {row[3:5] for row in rows} == {("filled", "card://R")} and len({row[5] for row in rows}) == 2
    for path, start, end, *_ in rows:
        assert path.endswith(CARD)
        with open_segment(tmp_path / path) as container:
            frames = [float(frame.time or 0) for frame in container.decode(video=0)]
        assert frames[0] == 0 and frames[-1] == pytest.approx((end - start) / 1e6 - 0.1, abs=0.101)
    index.close()
    assert verify(tmp_path).ok


def test_a_card_whose_clock_went_back_gives_nothing_twice(tmp_path: Path) -> None:
    begin = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    index = Index(tmp_path)
    hole = begin, begin + timedelta(seconds=12)
    keeper = Keeper(index, tmp_path, "C1", timedelta(seconds=20), hole, "card://R", WHO)
    pictures = coded("h264", begin, 40)
    for picture in [*pictures[:30], *pictures[10:]]:
        keeper.take(picture, picture.stamp.at, "h264", [])
    keeper.close()
    rows = index.rows("SELECT start, end FROM segment ORDER BY start")
    assert len(rows) == 2 and rows[0][1] <= rows[1][0]
    assert keeper.end == begin + timedelta(seconds=4)
    index.close()


def coded(codec: Codec, begin: datetime, count: int) -> list[Picture]:
    """Small pictures, ten a second."""
    made = Encoder(10, 1.0, 35, codec, (320, 180))
    room = Room("C1", "", "theory")
    found = []
    for number in range(count):
        at = begin + timedelta(seconds=number / 10)
        units = made.encode(room, begin, number * 9000)
        key = rtp.is_key(units) if codec == "h264" else rtp_h265.is_key(units)
        found.append(Picture(units, key, Stamp(at=at, clean=key, ends=number == 59)))
    return found


async def test_whom_nobody_can_ask(tmp_path: Path) -> None:
    settings = site(tmp_path)
    settings.cameras.append(CameraSettings(code="C9", name="C9", address="rtsp://127.0.0.1:1/x"))
    async with recording(msgspec.structs.replace(settings, cameras=[])) as recorder:
        assert recorder.index
        filler = Filler(settings, recorder.index, lambda _made, _by: None)
        cards = CardFiller(settings, recorder.index, lambda _one: "", lambda _made, _by: None, filler)
        with pytest.raises(NotFound):
            await cards.fill(FillFromCard(camera="none", by="cli:root"))
        with pytest.raises(Refused):
            await cards.fill(FillFromCard(camera="C9", by="cli:root"))


async def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    async with SimulatedCamera(traits(user="admin")) as camera:
        for password, code in (("wrong", "camera_password"), (PASSWORD, "")):
            card = CardCamera(camera.address, "admin", password)
            if not code:
                await asyncio.to_thread(card.meet)
                assert len(await asyncio.to_thread(card.recordings)) <= 1
                continue
            with pytest.raises((Refused, DeviceFault)) as refused:
                await asyncio.to_thread(card.meet)
            assert refused.value.code == code
            assert camera.http.calls.count("GetServices") <= 2, "by token, and once more by digest"
