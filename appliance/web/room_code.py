"""Two people type in the code that opens the sealed papers of a sitting."""

from typing import Any

import msgspec
from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from appliance.base.i18n import _
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.confirm_second import confirm_second
from appliance.flow.open_sealed import STAFF, require_code, type_code
from appliance.flow.start_sitting import sitting_of
from appliance.web.pages import done
from appliance.web.sessions import needs

Asked = Request[Who, Any, Any]


class Code(msgspec.Struct, forbid_unknown_fields=True):
    """The groups of a code, and the second person."""

    group: list[str]
    second_login: str
    second_password: str


@post("/{sitting:str}/code", status_code=200)
async def room_code(
    request: Asked, box: NamedDependency[Box], sitting: FromPath[str], data: URLEncodedBody[Code]
) -> Template:
    """Open the sealed papers. A slip of the fingers is told before anybody's password is asked for."""
    text, second = " ".join(data.group), data.second_login.strip()
    require_code(text)
    await confirm_second(box, second, data.second_password)
    await type_code(box, sitting, text, request.user, second)
    begun = (await box.db.read(sitting_of, sitting)).state == "running"
    then = _("Whoever waits for one begins by itself.") if begun else _("Now the exam can be started.")
    return done(request, _("The papers are open."), then)


HANDLERS = [Router(path="/room", guards=[needs(*STAFF)], route_handlers=[room_code])]
