"""The way to the box: HTTPS with the site's own authority, a bearer token, one outage told once.

Errors come out as those of appliance.base.errors; their sentences were already written by the box in the
language asked for. When the box does not answer at all, `Unavailable("no_answer")`.
"""

import logging
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from appliance.base.errors import Conflict, Corrupt, ExamError, NotFound, Refused, Unavailable
from appliance.base.i18n import N_, language
from appliance.wire import ops
from ops_tui.models.header import Link

log = logging.getLogger("examsite.tui")

T = TypeVar("T")
KINDS: dict[int, type[ExamError]] = {
    403: Refused,
    404: NotFound,
    409: Conflict,
    422: Corrupt,
    503: Unavailable,
}


class SignInFirst(Refused):
    """Nobody is signed in, or the session ended."""


class Problem(msgspec.Struct):
    """problem+json of the box."""

    title: str = ""
    code: str = "unknown"
    next: str = ""


class Client:
    """One terminal's connection. `link` says whether the box answers, and how far the clocks are apart."""

    def __init__(self, url: str, ca: Path | None, timeout: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self.link = Link()
        self.on_link: Callable[[Link], None] = lambda link: None
        """Called once when the box falls silent and once when it is back."""
        self._token = ""
        self._http = httpx.AsyncClient(
            base_url=self.url, verify=trust(ca), timeout=httpx.Timeout(timeout, connect=5.0), trust_env=False
        )

    @property
    def signed_in(self) -> bool:
        """Is there a token?"""
        return bool(self._token)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def sign_in(self, login: str, password: str) -> ops.SignedIn:
        """Get a token; it lives in this process's memory only."""
        found = await self._post("sign-in", ops.SignIn(login=login, password=password), ops.SignedIn)
        self._token = found.token
        return found

    async def sign_out(self) -> None:
        """End the session at the box, if it answers; forget the token in any case."""
        token, self._token = self._token, ""
        if token:
            headers = {"authorization": f"Bearer {token}"}
            try:
                await self._http.post("/ops/sign-out", headers=headers, timeout=2.0)
            except httpx.HTTPError:
                return  # the box ends it by itself after idling

    async def state(self, sitting: str = "") -> ops.State:
        """Everything at one look; sets the clocks' offset."""
        asked = datetime.now(UTC)
        state = await self._get("state", ops.State, {"sitting": sitting} if sitting else {})
        half = (datetime.now(UTC) - asked) / 2
        self.link.offset = (state.now - asked - half).total_seconds()
        return state

    async def journal(
        self, text: str = "", before: int | None = None, after: int | None = None, limit: int = 100
    ) -> ops.JournalPage:
        """A page of the journal, newest unless `before` or `after` says otherwise."""
        asked: dict[str, Any] = {"filter": text, "limit": limit}
        if before is not None:
            asked["before"] = before
        if after is not None:
            asked["after"] = after
        return await self._get("journal", ops.JournalPage, asked)

    async def people(self) -> list[ops.Person]:
        """The accounts."""
        return (await self._get("people", ops.People, {})).people

    async def move_seat(self, order: ops.MoveSeat) -> ops.Moved:
        """Re-seat a candidate."""
        return await self._post("move-seat", order, ops.Moved)

    async def open_lane(self, order: ops.OpenLane) -> ops.Opened:
        """Open a gate once."""
        return await self._post("open-lane", order, ops.Opened)

    async def live(self, since: int | None = None) -> AsyncIterator[ops.JournalLine | None]:
        """Journal entries as they are written; None for a sign of life. Raises when the line breaks."""
        headers = self._headers | {"accept": "text/event-stream"}
        if since is not None:
            headers["last-event-id"] = str(since)
        waiting = httpx.Timeout(10.0, read=40.0)
        try:
            async with self._http.stream("GET", "/ops/live", headers=headers, timeout=waiting) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    raise problem(answer)
                async for line in answer.aiter_lines():
                    if line.startswith("data:") and line[5:].strip():
                        yield msgspec.json.decode(line[5:].strip(), type=ops.JournalLine)
                    elif line.startswith(":"):
                        yield None
        except httpx.HTTPError as error:
            raise silent(error) from error

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"} if self._token else {}

    async def _get(self, path: str, answer: type[T], params: dict[str, Any]) -> T:
        return await self._ask("GET", path, answer, params=params)

    async def _post(self, path: str, body: msgspec.Struct, answer: type[T]) -> T:
        return await self._ask("POST", path, answer, content=msgspec.json.encode(body))

    async def _ask(
        self,
        method: str,
        path: str,
        answer: type[T],
        params: dict[str, Any] | None = None,
        content: bytes | None = None,
    ) -> T:
        headers = self._headers | {"accept": "application/json", "content-type": "application/json"}
        try:
            reply = await self._http.request(
                method,
                f"/ops/{path}",
                params={"lang": language(), **(params or {})},
                content=content,
                headers=headers,
            )
        except (httpx.HTTPError, ssl.SSLError) as error:
            failure = silent(error)
            self._down(failure.text())
            raise failure from error
        self._up()
        if reply.status_code >= 400:
            raise problem(reply)
        try:
            return msgspec.json.decode(reply.content, type=answer)
        except msgspec.DecodeError as error:
            raise Corrupt(
                "other_version",
                N_("The box answers in a way this terminal does not understand."),
                N_("Use the terminal program of the same version as the box."),
            ) from error

    def _down(self, reason: str) -> None:
        self.link.reason = reason
        if self.link.down_since is None:
            self.link.down_since = datetime.now(UTC)
            log.warning("the box at %s does not answer: %s", self.url, reason)
            self.on_link(self.link)

    def _up(self) -> None:
        if self.link.down_since is not None:
            self.link.down_since, self.link.reason = None, ""
            log.info("the box at %s answers again", self.url)
            self.on_link(self.link)


def trust(ca: Path | None) -> ssl.SSLContext:
    """Trust this one authority and nothing else; without a file, what the machine trusts."""
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context = ssl.create_default_context(cafile=str(ca))
        except (OSError, ssl.SSLError) as error:
            raise NotFound(
                "no_authority",
                N_("The site authority's certificate {path} cannot be read."),
                N_("Copy it from the box (state folder, keys/authority.pem) and name it with --ca."),
                path=str(ca),
            ) from error
    return context


def silent(error: Exception) -> Unavailable:
    """The error for a box that does not answer, with the reason a person can act on."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Unavailable(
            "not_this_box",
            N_("The box shows a certificate of another authority."),
            N_("Name the site's own authority file with --ca."),
        )
    if isinstance(error, httpx.TimeoutException):
        return Unavailable("no_answer", N_("The box does not answer in time."), N_("Trying again."))
    return Unavailable("no_answer", N_("The box cannot be reached."), N_("Trying again."))


def problem(reply: httpx.Response) -> ExamError:
    """The box's problem+json as an error. Braces in its text are text, not fields."""
    try:
        found = msgspec.json.decode(reply.content, type=Problem)
    except msgspec.DecodeError:
        found = Problem(title=f"HTTP {reply.status_code}")
    kind = SignInFirst if reply.status_code == 401 else KINDS.get(reply.status_code, ExamError)
    text, step = ("{text}" if found.title else ""), ("{step}" if found.next else "")
    return kind(found.code, text, step, text=found.title, step=found.next)
