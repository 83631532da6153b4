"""Questions a station asks the box: the same HTTPS API for the page, the agent and the simulator.

Problems of the box come out as the errors of `appliance.base.errors`; silence comes out as Unavailable.
"""

import ssl
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
import msgspec

from appliance.base.errors import Conflict, Corrupt, ExamError, NotFound, Refused, Stale, Unavailable
from appliance.base.i18n import N_
from appliance.wire import station as wire

ROOT = "/station/api"
Reply = TypeVar("Reply")


class SignInAgain(Refused):
    """The seat's cookie is gone or void."""

    http_status = 401


def trust(authority: Path | None) -> ssl.SSLContext:
    """TLS that trusts the site's own authority and nothing else. Raises NotFound or Corrupt."""
    if authority is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=str(authority))
    except FileNotFoundError:
        raise NotFound(
            "no_authority",
            N_("The site authority's certificate {path} does not exist."),
            N_("Copy it from the box to this computer."),
            path=str(authority),
        ) from None
    except ssl.SSLError as error:
        raise Corrupt(
            "bad_authority",
            N_("{path} is not a certificate."),
            N_("Copy the site authority's certificate from the box again."),
            path=str(authority),
        ) from error


def silent(url: str, error: Exception | None = None) -> Unavailable:
    """The box did not answer."""
    return Unavailable(
        "box_silent",
        N_("The box at {url} does not answer."),
        N_("Check cable and box; work goes on by itself when it is back."),
        url=url,
        detail=str(error or ""),
    )


def problem(response: httpx.Response) -> ExamError:
    """The error in a problem+json reply; its sentence is already in the reader's language."""
    try:
        body = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.DecodeError:
        body = {}
    code = str(body.get("code", f"http_{response.status_code}"))
    sentence, following = str(body.get("title") or code), str(body.get("next") or "")
    if response.status_code == 409 and isinstance(body.get("expected"), int):
        return Stale(body["expected"])
    kinds: dict[int, type[ExamError]] = {401: SignInAgain, 403: Refused, 404: NotFound, 409: Conflict}
    kind = kinds.get(response.status_code, Corrupt)
    if code == "seat_sign_in_first":
        kind = SignInAgain
    return kind(code, sentence.replace("{", "{{").replace("}", "}}"), following)


class BoxClient:
    """One station's connection to the box, from its own source address when one is given."""

    def __init__(
        self,
        url: str,
        context: ssl.SSLContext | bool = True,
        *,
        address: str | None = None,
        key: str = "",
        timeout: float = 8.0,
    ) -> None:
        self.url = url.rstrip("/")
        self.csrf = ""
        self._key = key
        transport = httpx.AsyncHTTPTransport(verify=context, local_address=address, retries=0)
        self._http = httpx.AsyncClient(
            base_url=self.url, transport=transport, timeout=timeout, headers={"accept": "application/json"}
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def _ask(
        self, method: Literal["GET", "POST"], path: str, reply: type[Reply], body: Any = None
    ) -> Reply:
        headers: dict[str, str] = {}
        if method == "POST":
            headers = {"content-type": "application/json", "x-csrf-token": self.csrf}
        if path.startswith("/agent/"):
            headers["authorization"] = f"Bearer {self._key}"
        content = None if body is None else msgspec.json.encode(body)
        response = await self._answer(method, path, content, headers)
        try:
            return msgspec.json.decode(response.content, type=reply)
        except msgspec.DecodeError as error:
            raise silent(self.url, error) from error

    async def _answer(
        self, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """What the box answers when it carries the order out; everything else is raised."""
        try:
            response = await self._http.request(method, ROOT + path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise silent(self.url, error) from error
        if response.status_code >= 500:
            raise silent(self.url)
        if not response.is_success:
            raise problem(response)
        return response

    def _taken(self, attempt: wire.Attempt) -> wire.Attempt:
        self.csrf = attempt.csrf or self.csrf
        return attempt

    async def seat(self) -> wire.Seat:
        """Which seat this is and for whom."""
        return await self._ask("GET", "/seat", wire.Seat)

    async def sign_in(self, last_four: str) -> wire.Attempt:
        """Sign the bound candidate in."""
        return self._taken(
            await self._ask("POST", "/sign-in", wire.Attempt, wire.SignIn(last_four=last_four))
        )

    async def attempt(self) -> wire.Attempt:
        """Where the candidate stands."""
        return self._taken(await self._ask("GET", "/attempt", wire.Attempt))

    async def rules(self, attempt: str) -> wire.Attempt:
        """Accept the rules."""
        return self._taken(await self._ask("POST", "/rules", wire.Attempt, {"attempt": attempt}))

    async def paper(self) -> wire.SealedPaper:
        """What the seat's paper is made of, sealed, and the answers the box has."""
        return await self._ask("GET", "/paper", wire.SealedPaper)

    async def sealed(self, name: str) -> bytes:
        """One sealed file of it."""
        return (await self._answer("GET", f"/sealed/{name}")).content

    async def answers(self, sent: wire.Answers) -> wire.Saved:
        """Send changes; returns after the box has committed them."""
        return await self._ask("POST", "/answers", wire.Saved, sent)

    async def acknowledge(self, message_id: str) -> wire.Attempt:
        """The candidate has read a warning."""
        sent = wire.Acknowledge(message_id=message_id)
        return self._taken(await self._ask("POST", "/acknowledge", wire.Attempt, sent))

    async def hand_in(self, sent: wire.HandIn) -> wire.Attempt:
        """Hand in, or say that nothing is kept unsent."""
        return self._taken(await self._ask("POST", "/hand-in", wire.Attempt, sent))

    async def inventory(self, sent: wire.Inventory) -> wire.Orders:
        """Tell what this machine is."""
        return await self._ask("POST", "/agent/inventory", wire.Orders, sent)

    async def heartbeat(self, sent: wire.Heartbeat) -> wire.Orders:
        """A sign of life."""
        return await self._ask("POST", "/agent/heartbeat", wire.Orders, sent)
