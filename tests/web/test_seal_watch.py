"""Each seal exam-clips reads beside the recordings is in the journal, once, also after exam-web was away."""

from appliance.base import sockets
from appliance.base.settings import CameraSettings
from appliance.flow.box import Box
from appliance.flow.note_seals import all_heads
from appliance.web.seal_watch import SealWatch
from appliance.wire.seals import GetSealed, Sealed, SealedHead


async def test_each_seal_comes_into_the_journal(box: Box) -> None:
    box.settings.cameras.append(CameraSettings(code="C1", name="前部", address="127.0.0.1:1", room="T1"))
    heads = [SealedHead(camera="C1", number=1, n=60, head="a" * 64, at=box.now())]

    async def tell(_asked: GetSealed) -> Sealed:
        return Sealed(heads=heads)

    server = await sockets.serve(box.settings.socket("clips"), {GetSealed: tell})
    try:
        watch = SealWatch(box)
        await watch.look()
        await watch.look()
        assert await box.db.read(all_heads) == heads
        heads[0] = SealedHead(camera="C1", number=2, n=90, head="b" * 64, at=box.now(), sitting="s1")
        await SealWatch(box).look()  # exam-web was started again
        await SealWatch(box).look()
    finally:
        server.close()
    assert [(one.number, one.sitting) for one in await box.db.read(all_heads)] == [(1, ""), (2, "s1")]
