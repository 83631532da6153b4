"""The notice about the face check, open to everybody: why, what is kept, for how long, and the other way.

Asked for by the measures for face recognition (人脸识别技术应用安全管理办法): tell the purpose and the necessity, keep
the data on the spot and as short as may be, and never make the face the only way.
"""

from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Template

from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.web.pages import page


@get("/notice", opt={"public": True})
async def notice(request: Request[Who | None, Any, Any], box: NamedDependency[Box]) -> Template:
    """The notice, to be read on a screen or printed and put up at the entrance."""
    faces = box.settings.faces
    return page(
        request,
        "notice.html",
        days=faces.keep_days,
        liveness=faces.liveness > 0,
        captures=box.settings.captures.every > 0,
        seat_check=box.settings.station.face_check,
    )


HANDLERS = [notice]
