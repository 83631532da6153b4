"""The line to the province: HTTPS, checked against its CA file, with a bearer token from a file.

No answer, a broken answer, and every status that is not about the parcel itself (401, 403, 5xx, a proxy's
page) is an outage: Unavailable. Only 409 and 422 with a `Problem` say that the province refuses what was
sent.
"""

import ssl
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from appliance.base.errors import Corrupt, Unavailable
from appliance.base.i18n import N_
from appliance.base.settings import ProvinceSettings
from sync.messages import Problem, Signed, Waiting

T = TypeVar("T")


class Turned(Exception):
    """The province refuses a parcel."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.code, self.detail = problem.code, problem.detail


class Https:
    """One site's line. Use as `async with`."""

    def __init__(self, settings: ProvinceSettings, site: str) -> None:
        self._site = site
        try:
            context = ssl.create_default_context(cafile=settings.certificate or None)
            token = Path(settings.token_file).read_text().strip() if settings.token_file else ""
        except (OSError, ssl.SSLError) as error:
            raise _down(f"{type(error).__name__}: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._client = httpx.AsyncClient(
            base_url=settings.url,
            verify=context,
            timeout=settings.timeout,
            headers={"authorization": f"Bearer {token}"} if token else {},
            trust_env=False,
            follow_redirects=False,
        )

    async def __aenter__(self) -> "Https":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def deliver(self, epoch: str, number: int, file: bytes) -> Signed:
        """Send one parcel; returns the receipt (not checked yet). Raises Turned or Unavailable."""
        answer = await self._ask("PUT", f"parcels/{epoch}/{number}", file)
        if answer.status_code in (409, 422):
            raise Turned(_read(answer, Problem))
        return _read(_good(answer), Signed)

    async def messages(self) -> list[Signed]:
        """What waits for the site. Raises Unavailable."""
        return _read(_good(await self._ask("GET", "messages")), Waiting).messages

    async def file(self, name: str, size: int) -> bytes:
        """A file some message speaks of, by its SHA-256; of one longer than `size` only the beginning, which is not
        what was signed. Raises Corrupt when there is none, or Unavailable."""
        body = bytearray()
        try:
            async with self._client.stream("GET", f"/v1/sites/{self._site}/files/{name}") as answer:
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > size:
                        break
        except httpx.HTTPError as error:
            raise _down(f"{type(error).__name__}: {error}") from error
        if answer.status_code == 404:
            raise Corrupt(
                "no_sealed_file",
                N_("The province does not have the file its message speaks of."),
                N_("Call the province; it is asked for again by itself."),
            )
        if answer.status_code != 200:
            raise _down(f"HTTP {answer.status_code}")
        return bytes(body)

    async def taken(self, message: str) -> None:
        """Report a message as taken in. Raises Unavailable."""
        _good(await self._ask("POST", f"messages/{message}/taken"))

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        try:
            return await self._client.request(method, f"/v1/sites/{self._site}/{path}", content=body)
        except httpx.HTTPError as error:
            raise _down(f"{type(error).__name__}: {error}") from error


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.status_code in (200, 201, 204):
        return answer
    try:
        code = msgspec.json.decode(answer.content, type=Problem).code
    except msgspec.DecodeError:
        code = "no_reason_given"
    raise _down(f"HTTP {answer.status_code} {code}")


def _read(answer: httpx.Response, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=type_)
    except msgspec.DecodeError as error:
        raise _down(f"HTTP {answer.status_code}: {error}") from error


def _down(detail: str) -> Unavailable:
    return Unavailable(
        "province_down",
        N_("The province does not answer: {detail}"),
        N_("Nothing is lost: the box keeps everything and tries again by itself."),
        detail=detail,
    )
