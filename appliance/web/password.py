"""Replacing one's own password; the first thing after somebody else made it."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from appliance.base.errors import ExamError, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who, hash_password, set_password
from appliance.flow.box import Box
from appliance.web.pages import page

OPEN = {"before_change": True}


class PasswordForm(msgspec.Struct, forbid_unknown_fields=True):
    """The new password, typed twice."""

    first: str
    second: str
    _csrf_token: str = ""


@get("/password", opt=OPEN)
async def password_page(request: Request[Who, Any, Any]) -> Template:
    """The form."""
    return page(request, "password.html", error=None)


@post("/password", opt=OPEN)
async def password_done(
    request: Request[Who, Any, Any], box: NamedDependency[Box], data: URLEncodedBody[PasswordForm]
) -> Template | Redirect:
    """Replace it; every session of the account ends, so the new one is tried at once."""
    try:
        if data.first != data.second:
            raise Refused("not_the_same", N_("The two passwords are not the same."), N_("Type both again."))
        hashed = await asyncio.to_thread(hash_password, data.first)
    except ExamError as error:
        shown = page(request, "password.html", error=error)
        shown.status_code = error.http_status
        return shown
    await box.db.write(set_password, box, request.user.login, hashed, request.user.actor)
    return Redirect("/sign-in", status_code=303)


HANDLERS = [password_page, password_done]
