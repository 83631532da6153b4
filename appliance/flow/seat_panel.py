"""One seat seen by the invigilator: who sits there, how far, what happened last. No writes."""

from datetime import datetime

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, _
from appliance.flow.board import STILL_HERE, SeatTile, board
from appliance.flow.box import Box
from appliance.flow.pauses import pause_of_one, pause_of_room
from appliance.flow.rules_of import rules_of
from appliance.records.base import moment
from appliance.records.journal import Journal
from appliance.records.roster import Candidate
from appliance.records.site import Seat, Station
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Violation

LAST = 12
HIDDEN = ("answer.", "capture.", "photo.", "number.", "clip.", "face.", "gate.")
"""Kinds that are many or say nothing to an invigilator."""


class PanelEntry(msgspec.Struct, kw_only=True):
    """One journal entry: when, what kind, and how much of it where that says something."""

    at: datetime
    kind: str
    more: str = ""


class SeatPanel(msgspec.Struct, kw_only=True):
    """One seat. `name` in clear: the panel is for the invigilator alone."""

    tile: SeatTile
    practical: bool = False
    """A workplace of a practical sitting, not a seat."""
    name: str = ""
    number_masked: str = ""
    state: str = ""
    """The attempt's state."""
    handed_in: str = ""
    handed_in_at: datetime | None = None
    message: str = ""
    broken_reason: str = ""
    hostname: str = ""
    entries: list[PanelEntry] = []
    pause_reason: str = ""
    violations: list[tuple[str, int]] = []
    """Records of violations of whoever sits here, in this sitting: id and number."""
    offer_min: int = 0
    """Minutes a dead station cost that may be given back as more time; 0 where the rules let them count."""
    free: list[str] = []
    """Seats somebody could move to, spares first."""


def _more(row: Journal) -> str:
    """For how long the page was away, how many pictures are lost."""
    body = msgspec.json.decode(row.body) if row.kind in ("page.reloaded", "captures.dropped") else {}
    if row.kind == "page.reloaded":
        return _("{seconds} s").format(seconds=round(body["seconds"]))
    return f"× {body['count']}" if body else ""


def seat_panel(session: Session, box: Box, sitting_id: str, seat_id: str) -> SeatPanel:
    """One seat of a sitting."""
    found = board(session, box, sitting_id)
    tile = next((one for one in found.seats if one.seat == seat_id), None)
    if tile is None:
        raise NotFound("no_seat", N_("There is no seat {seat}."), N_("Reload the page."), seat=seat_id)
    seat = session.get_one(Seat, seat_id)
    free = [one for one in found.seats if one.state == "free" and "lost" not in one.flags]
    panel = SeatPanel(
        tile=tile,
        practical=found.sitting.subject == "practical",
        broken_reason=seat.reason,
        free=[one.seat for one in sorted(free, key=lambda one: (not one.spare, one.number))],
    )
    station = session.get(Station, seat_id)
    if station and station.inventory_at:
        panel.hostname = str(msgspec.json.decode(station.inventory).get("hostname", ""))
    if tile.candidate_id:
        candidate = session.get_one(Candidate, tile.candidate_id)
        panel.name, panel.number_masked = candidate.name, candidate.number_masked
        records = select(Violation.id, Violation.number).where(
            Violation.sitting == sitting_id, Violation.candidate == candidate.id
        )
        panel.violations = [
            (one, number) for one, number in session.exec(records.order_by(col(Violation.number)))
        ]
        rows = session.exec(
            select(Journal)
            .where(
                Journal.subject == candidate.id,
                *(~col(Journal.kind).startswith(prefix) for prefix in HIDDEN),
            )
            .order_by(col(Journal.seq).desc())
            .limit(LAST)
        )
        panel.entries = [PanelEntry(at=moment(row.at), kind=row.kind, more=_more(row)) for row in rows]
    if tile.attempt:
        attempt = session.get_one(Attempt, tile.attempt)
        panel.state = attempt.state
        panel.message = attempt.message if attempt.state in STILL_HERE else ""
        if pause := pause_of_one(session, attempt.id) or pause_of_room(session, sitting_id):
            panel.pause_reason = pause.reason
        if rules_of(session.get_one(Sitting, attempt.sitting)).time_lost == "given_back":
            panel.offer_min = min(60, -(-attempt.lost_s // 60))
        panel.handed_in, panel.handed_in_at = attempt.handed_in, attempt.handed_in_at
    return panel
