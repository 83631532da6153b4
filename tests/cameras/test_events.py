"""Events by PullPoint: read from bytes, listened to over the wire, through renewals and a camera's restart."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.base.camera_settings import CameraSettings
from appliance.base.errors import Refused, Unavailable
from appliance.web.camera_alarms import camera_alarms
from appliance.wire.cameras import Note
from appliance.wire.live import GetKeys
from appliance.wire.recorder import CameraStatus
from appliance.wire.simulators import SetCamera
from cameras import events, listening, media2
from cameras.events import Event
from cameras.listening import MOMENT, Listener
from cameras.live.second import SecondStreams
from cameras.notes import Notebook
from cameras.onvif_plain import PlainCamera
from cameras.set_up import SetUp
from cameras.simulator.camera import SimulatedCamera, Traits
from cameras.simulator.kinds import Authentication
from tests.cameras.conftest import PASSWORD, recording, site, until

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


def told(topic: str, item: str, value: str, operation: str = "Changed") -> list[Event]:
    inside = (
        '<tev:NotificationMessage xmlns:tev="http://docs.oasis-open.org/wsn/b-2"><tev:Topic>'
        f'{topic}</tev:Topic><tev:Message><tt:Message xmlns:tt="http://www.onvif.org/ver10/schema" '
        f'UtcTime="2026-03-14T01:00:00Z" {f"PropertyOperation={operation!r}" if operation else ""}><tt:Data>'
        f'<tt:SimpleItem Name="{item}" Value="{value}"/></tt:Data></tt:Message></tev:Message>'
        "</tev:NotificationMessage>"
    )
    body = (
        f'<s:Envelope xmlns:s="{media2.ENVELOPE}"><s:Body><m:PullMessagesResponse xmlns:m="{events.EVENTS}">'
        f"{inside}</m:PullMessagesResponse></s:Body></s:Envelope>"
    )
    return events.read_events(media2.answer(body.encode(), "PullMessages"))


@pytest.mark.parametrize(
    ("topic", "item", "value", "what", "on"),
    [
        ("tns1:VideoSource/GlobalSceneChange/ImagingService", "State", "true", "scene", True),
        ("tns1:VideoSource/tns1:ImageTooDark/AnalyticsService", "State", "false", "tamper", False),
        ("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper", "1", "tamper", True),
        ("tns1:RuleEngine/CellMotionDetector/Motion", "IsMotion", "true", "motion", True),
        ("tns1:VideoSource/MotionAlarm", "State", "0", "motion", False),
    ],
)
def test_topics(topic: str, item: str, value: str, what: str, on: bool) -> None:
    (event,) = told(topic, item, value)
    assert (event.what, event.on, event.lasts) == (what, on, True)
    assert event.at == datetime(2026, 3, 14, 1, tzinfo=UTC)


def test_other_topics_and_nonsense_say_nothing() -> None:
    assert told("tns1:Device/Trigger/DigitalInput", "LogicalState", "true") == []
    assert told("tns1:VideoSource/GlobalSceneChanges", "State", "true") == []
    assert events.read_events(None) == []
    assert not told("tns1:VideoSource/GlobalSceneChange/x", "State", "true", "")[0].lasts
    assert events.read_subscription(None, 60) is None


@pytest.fixture
def notes(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path / "notes.db")


def listener(notes: Notebook, address: str = "127.0.0.1:1") -> Listener:
    camera = CameraSettings(code="C1", name="C1", address=address)
    return Listener(camera, lambda: PASSWORD, notes)


def kinds(notes: Notebook) -> list[tuple[str, str]]:
    return [(one.kind, one.alarm) for one in noted(notes)]


def noted(notes: Notebook) -> list[Note]:
    return notes.after("", 0).notes


def test_an_alarm_is_noted_once_and_ends_with_its_last_topic(notes: Notebook) -> None:
    heard = listener(notes)
    dark = Event(what="tamper", topic="VideoSource/ImageTooDark", on=True)
    blurred = Event(what="tamper", topic="VideoSource/ImageTooBlurry", on=True)
    for event in (dark, dark, blurred):
        heard.take(event, NOW)
    heard.take(Event(what="tamper", topic=dark.topic, on=False), NOW)
    assert heard.alarms == ["tamper"] and kinds(notes) == [("alarm", "tamper")]
    heard.take(Event(what="tamper", topic=blurred.topic, on=False), NOW)
    heard.take(Event(what="tamper", topic=blurred.topic, on=False), NOW)
    assert heard.alarms == [] and kinds(notes) == [("alarm", "tamper"), ("alarm_over", "tamper")]


def test_what_is_told_for_a_moment_is_over_after_a_while(notes: Notebook) -> None:
    heard = listener(notes)
    heard.take(Event(what="scene", topic="x", on=True, lasts=False), NOW)
    heard.settle(NOW + timedelta(seconds=MOMENT - 1))
    assert heard.alarms == ["scene"]
    heard.settle(NOW + timedelta(seconds=MOMENT))
    assert heard.alarms == []


def test_parts_of_a_camera_are_kept_apart(notes: Notebook) -> None:
    heard = listener(notes)
    for part in ("a", "b"):
        heard.take(Event(what="tamper", topic="t", source=part, on=True), NOW)
    heard.take(Event(what="tamper", topic="t", source="a", on=False), NOW)
    assert heard.alarms == ["tamper"], "the other part has not told an end"
    inside = '<x:Source xmlns:x="http://www.onvif.org/ver10/schema"><x:SimpleItem Name="Rule" Value="1"/></x:Source>'
    body = f"""<E><Body><PullMessagesResponse><NotificationMessage><Topic>tns1:VideoSource/ImageTooDark</Topic>
        <Message><Message PropertyOperation="Changed">{inside}<Data><SimpleItem Name="State" Value="true"/></Data>
        </Message></Message></NotificationMessage></PullMessagesResponse></Body></E>"""
    (event,) = events.read_events(media2.answer(body.encode(), "PullMessages"))
    assert event.key == ("VideoSource/ImageTooDark", "Rule=1")


def test_what_is_not_told_again_is_over_only_where_states_are_told(notes: Notebook) -> None:
    heard = listener(notes)
    for topic in ("x", "y"):
        heard.take(Event(what="tamper" if topic == "x" else "scene", topic=topic, on=True), NOW)
    heard._unsure(("x", ""), True, NOW)
    heard._unsure(("y", ""), False, NOW)
    assert heard.alarms == ["scene"], "nobody knows: it stands a while"
    heard.settle(NOW + timedelta(seconds=MOMENT))
    assert heard.alarms == []


def test_no_alarm_is_lost_to_a_disk_that_takes_nothing(
    notes: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listener(notes)
    with monkeypatch.context() as patch:
        patch.setattr(notes, "add", full)
        heard.take(Event(what="tamper", topic="x", on=True), NOW)
        heard.settle(NOW)
        assert heard.alarms == ["tamper"] and kinds(notes) == []
    heard.settle(NOW)
    assert kinds(notes) == [("alarm", "tamper")]


def full(*_what: object) -> None:
    raise Unavailable("notes_unusable", "full")


def test_notes_in_memory_go_to_the_disk_when_it_is_back(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("in the way")
    kept = Notebook(tmp_path / "folder" / "notes.db")
    for count in (1, 2):
        kept.add("motion", "C1", "process:recorder", NOW, count=count)
    told = kept.after("", 0)
    assert len(kept.after(told.epoch, 1).notes) == 1, "somebody has the first"
    (tmp_path / "folder").unlink()
    kept.add("alarm", "C1", "process:recorder", NOW, "tamper")
    assert [one.count for one in noted(Notebook(tmp_path / "folder" / "notes.db"))] == [2, 0]
    assert len(kept.after(told.epoch, 2).notes) == 2, "of another epoch: from the first"


def test_an_alarm_whose_listener_is_gone_ends(tmp_path: Path) -> None:
    path = Path(site(tmp_path).cameras_file).with_name("notes.db")
    Notebook(path).add("alarm", "C9", "process:recorder", NOW, "tamper")
    set_up = SetUp(site(tmp_path), lambda: None)
    assert [(one.kind, one.alarm) for one in noted(set_up.notes)] == [
        ("alarm", "tamper"),
        ("alarm_over", "tamper"),
    ]
    assert set_up.notes.standing() == []


def test_a_camera_that_nobody_hears_is_told(notes: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = listener(notes)
    heard._say("camera_password", "refused")
    found = [heard.deaf]
    monkeypatch.setattr(listening, "DEAF", 0.0)
    found.append(heard.deaf)
    status = CameraStatus(camera="C1", name="C1", room="", state="recording", since=NOW, deaf=True)
    assert [one.code for one in camera_alarms([status])] == ["camera_deaf"]
    heard._say("camera_unsupported", "none")
    assert [*found, heard.deaf] == [False, True, False], "one that has none is no fault"


def test_motion_is_a_fact_now_and_then_and_counted(notes: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = listener(notes)
    for number in range(50):
        heard.take(Event(what="motion", topic="m", on=number % 2 == 0), NOW)
    assert kinds(notes) == [("motion", "")] and heard.alarms == []
    monkeypatch.setattr(listening, "MOTION_EVERY", 0.0)
    heard.take(Event(what="motion", topic="m", on=True), NOW)
    assert [one.count for one in noted(notes)] == [1, 25]


def test_notes_are_asked_for_by_number_and_notebook(notes: Notebook) -> None:
    for _number in range(3):
        notes.add("motion", "C1", "process:recorder", NOW, count=2)
    told = notes.after("", 0)
    assert [one.number for one in told.notes] == [1, 2, 3] and told.notes[0].at == NOW
    assert [one.number for one in notes.after(told.epoch, 2).notes] == [3]
    assert len(notes.after("another", 2).notes) == 3


@pytest.fixture
async def camera() -> AsyncIterator[SimulatedCamera]:
    async with SimulatedCamera(Traits(code="C1", password=PASSWORD, discovery_port=0)) as made:
        yield made


@pytest.mark.long
async def test_a_listener_outlives_a_restart_and_a_lost_subscription(
    camera: SimulatedCamera, notes: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PULL", 1)
    monkeypatch.setattr(listening, "RETRY", 0.1)
    heard = listener(notes, camera.address)
    heard.start()
    try:
        await until(lambda: camera.http.events.count == 1)
        await camera.change(SetCamera(event="tamper"))
        await until(lambda: heard.alarms == ["tamper"])
        await camera.change(SetCamera(reboot=0.2, skew=-3600.0))
        await until(lambda: heard.subscribed == 2, 15)
        assert heard.alarms == ["tamper"], "its state stands, and it tells so to whoever subscribes"
        await camera.change(SetCamera(event="tamper", event_on=False))
        await until(lambda: heard.alarms == [])
        assert kinds(notes) == [("alarm", "tamper"), ("alarm_over", "tamper")]
    finally:
        heard.stop()
        await asyncio.to_thread(heard.join, 5)
    assert not heard.is_alive() and camera.http.events.count == 0, "it unsubscribed"


@pytest.mark.long
async def test_a_subscription_is_renewed_in_time(
    camera: SimulatedCamera, notes: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PULL", 1)
    camera.http.events.longest = 2.0  # it gives less than it is asked for
    heard = listener(notes, camera.address)
    heard.start()
    try:
        await until(lambda: camera.http.calls.count("Renew") >= 2, 15)
        assert heard.subscribed == 1
    finally:
        heard.stop()
        await asyncio.to_thread(heard.join, 5)


async def test_a_camera_without_events_is_let_alone(notes: Notebook) -> None:
    async with SimulatedCamera(
        Traits(code="C1", password=PASSWORD, discovery_port=0, events=False)
    ) as camera:
        heard = listener(notes, camera.address)
        heard.start()
        await until(lambda: heard._told == "camera_unsupported")
        heard.stop()
        assert heard.alarms == []


@pytest.mark.parametrize("authentication", ["token", "digest", "none"])
async def test_however_the_camera_asks_for_the_password(authentication: Authentication) -> None:
    traits = Traits(
        code="C1", password=PASSWORD, discovery_port=0, authentication=authentication, skew=-7200.0
    )
    async with SimulatedCamera(traits) as camera:
        plain = PlainCamera(camera.address, "admin", PASSWORD)
        service = await asyncio.to_thread(plain.greet)
        told = await asyncio.to_thread(
            plain.ask, "CreatePullPointSubscription", events.SUBSCRIBE, events.subscribe(60), service
        )
        found = events.read_subscription(told, 60)
        assert found and found.seconds == 60 and camera.http.events.count == 1
        wrong = PlainCamera(camera.address, "admin", "wrong")
        if authentication != "none":
            with pytest.raises(Refused) as refused:
                await asyncio.to_thread(wrong.greet)
            assert refused.value.code == "camera_password_or_clock", "the skew is named beside it"


def test_a_notebook_on_a_disk_that_fails_holds_nothing_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    kept = Notebook(tmp_path / "file" / "notes.db")
    kept.add("added", "C1", "account:a", NOW)
    assert [one.kind for one in kept.after("", 0).notes] == ["added"]


async def test_nobody_proves_a_password_that_the_recording_is_refused(
    tmp_path: Path, notes: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HELD", 0.05)
    async with SimulatedCamera(Traits(code="C1", password="another", discovery_port=0)) as camera:
        settings = site(tmp_path, camera)
        async with recording(settings) as recorder:
            await until(lambda: recorder.refused("C1"))
            before = list(camera.http.calls)
            one = settings.cameras[0]
            made = listening.Listener(one, lambda: PASSWORD, notes, held=recorder.refused)
            live = SecondStreams(lambda: [one], lambda _camera: PASSWORD, recorder.refused)
            made.start()
            shown = await live.keys(GetKeys(cameras=["C1"], have={}))
            for _look in range(40):
                if shown.faults:
                    break
                await asyncio.sleep(0.05)
                shown = await live.keys(GetKeys(cameras=["C1"], have={}))
            assert shown.faults == {"C1": "password"} and camera.http.calls == before
            recorder.cameras[0].status.refused = False
            await until(lambda: len(camera.http.calls) > len(before))
            made.stop()
            live.stop()
