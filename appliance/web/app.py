"""The web process's application: routes, sessions, CSRF, security headers, error pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.config.csrf import CSRFConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from appliance.base.i18n import DEFAULT, set_language
from appliance.flow.box import Box
from appliance.live import Tail
from appliance.web import problems
from appliance.web.background import Background
from appliance.web.pages import template_config
from appliance.web.room_view import RoomViews
from appliance.web.routes import HANDLERS
from appliance.web.sessions import SessionMiddleware
from appliance.web.talks import Talks

STATIC = Path(__file__).parent / "static"

HEADERS = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            b"media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; "
            b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cache-control", b"no-store"),
    (b"permissions-policy", b"geolocation=(), microphone=(self), camera=(self)"),
]


def choose_language(app: ASGIApp) -> ASGIApp:
    """Choose the language of the request."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if str(scope["type"]) == "http":
            connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
            set_language(connection.query_params.get("lang") or connection.cookies.get("lang") or DEFAULT)
        await app(scope, receive, send)

    return middleware


async def put_headers(message: Message, _scope: Scope) -> None:
    """The security headers on every answer, those to unknown addresses included."""
    if message["type"] == "http.response.start":
        present = {name for name, _ in message["headers"]}
        missing = [pair for pair in HEADERS if pair[0] not in present]
        message["headers"] = [*message["headers"], *missing]


def create_app(box: Box) -> Litestar:
    """The application over one box. The database is started and stopped with it."""
    tail = Tail(box.db)
    background = Background(box)
    talks = Talks(box, lambda: tail.stopping)

    @asynccontextmanager
    async def life(app: Litestar) -> AsyncIterator[None]:
        box.db.start()
        watching = asyncio.create_task(tail.run())
        background.start()
        talks.begin()
        try:
            yield
        finally:
            tail.stop()
            await talks.end()
            await background.stop()
            with suppress(asyncio.CancelledError):
                await watching
            box.db.stop()

    async def provide_box() -> Box:
        return box

    async def provide_tail() -> Tail:
        return tail

    async def provide_talks() -> Talks:
        return talks

    static = create_static_files_router(
        path="/static",
        directories=[STATIC],
        cache_control=None,
        opt={"public": True},
    )
    return Litestar(
        route_handlers=[Router(path="/", route_handlers=HANDLERS), static],
        dependencies={
            "box": Provide(provide_box),
            "tail": Provide(provide_tail),
            "talks": Provide(provide_talks),
        },
        middleware=[choose_language, SessionMiddleware],
        before_send=[put_headers],
        exception_handlers=problems.HANDLERS,
        template_config=template_config(box),
        csrf_config=CSRFConfig(
            secret=box.key.index("csrf").hex(),
            cookie_name="csrf",
            header_name="x-csrf-token",
            cookie_secure=True,
            cookie_httponly=True,
            cookie_samesite="strict",
            exclude=["^/station/api/", "^/ops/"],
        ),
        lifespan=[life],
        state=State(
            {
                "box": box,
                "tail": tail,
                "rooms": RoomViews(),
                "screens": background.screens,
                "packages": background.packages,
            }
        ),
        openapi_config=None,
        request_max_body_size=20_000_000,
    )
