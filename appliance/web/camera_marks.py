"""What is said of marks that were kept: how many of what, and what looks like a slip."""

from appliance.base.camera_settings import Mark
from appliance.base.errors import Conflict
from appliance.base.i18n import N_, _
from appliance.flow.coverage import Seen, said

NEAR_X, NEAR_Y = 0.008, 0.014
"""Shares of the picture's width and height: marks so near lie upon each other."""


def told(marks: list[Mark], here: Seen | None) -> tuple[str, str]:
    """The sign (`go`, `look`) and the words below `... marks are kept`. `here`: the room they were kept for."""
    seats = sum(one.kind == "seat" for one in marks)
    words, slips = [_("Seats: {seats}, doors: {doors}.").format(seats=seats, doors=len(marks) - seats)], []
    if here and here.seats and not seats:
        slips.append(_("No seat is marked on this camera's picture."))
    if twice := at_one_place(marks):
        slips.append(_("Marked at one and the same place: {names}.").format(names=_(", ").join(twice)))
    open_ = [said(hole, here.kind) for hole in here.holes] if here else []
    whole = here.whole if here and not open_ and not slips else ""
    return "look" if open_ or slips else "go", " ".join([*words, *slips, *open_, whole]).strip()


def of_picture(exchanged: float | None) -> float:
    """Which picture was marked on. Raises Conflict where the page was saved before it had said anything of it."""
    if exchanged is None:
        raise Conflict(
            "picture_untold",
            N_("The page has not said yet of when its picture is: nothing is saved."),
            N_("Wait a moment and save again. If it stays so, load the page again."),
        )
    return exchanged


def at_one_place(marks: list[Mark]) -> list[str]:
    """Names of marks that lie upon another one: a double click, or a door where a seat is."""
    return [
        one.name
        for one in marks
        if any(
            other is not one and abs(one.x - other.x) < NEAR_X and abs(one.y - other.y) < NEAR_Y
            for other in marks
        )
    ]
