"""The second of two people proves who they are with their own password; the use case then checks their role."""

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import own_password_first, prove
from appliance.flow.box import Box


async def confirm_second(box: Box, login: str, password: str) -> None:
    """Returns when `login` exists and `password` fits. Wrong ones count as at sign-in, a right one clears the count.

    Raises Refused: `wrong_second_password`, `second_locked`, or `second_change_password` for a password that somebody
    else had given out.
    """
    try:
        await prove(box, login, password, where="second")
    except Refused as refused:
        told = _TOLD.get(refused.code)
        raise (told() if told else refused) from refused


def _wrong() -> Refused:
    return Refused(
        "wrong_second_password",
        N_("The second person's login or password is wrong."),
        N_("The second person types their own login and password."),
    )


def _locked() -> Refused:
    return Refused(
        "second_locked",
        N_("Too many wrong passwords: the second person's account is locked for a while."),
        N_("Wait ten minutes, or ask another colleague to confirm."),
    )


_TOLD = {"wrong_password": _wrong, "account_locked": _locked, "change_password_first": own_password_first}
"""What `prove` says to the person who typed, said of the second person."""
