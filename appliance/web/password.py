"""Replacing one's own password; the first thing after somebody else made it."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from appliance.base.errors import ExamError, Refused
from appliance.base.i18n import N_
from appliance.flow.accounts import Who, change_password
from appliance.flow.box import Box
from appliance.web.pages import page

OPEN = {"before_change": True}


class PasswordForm(msgspec.Struct, forbid_unknown_fields=True):
    """The old password (not asked for when somebody else made it), and the new one typed twice."""

    first: str
    second: str
    old: str = ""
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
        await change_password(box, request.user, data.old, data.first)
    except ExamError as error:
        shown = page(request, "password.html", error=error)
        shown.status_code = error.http_status
        return shown
    return Redirect("/sign-in?password=set", status_code=303)


HANDLERS = [password_page, password_done]
