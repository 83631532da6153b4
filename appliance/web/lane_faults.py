"""What is wrong with a lane, and what to do: the same sentences at the check-in desk and in the terminal."""

import msgspec

from appliance.base.i18n import N_, _
from appliance.wire.gate import LaneState

PARTS = {"reader": N_("card reader"), "gate": N_("gate"), "camera": N_("face camera")}
WRONG = {
    "missing": N_("not plugged in"),
    "silent": N_("does not answer"),
    "fault": N_("reports a fault"),
}
NEXT = {
    "reader": N_("Check the reader's plug; it goes on by itself. Use another lane meanwhile."),
    "gate": N_(
        "Check the relay board's plug and power. Until then look after every opening, or use another lane."
    ),
    "camera": N_(
        "Check the camera's plug. Until then compare card and person yourself; a second person confirms."
    ),
}
SILENT = N_("The entry process is silent: no card is read, no gate opens.")
SILENT_NEXT = N_(
    "It is started again by itself. If it stays so, check identities by hand and call the system administrator."
)


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong, in the current language. `part`: reader, gate, camera, card, or process."""

    lane: str
    part: str
    text: str
    next: str


def lane_faults(lanes: list[LaneState], silent: bool = False) -> list[Fault]:
    """Every fault of these lanes, lane by lane; empty when all is in order. `silent`: the entry process is."""
    if silent:
        return [Fault("", "process", _(SILENT), _(SILENT_NEXT))]
    found = []
    for lane in lanes:
        for part in PARTS:
            state = getattr(lane, part)
            if state in WRONG:
                text = _("Lane {lane}: {part} {wrong}.").format(
                    lane=lane.name, part=_(PARTS[part]), wrong=_(WRONG[state])
                )
                # What the gate's driver says holds the next step (look whether it opened); the others name the fault.
                said = _(lane.messages[part]) if part == "gate" and part in lane.messages else ""
                found.append(Fault(lane.lane, part, text, said or _(NEXT[part])))
        if message := lane.messages.get("card"):
            found.append(Fault(lane.lane, "card", lane.name, _(message)))
    return found
