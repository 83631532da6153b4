"""exam-sync: the only process with a route to the province. Everything else goes on without it."""

import asyncio
import contextlib
import signal

import msgspec

from appliance.base import sockets
from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.flow.box import Box
from appliance.wire.sync import Backlog, GetBacklog, SendAgain, SyncNow
from sync import outbox
from sync.rounds import Rounds
from sync.status import backlog


async def main(settings: Settings) -> None:
    """Rounds until SIGTERM; answers `appliance.wire.sync` on its socket."""
    box = Box.open(settings)
    box.db.start()
    stop, wake = asyncio.Event(), asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    rounds = Rounds(box)

    async def look(_: GetBacklog) -> Backlog:
        found = await box.db.read(backlog, box)
        return msgspec.structs.replace(found, troubles=rounds.troubles)

    async def now(_: SyncNow) -> Backlog:
        await rounds.round()
        return await look(GetBacklog())

    async def again(order: SendAgain) -> Backlog:
        await box.db.write(outbox.again, box, order.number, order.epoch, order.reason, order.actor)
        wake.set()
        return await look(GetBacklog())

    server = await sockets.serve(settings.socket("sync"), {GetBacklog: look, SyncNow: now, SendAgain: again})
    try:
        async with supervised(lambda: box.db.alive):
            running = asyncio.create_task(_forever(rounds, wake))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if running.done():
                running.result()  # a bug: end loudly, systemd starts the process again
            running.cancel()  # a delivery that is cut off is sent again at the next start
            with contextlib.suppress(asyncio.CancelledError):
                await running
    finally:
        server.close()
        settings.socket("sync").unlink(missing_ok=True)
        box.db.stop()


async def _forever(rounds: Rounds, wake: asyncio.Event) -> None:
    while True:
        await rounds.round()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rounds.pause):
                await wake.wait()
        wake.clear()
