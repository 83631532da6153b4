"""Accounts: adding, signing in and out, disabling. Passwords: argon2id (RFC 9106), never in a log or the journal."""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlmodel import Session, col, delete, or_, select

from appliance.base.errors import Conflict, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.records.accounts import ROLES, Account, LoginSession
from appliance.records.journal import append

MINIMUM = 8
TRIES = 5
LOCK = timedelta(minutes=10)
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)

_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """The signed-in person."""

    account: str
    login: str
    name: str
    role: str
    token_hash: str = ""
    must_change: bool = False
    """The password was given by somebody else: nothing is open before it was replaced."""

    @property
    def actor(self) -> str:
        """As the journal names them."""
        return f"account:{self.account}"


def hash_password(password: str) -> str:
    """Slow by intention (about 50 ms): call it outside a transaction."""
    if len(password) < MINIMUM:
        raise Refused(
            "password_too_short",
            N_("A password needs at least {count} characters."),
            N_("Choose a longer one."),
            count=MINIMUM,
        )
    return _hasher.hash(password)


def check_password(hashed: str, password: str) -> bool:
    """Does it fit? Slow by intention: call it outside a transaction."""
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


_DUMMY = _hasher.hash(secrets.token_hex(16))


def add_account(
    session: Session,
    box: Box,
    login: str,
    name: str,
    role: str,
    hashed: str,
    actor: str,
    must_change: bool = False,
) -> Account:
    """Add one person's account. `hashed` from `hash_password`."""
    if role not in ROLES:
        raise Refused(
            "unknown_role",
            N_("There is no role {role}."),
            N_("Choose one of: {roles}."),
            role=role,
            roles=", ".join(ROLES),
        )
    if session.exec(select(Account).where(Account.login == login)).first():
        raise Conflict(
            "login_taken", N_("The login {login} exists already."), N_("Choose another."), login=login
        )
    account = Account(
        id=new_id(),
        login=login,
        name=name,
        role=role,
        password_hash=hashed,
        must_change=must_change,
        created_at=box.now(),
    )
    session.add(account)
    session.flush()
    append(session, "account.added", account.id, actor, {"login": login, "role": role}, at=box.now())
    return account


def set_password(session: Session, box: Box, login: str, hashed: str, actor: str) -> None:
    """Replace a password and end the account's sessions."""
    account = _account(session, login)
    account.password_hash, account.must_change, account.failures = hashed, False, 0
    account.locked_until = None
    session.add(account)
    _end_sessions(session, account.id)
    append(session, "account.reset", account.id, actor, {}, at=box.now())


def disable_account(session: Session, box: Box, login: str, actor: str) -> None:
    """Shut an account and end its sessions; accounts are never deleted."""
    account = _account(session, login)
    account.disabled = True
    session.add(account)
    _end_sessions(session, account.id)
    append(session, "account.disabled", account.id, actor, {}, at=box.now())


def _account(session: Session, login: str) -> Account:
    account = session.exec(select(Account).where(Account.login == login)).first()
    if account is None:
        raise NotFound(
            "no_account", N_("There is no account {login}."), N_("See examsite account list."), login=login
        )
    return account


def _drop_dead_sessions(session: Session, now: datetime) -> None:
    """Forget sessions nobody can use any more: too old, or idle too long."""
    dead = or_(col(LoginSession.expires_at) <= now, col(LoginSession.seen_at) <= now - IDLE)
    session.execute(delete(LoginSession).where(dead))


def _end_sessions(session: Session, account: str) -> None:
    for row in session.exec(select(LoginSession).where(LoginSession.account == account)):
        session.delete(row)


async def change_password(box: Box, who: Who, old: str, new: str) -> None:
    """Replace one's own password. The old one is asked for, except when somebody else had made it.

    Wrong old passwords count as wrong sign-ins do: an open browser is no way to try them.
    """
    if not who.must_change:
        found = await box.db.read(lambda session: session.get_one(Account, who.account))
        fits = await asyncio.to_thread(check_password, found.password_hash, old)
        if refused := await box.db.write(_old_password, box, who, fits):
            raise refused
    hashed = await asyncio.to_thread(hash_password, new)
    await box.db.write(set_password, box, who.login, hashed, who.actor)


def _old_password(session: Session, box: Box, who: Who, fits: bool) -> Refused | None:
    account = session.get_one(Account, who.account)
    refused = _refused(session, box, account, fits, "")
    if refused and refused.code == "wrong_password":
        return Refused(
            "wrong_old_password",
            N_("The old password is wrong."),
            N_("Check capital letters and try again."),
        )
    return refused


async def sign_in(box: Box, login: str, password: str, address: str) -> tuple[Who, str]:
    """Check the password and open a session. Returns who it is and the cookie's secret."""
    found = await box.db.read(
        lambda session: session.exec(select(Account).where(Account.login == login)).first()
    )
    fits = await asyncio.to_thread(check_password, found.password_hash if found else _DUMMY, password)
    outcome = await box.db.write(_sign_in, box, login, fits, address)
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


async def prove(box: Box, login: str, password: str, where: str = "cli") -> Who:
    """Who this is, without a session: for one order on the command line, or as the second of two people.

    Wrong passwords count as at sign-in; `where` is noted with them.
    """
    found = await box.db.read(
        lambda session: session.exec(select(Account).where(Account.login == login)).first()
    )
    fits = await asyncio.to_thread(check_password, found.password_hash if found else _DUMMY, password)
    outcome = await box.db.write(_prove, box, login, fits, where)
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def _prove(session: Session, box: Box, login: str, fits: bool, where: str) -> Who | Refused:
    """Refusals are returned, not raised, so that the count of failures is committed."""
    account = session.exec(select(Account).where(Account.login == login)).first()
    if account is None or account.disabled:
        return _wrong()
    if refused := _refused(session, box, account, fits, where):
        return refused
    if account.must_change:
        return Refused(
            "change_password_first",
            N_("Please set your own password first."),
            N_("Sign in to the pages and set it, or have it reset with examsite account reset."),
        )
    return _who(account, "")


def _sign_in(session: Session, box: Box, login: str, fits: bool, address: str) -> tuple[Who, str] | Refused:
    """Refusals are returned, not raised, so that the count of failures is committed."""
    account = session.exec(select(Account).where(Account.login == login)).first()
    if account is None or account.disabled:
        return _wrong()
    if refused := _refused(session, box, account, fits, address):
        return refused
    now = box.now()
    _drop_dead_sessions(session, now)
    secret = secrets.token_urlsafe(32)
    row = LoginSession(
        token_hash=hash_token(secret),
        account=account.id,
        created_at=now,
        seen_at=now,
        expires_at=now + LONGEST,
        address=address,
    )
    session.add(row)
    append(session, "sign_in.done", account.id, f"account:{account.id}", {"address": address}, at=now)
    return _who(account, row.token_hash), secret


def _wrong() -> Refused:
    return Refused(
        "wrong_password", N_("The name or the password is wrong."), N_("Check capital letters and try again.")
    )


def _refused(session: Session, box: Box, account: Account, fits: bool, address: str) -> Refused | None:
    """Count a wrong password and lock the account after `TRIES`; None for the right one of an open account."""
    now = box.now()
    if account.locked_until and account.locked_until > now:
        return Refused(
            "account_locked",
            N_("Too many wrong passwords: this account is locked for a while."),
            N_("Wait ten minutes, or ask the system administrator."),
        )
    if not fits:
        account.failures += 1
        if account.failures >= TRIES:
            account.failures, account.locked_until = 0, now + LOCK
        session.add(account)
        append(session, "sign_in.refused", account.id, f"account:{account.id}", {"address": address}, at=now)
        return _wrong()
    account.failures, account.locked_until = 0, None
    session.add(account)
    return None


def sign_out(session: Session, box: Box, who: Who) -> None:
    """End one session."""
    row = session.get(LoginSession, who.token_hash)
    if row:
        session.delete(row)
        append(session, "sign_out.done", who.account, who.actor, {}, at=box.now())


def second_person(session: Session, first: Who, login: str, roles: tuple[str, ...]) -> Account:
    """The second of two people: another account than the first, with one of `roles`."""
    account = _account(session, login) if login else None
    if account is None:
        raise Refused(
            "second_missing", N_("A second person has to confirm this."), N_("Ask a colleague to sign.")
        )
    if account.id == first.account:
        raise Refused(
            "same_person",
            N_("This is your own account: the second person is somebody else."),
            N_("Ask a colleague to sign."),
        )
    if account.disabled or account.role not in roles:
        raise Refused("second_not_allowed", N_("This person may not confirm this."), N_("Ask somebody else."))
    if account.must_change:
        raise own_password_first()
    return account


def own_password_first() -> Refused:
    """Whoever gave out the first password could confirm in the name of who has not replaced it."""
    return Refused(
        "second_change_password",
        N_("The second person has not set a password of their own yet."),
        N_("Let them sign in once and set it, or ask another colleague."),
    )


def hash_token(secret: str) -> str:
    """SHA-256 (hex) of a random secret; what the database keeps."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _who(account: Account, token_hash: str) -> Who:
    return Who(
        account=account.id,
        login=account.login,
        name=account.name,
        role=account.role,
        token_hash=token_hash,
        must_change=account.must_change,
    )
