"""The second of two people proves who they are with their own password; the use case then checks their role."""

import asyncio

from sqlmodel import Session, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import LOCK, TRIES, check_password, hash_password
from appliance.flow.box import Box
from appliance.records.accounts import Account
from appliance.records.journal import append

_NOBODY = hash_password("nobody-has-this-password")


async def confirm_second(box: Box, login: str, password: str) -> None:
    """Returns when `login` exists and `password` fits; raises Refused otherwise. Failures count as at sign-in."""
    found = await box.db.read(_account, login)
    hashed = found.password_hash if found else _NOBODY
    fits = await asyncio.to_thread(check_password, hashed, password)
    if not await box.db.write(_note, box, login, fits):
        raise Refused(
            "wrong_second_password",
            N_("The second person's login or password is wrong."),
            N_("The second person types their own login and password."),
        )


def _account(session: Session, login: str) -> Account | None:
    return session.exec(select(Account).where(Account.login == login)).first()


def _note(session: Session, box: Box, login: str, fits: bool) -> bool:
    account, now = _account(session, login), box.now()
    if account is None or account.disabled or (account.locked_until and account.locked_until > now):
        return False
    if fits:
        return True
    account.failures += 1
    if account.failures >= TRIES:
        account.failures, account.locked_until = 0, now + LOCK
    session.add(account)
    session.flush()
    append(session, "sign_in.refused", account.id, f"account:{account.id}", {"second": True}, at=now)
    return False
