"""The printed card photographed by the lane's camera, for two people to compare on the desk."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_, _
from appliance.base.sockets import ask
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.card_picture import keep_card_picture, lane_of_card
from appliance.web.pages import done
from appliance.wire.gate import CardPhotographed, PhotographCard

Asked = Request[Who, Any, Any]
PATIENCE = 15.0
"""Seconds until the lane's camera has taken a picture, or counts as silent."""


@post("/card/{tap:str}", status_code=200)
async def desk_card(request: Asked, box: NamedDependency[Box], tap: FromPath[str]) -> Template:
    """Photograph the printed card of somebody who waits for a decision; once more replaces the picture."""
    lane = await box.db.read(lane_of_card, tap)
    try:
        taken = await ask(box.settings.socket("gate"), PhotographCard(lane), CardPhotographed, PATIENCE)
    except Unavailable as error:
        raise Unavailable(
            "card_camera_silent",
            N_("The card was not photographed: the lane's camera does not answer."),
            N_("Compare the printed card in your hand with the person; a second person confirms."),
        ) from error
    await box.db.write(keep_card_picture, box, tap, taken.picture, request.user)
    return done(
        request,
        _("The card was photographed."),
        _("Compare the photo on the card with the live one; if it cannot be made out, press C again."),
    )
