"""The reference province on the line: HTTPS, a bearer token per site, control endpoints for loopback only.

PUT  /v1/sites/{site}/parcels/{epoch}/{number}   a parcel's file -> 201 (new) or 200 (known), Signed receipt
GET  /v1/sites/{site}/messages                   -> Waiting
GET  /v1/sites/{site}/files/{sha256}             a file some message speaks of
POST /v1/sites/{site}/messages/{id}/taken        -> 204

POST /admin/sites     {site, authority, token}   register a site
POST /admin/messages  a Roster or ConfirmRows    sign it and keep it for its site
POST /admin/seal      {site, room, starts_at, what, bank}   papers or a bank, sealed -> {code}
POST /admin/key       {site, room, starts_at, code}         send the code that opens them
POST /admin/confirm   {site}                     confirm all claimed rows -> {rows}
POST /admin/line      {mode, count}              how the next `count` requests fare; 0 = until told otherwise:
                                                 up; down = cut unanswered; cut = carried out, the answer
                                                 lost; hang = carried out, no answer and no end
POST /admin/refuse    {code, count}              refuse the next new parcels
POST /admin/usb       {folder}                   take a stick -> {taken, turned}
GET  /admin/parcels   -> {parcels, refusals}
GET  /admin/results?site=CODE   -> Clear
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from litestar import Litestar, MediaType, Request, Response, get, post, put
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromQuery, JSONBody
from litestar.types import ASGIApp, Receive, Scope, Send

from sync.messages import Clear, Message, Problem, Waiting
from sync.province.sealing import Source
from sync.province.store import Province, Turned

LIMIT = 64 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "::1")


class NewSite(msgspec.Struct, forbid_unknown_fields=True):
    """A site to register. `authority`: PEM."""

    site: str
    authority: str
    token: str


class LineOrder(msgspec.Struct, forbid_unknown_fields=True):
    """How the line shall behave for the next `count` requests; 0 = until told otherwise."""

    mode: Literal["up", "down", "cut", "hang"]
    count: int = 0


class SealOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Seal something for a sitting; from `source`, or from the bank file at the path `bank`."""

    site: str
    room: str
    starts_at: datetime
    what: Literal["papers", "bank"] = "papers"
    source: Source | None = None
    bank: str = ""


class KeyOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Send a code."""

    site: str
    room: str
    starts_at: datetime
    code: str


class RefuseOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Refuse the next `count` new parcels with `code`."""

    code: str = "told_to_refuse"
    count: int = 1


class Line:
    """The wire in front of the application: up, down, or losing answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.order = LineOrder("up")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. An answer that is begun and never finished makes the server cut the connection."""
        raw: dict[str, Any] = dict(scope)
        mode = self.order.mode
        if raw["type"] != "http" or mode == "up" or raw["path"].startswith("/admin/"):
            await self.app(scope, receive, send)
            return
        if self.order.count == 1:
            self.order = LineOrder("up")
        elif self.order.count:
            self.order.count -= 1

        async def nowhere(_message: Any) -> None:
            return None

        if mode in ("cut", "hang"):
            await self.app(scope, receive, nowhere)
        if mode == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        headers = [(b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


def _loopback(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    if connection.client is None or connection.client.host not in LOOPBACK:
        raise Turned(403, "loopback_only")


def _site(request: Request[Any, Any, Any]) -> Province:
    province: Province = request.app.state.province
    word, _, token = request.headers.get("authorization", "").partition(" ")
    if word.lower() != "bearer":
        raise Turned(401, "bad_token")
    province.admit(request.path_params["site"], token.strip())
    return province


@put("/v1/sites/{site:str}/parcels/{epoch:str}/{number:int}", request_max_body_size=LIMIT)
async def take_parcel(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A parcel comes in."""
    province = _site(request)
    place = request.path_params
    signed, new = province.take(place["site"], place["epoch"], place["number"], await request.body())
    return Response(msgspec.json.encode(signed), media_type=MediaType.JSON, status_code=201 if new else 200)


@get("/v1/sites/{site:str}/messages")
async def messages(request: Request[Any, Any, Any]) -> Waiting:
    """What waits for a site."""
    return Waiting(messages=_site(request).waiting(request.path_params["site"]))


@get("/v1/sites/{site:str}/files/{name:str}")
async def file(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A file a message speaks of."""
    province = _site(request)
    place = request.path_params
    return Response(province.file(place["site"], place["name"]), media_type="application/octet-stream")


@post("/v1/sites/{site:str}/messages/{message:str}/taken", status_code=204)
async def taken(request: Request[Any, Any, Any]) -> None:
    """A site has taken a message in."""
    province = _site(request)
    province.taken(request.path_params["site"], request.path_params["message"], province.clock.now())


@post("/admin/sites", guards=[_loopback], status_code=204)
async def add_site(request: Request[Any, Any, Any], data: JSONBody[NewSite]) -> None:
    """Register a site."""
    request.app.state.province.register(data.site, data.authority, data.token)


@post("/admin/messages", guards=[_loopback], status_code=204, request_max_body_size=LIMIT)
async def add_message(request: Request[Any, Any, Any]) -> None:
    """Sign a message and keep it for its site."""
    request.app.state.province.send(msgspec.json.decode(await request.body(), type=Message))


@post("/admin/confirm", guards=[_loopback], status_code=200)
async def confirm(request: Request[Any, Any, Any], data: JSONBody[dict[str, str]]) -> dict[str, int]:
    """Confirm all rows a site has claimed."""
    return {"rows": request.app.state.province.confirm(data["site"])}


@post("/admin/seal", guards=[_loopback], status_code=200, request_max_body_size=LIMIT)
async def seal(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Make sealed papers, or a sealed bank, for a sitting of a roster that was sent."""
    order = msgspec.json.decode(await request.body(), type=SealOrder)
    province: Province = request.app.state.province
    source = order.source
    if source is None:
        source = msgspec.json.decode(Path(order.bank).read_bytes(), type=Source)
    return {"code": province.seal(order.site, order.room, order.starts_at, order.what, source)}


@post("/admin/key", guards=[_loopback], status_code=204)
async def send_key(request: Request[Any, Any, Any]) -> None:
    """Send the code of a sitting to its site."""
    order = msgspec.json.decode(await request.body(), type=KeyOrder)
    request.app.state.province.send_key(order.site, order.room, order.starts_at, order.code)


@post("/admin/line", guards=[_loopback], status_code=204)
async def set_line(request: Request[Any, Any, Any], data: JSONBody[LineOrder]) -> None:
    """Let the line fail, or work again."""
    request.app.state.line.order = data


@post("/admin/refuse", guards=[_loopback], status_code=204)
async def refuse(request: Request[Any, Any, Any], data: JSONBody[RefuseOrder]) -> None:
    """Refuse the next new parcels."""
    request.app.state.province.refuse_next = [data.code] * data.count


@post("/admin/usb", guards=[_loopback], status_code=200)
async def take_stick(request: Request[Any, Any, Any], data: JSONBody[dict[str, str]]) -> dict[str, int]:
    """Take the parcels of a USB stick and leave receipts on it."""
    taken, turned = request.app.state.province.take_folder(Path(data["folder"]))
    return {"taken": taken, "turned": turned}


@get("/admin/parcels", guards=[_loopback])
async def parcels(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """What the province holds and what it refused."""
    province: Province = request.app.state.province
    return {"parcels": province.held(), "refusals": province.refusals()}


@get("/admin/results", guards=[_loopback])
async def results(request: Request[Any, Any, Any], site: FromQuery[str]) -> Clear:
    """Released results and claims of a site, in clear."""
    found: Clear = request.app.state.province.clear(site)
    return found


def _turned(_request: Request[Any, Any, Any], turned: Turned) -> Response[Problem]:
    return Response(Problem(code=turned.code, detail=turned.detail), status_code=turned.status)


def _http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    return Response(
        Problem(code=f"http_{error.status_code}", detail=error.detail), status_code=error.status_code
    )


def _unreadable(_request: Request[Any, Any, Any], error: msgspec.DecodeError) -> Response[Problem]:
    return Response(Problem(code="unreadable", detail=str(error)), status_code=400)


def create(province: Province) -> Line:
    """The ASGI application with its line in front."""
    app = Litestar(
        [
            take_parcel,
            messages,
            file,
            taken,
            add_site,
            add_message,
            confirm,
            seal,
            send_key,
            set_line,
            refuse,
            take_stick,
            parcels,
            results,
        ],
        exception_handlers={Turned: _turned, HTTPException: _http, msgspec.DecodeError: _unreadable},
        openapi_config=None,
    )
    app.state.province = province
    line = Line(app)
    app.state.line = line
    return line
