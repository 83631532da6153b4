"""Each seal exam-clips reads beside the recordings is in the journal, once, also after exam-web was away."""

from appliance.base import sockets
from appliance.base.settings import CameraSettings
from appliance.flow.box import Box
from appliance.flow.camera_views import keep_views
from appliance.flow.note_seals import all_heads
from appliance.web.seal_watch import SealWatch
from appliance.wire.seals import GetSealed, Sealed, SealedHead


async def test_each_seal_comes_into_the_journal(box: Box) -> None:
    box.settings.cameras.append(CameraSettings(code="C1", name="前部", address="127.0.0.1:1", room="T1"))
    heads = [SealedHead(camera="C1", number=1, n=60, head="a" * 64, at=box.now())]

    asked: list[dict[str, tuple[int, str]]] = []

    async def tell(wanted: GetSealed) -> Sealed:
        asked.append(wanted.known)
        return Sealed(heads=[one for one in heads if one.number > wanted.known["C1"][0]])

    server = await sockets.serve(box.settings.socket("clips"), {GetSealed: tell})
    try:
        watch = SealWatch(box)
        await watch.look()
        await watch.look()
        assert await box.db.read(all_heads) == heads
        heads = [  # the hour was over, and a sitting, while exam-web was away
            SealedHead(camera="C1", number=2, n=80, head="c" * 64, at=box.now()),
            SealedHead(camera="C1", number=3, n=90, head="b" * 64, at=box.now(), sitting="s1"),
        ]
        await box.db.write(keep_views, box)
        box.settings.cameras.clear()  # and the camera was taken away meanwhile
        await SealWatch(box).look()  # exam-web was started again
        await SealWatch(box).look()
    finally:
        server.close()
    assert [(one.number, one.sitting) for one in await box.db.read(all_heads)] == [
        (1, ""),
        (2, ""),
        (3, "s1"),
    ]
    assert asked == [{"C1": (0, "")}, {"C1": (1, "a" * 64)}, {"C1": (1, "a" * 64)}, {"C1": (3, "b" * 64)}]
