"""Running the reference province: uvicorn with TLS by the province's own authority."""

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from sync.province.app import Line, create
from sync.province.store import Province


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, then say so."""
        await super().startup(sockets)
        if self.started:
            self._listening()


def server(province: Province, port: int, listening: Callable[[], None], host: str = "127.0.0.1") -> Server:
    """A server that is ready to `serve()` or `run()`."""
    app: Line = create(province)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_keyfile=str(province.folder / "keys" / "tls.key"),
        ssl_certfile=str(province.folder / "keys" / "tls.pem"),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    return Server(config, listening)


def run(folder: Path, port: int, sites: list[tuple[str, str, str]], listening: Callable[[], None]) -> None:
    """Serve until SIGTERM. `sites`: (code, authority PEM, token) to register first."""
    province = Province(folder)
    for site in sites:
        province.register(*site)
    try:
        server(province, port, listening).run()
    finally:
        province.close()
