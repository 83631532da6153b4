"""Who is asking: the session cookie, and guards by role.

Handlers are closed unless marked: `opt={"public": True}` opens one to everybody, `guards=[needs("entry")]` to roles.
The station API has its own way (appliance/web/station.py) and is marked public here.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from sqlmodel import Session

from appliance.base.errors import Refused, Unavailable
from appliance.base.i18n import N_
from appliance.flow.accounts import IDLE, Who, hash_token
from appliance.flow.box import Box
from appliance.records.accounts import Account, LoginSession

Asked = ASGIConnection[Any, Any, Any, Any]

COOKIE = "session"
REFRESH = timedelta(minutes=1)


class SignInFirst(Refused):
    """Nobody is signed in, or the session ended: pages lead to the sign-in page."""

    http_status = 401


def sign_in_first() -> SignInFirst:
    """The error for a request without a session."""
    return SignInFirst("sign_in_first", N_("Please sign in."), N_("Sign in with your own account."))


class ChangePasswordFirst(Refused):
    """The password was given by somebody else: pages lead to the page that replaces it."""


def change_password_first() -> ChangePasswordFirst:
    """The error for everything but replacing the password."""
    return ChangePasswordFirst(
        "change_password_first",
        N_("Please set your own password first."),
        N_("Sign in to the pages and set it, or have it reset with examsite account reset."),
    )


def lookup(session: Session, secret: str, now: datetime) -> tuple[Who, bool] | None:
    """The person behind a cookie, and whether `seen_at` is due for a refresh."""
    row = session.get(LoginSession, hash_token(secret))
    if row is None or row.expires_at <= now or row.seen_at + IDLE <= now:
        return None
    account = session.get(Account, row.account)
    if account is None or account.disabled:
        return None
    who = Who(
        account=account.id,
        login=account.login,
        name=account.name,
        role=account.role,
        token_hash=row.token_hash,
        must_change=account.must_change,
    )
    return who, row.seen_at + REFRESH <= now


def touch(session: Session, token_hash: str, now: datetime) -> None:
    """Note that the session is in use."""
    row = session.get(LoginSession, token_hash)
    if row:
        row.seen_at = now
        session.add(row)


class SessionMiddleware(AbstractAuthenticationMiddleware):
    """Sets `request.user` to a Who, or None on public handlers."""

    async def authenticate_request(self, connection: Asked) -> AuthenticationResult:
        """Look the cookie up; refuse when the handler is not public and nobody is signed in."""
        public = bool(connection.route_handler.opt.get("public"))
        # The ops API is outside the CSRF check, so a cookie must mean nothing there.
        bearer_only = bool(connection.route_handler.opt.get("bearer"))
        secret = (None if bearer_only else connection.cookies.get(COOKIE)) or _bearer(connection)
        if public and not connection.route_handler.opt.get("greet"):
            return AuthenticationResult(user=None, auth=None)
        box: Box = connection.app.state.box
        found = await box.db.read(lookup, secret, box.now()) if secret else None
        if found is None:
            if public:
                return AuthenticationResult(user=None, auth=None)
            raise sign_in_first()
        who, stale = found
        if who.must_change and not connection.route_handler.opt.get("before_change"):
            raise change_password_first()
        passive = bool(connection.route_handler.opt.get("passive"))
        if stale and counts_as_use(connection.headers, who.role, passive):
            with suppress(Unavailable):  # a full disk must not close the pages that only show
                await box.db.write(touch, who.token_hash, box.now())
        return AuthenticationResult(user=who, auth=None)


def counts_as_use(headers: Mapping[str, str], role: str, passive: bool = False) -> bool:
    """A page that refreshes itself is nobody at work, or an open page would never sign out (idle time limit).

    `passive`: a feed or a picture the page asks for by itself. Displays have nobody at them: what they ask
    for is their use.
    """
    return role == "display" or not (passive or "x-refresh" in headers)


def _bearer(connection: Asked) -> str:
    kind, _, secret = connection.headers.get("authorization", "").partition(" ")
    return secret if kind.lower() == "bearer" else ""


def needs(*roles: str) -> Any:
    """A guard: only these roles (chief may see whatever staff sees; nobody gets admin rights by being chief)."""

    def guard(connection: Asked, _handler: BaseRouteHandler) -> None:
        who: Who | None = connection.user
        if who is None:
            raise sign_in_first()
        if who.role not in roles:
            raise Refused(
                "not_your_role",
                N_("Your account is not allowed to do this."),
                N_("Ask the head of the site which account may."),
            )

    return guard
