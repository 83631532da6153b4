"""What is wrong with a lane, and what to do: the same sentences at the check-in desk and in the terminal."""

import msgspec

from appliance.base.i18n import N_, _
from appliance.wire.gate import LaneState

PARTS = {
    "reader": N_("card reader"),
    "gate": N_("gate"),
    "camera": N_("face camera"),
    "printer": N_("ticket printer"),
}
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
    "printer": N_("Check the printer's power, cable and paper. Until then open the ticket as PDF."),
}
FIRE = N_("Fire alarm: every lane is free.")
FIRE_NEXT = N_(
    "Get everybody out, then call the roll. The gates open by their own wires; nothing is to be pressed."
)
ALARMS: dict[str, tuple[str, str]] = {
    "forced_open": (
        N_("Lane {lane}: the gate was opened by force."),
        N_("Look who came in and check the identity; the recording shows it."),
    ),
    "held_open": (
        N_("Lane {lane}: the gate stays open."),
        N_("Close it, and let nobody through without a card."),
    ),
}
SILENT = N_("The entry process is silent: no card is read, no gate opens.")
SILENT_NEXT = N_(
    "It is started again by itself. If it stays so, check identities by hand and call the system administrator."
)


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong, in the current language. `part`: reader, gate, camera, printer, card, alarm, or process.

    `lane` is empty for what concerns all of them.
    """

    lane: str
    part: str
    text: str
    next: str


def lane_faults(lanes: list[LaneState], silent: bool = False) -> list[Fault]:
    """Every fault of these lanes, lane by lane; empty when all is in order. `silent`: the entry process is."""
    if silent:
        return [Fault("", "process", _(SILENT), _(SILENT_NEXT))]
    found = []
    if any("fire" in lane.alarms for lane in lanes):
        found.append(Fault("", "alarm", _(FIRE), _(FIRE_NEXT)))
    for lane in lanes:
        for alarm in (one for one in lane.alarms if one in ALARMS):
            text, what_next = ALARMS[alarm]
            found.append(Fault(lane.lane, "alarm", _(text).format(lane=lane.name), _(what_next)))
        for part in PARTS:
            state = getattr(lane, part)
            if state in WRONG:
                text = _("Lane {lane}: {part} {wrong}.").format(
                    lane=lane.name, part=_(PARTS[part]), wrong=_(WRONG[state])
                )
                # What the drivers of gate and printer say holds the next step (look whether it opened; put in paper),
                # and so does a reader that answers and cannot read (replace it); the others name the fault.
                telling = part in ("gate", "printer") or (part == "reader" and state == "fault")
                said = _(lane.messages[part]) if telling and part in lane.messages else ""
                found.append(Fault(lane.lane, part, text, said or _(NEXT[part])))
        if lane.reader == "ok" and (message := lane.messages.get("reader")):  # one of two
            found.append(Fault(lane.lane, "reader", lane.name, _(message)))
        if message := lane.messages.get("card"):
            found.append(Fault(lane.lane, "card", lane.name, _(message)))
    return found
