"""exam-web: uvicorn with TLS by the site authority; a stop ends open event streams within a second."""

from types import FrameType

import uvicorn

from appliance.base.notify import supervised
from appliance.base.settings import Settings
from appliance.flow.box import Box, keys
from appliance.live import Tail
from appliance.web.app import create_app


class Server(uvicorn.Server):
    """Tells the live feed to end before uvicorn waits for its connections."""

    def __init__(self, config: uvicorn.Config, tail: Tail) -> None:
        super().__init__(config)
        self._tail = tail

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """On SIGTERM and SIGINT."""
        self._tail.stop()
        super().handle_exit(sig, frame)


async def main(settings: Settings) -> None:
    """Serve until SIGTERM."""
    box = Box.open(settings)
    app = create_app(box)
    config = uvicorn.Config(
        app,
        host=settings.web.host,
        port=settings.web.port,
        ssl_keyfile=str(keys(settings) / "tls.key"),
        ssl_certfile=str(keys(settings) / "tls.pem"),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,  # a page asks every few seconds: no new TLS handshake each time
        timeout_graceful_shutdown=3,
        http="httptools",
        loop="uvloop",
    )
    async with supervised(lambda: box.db.alive):
        await Server(config, app.state.tail).serve()
