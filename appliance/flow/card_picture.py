"""The printed card on the desk's screen: photographed where the chip's photograph is not at hand.

Two people then compare the printed photograph with the live picture. The lane's camera takes the picture
(`lane_faces.LaneFaces.card`), the person holds the card beside the face or before the lens; it is kept, looked at and
forgotten like the picture of a paper. A camera that is silent stops nobody: the card in the hand is compared.
"""

from typing import get_args

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import Conflict, NotFound
from appliance.base.i18n import N_
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.records.entry import Case, FaceCheck, Tap
from appliance.records.journal import append
from appliance.rules.facecheck import printed_card_needed
from appliance.rules.papers import Paper


class Pictures(msgspec.Struct, kw_only=True):
    """What there is to look at beside the two pictures of the face check."""

    roster: bool = False
    """The roster photo: not of somebody who is refused anyway, except of who seems to be inside already."""
    paper: str = ""
    """Which picture of the paper, or of the printed card: another one has another name. Empty = there is none."""
    card_wanted: bool = False
    """The printed card can be photographed now."""


def pictures_of(tap: Tap, roster_photo: str, check: FaceCheck | None, waits: bool) -> Pictures:
    """`roster_photo`: the candidate's, empty for none; `waits`: the tap's case is open."""
    looked_at = tap.result != "refuse" or tap.code == "already_inside"
    altered = "photo_altered" in tap.doubts.split()
    return Pictures(
        roster=bool(roster_photo) and looked_at and not altered,
        paper=tap.paper_picture[:16],
        card_wanted=waits and _needed(tap, check),
    )


def lane_of_card(session: Session, tap_id: str) -> str:
    """The lane whose camera shall photograph the card. Raises NotFound, and Conflict when nobody needs it."""
    return _waiting(session, tap_id).lane


def keep_card_picture(session: Session, box: Box, tap_id: str, picture: str, who: Who) -> None:
    """The sealed `picture` stands for the printed card from now on; one that was taken before is pointed at no more."""
    tap = _waiting(session, tap_id)
    before, tap.paper_picture = tap.paper_picture, picture
    session.add(tap)
    session.flush()
    body = {"tap": tap.id, "lane": tap.lane, "picture": picture, "before": before}
    append(session, "card.photographed", tap.candidate or tap.id, who.actor, body, at=box.now())


def _needed(tap: Tap, check: FaceCheck | None) -> bool:
    """Not for a paper that was typed in: it has its own picture, or the person wants none taken."""
    typed = tap.card_kind in get_args(Paper)
    return not typed and printed_card_needed(tap.doubts.split(), check.reference if check else "")


def _waiting(session: Session, tap_id: str) -> Tap:
    """The tap, while its case is open and its chip's photograph is not at hand."""
    tap = session.get(Tap, tap_id)
    if tap is None:
        raise NotFound("no_tap", N_("There is no such card."), N_("Reload the page."))
    wanted = select(Case).where(col(Case.tap) == tap_id, Case.state == "open")
    check = session.exec(select(FaceCheck).where(FaceCheck.tap == tap_id)).first()
    if session.exec(wanted).first() is None or not _needed(tap, check):
        raise Conflict(
            "card_not_wanted",
            N_("No picture of this card is needed any more."),
            N_("Reload the page."),
        )
    return tap
