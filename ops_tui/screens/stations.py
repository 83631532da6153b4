"""3 Stations: the wall of a room; moving a candidate to another seat."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from appliance.base.i18n import N_, _
from appliance.base.ids import new_id
from appliance.wire.ops import MoveSeat, SeatTile, State
from ops_tui.models import wall
from ops_tui.models.words import SUBJECTS, word
from ops_tui.screens.concern import Concern
from ops_tui.widgets.ask import Ask, Field
from ops_tui.widgets.wall import StationWall


class StationsScreen(Concern):
    """The one look: which machine needs somebody?"""

    NAME = "stations"
    TITLE_ID = N_("Stations")
    EXPLAIN = N_(
        "The room as it stands: number, letter and sign of every station; * is a spare. Letters: F free, "
        "B called, S signed in, W waits for the start, R writing, H handed in, L does not answer, X broken. "
        "Arrows move, n goes to the next that needs somebody, s changes the sitting, m moves the candidate "
        "to another seat with all answers. Moving needs a reason and is kept in the journal."
    )
    OWN: ClassVar[list[BindingType]] = [
        Binding("m", "move", N_("move")),
        Binding("s", "sitting", N_("sitting")),
        Binding("n", "next", N_("next !"), key_display="n"),
    ]
    BINDINGS = OWN
    DEFAULT_CSS = """
    StationsScreen .about { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StationsScreen .one { height: 1; dock: bottom; text-style: bold; }
    StationsScreen .one, StationsScreen .legend { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def compose_body(self) -> ComposeResult:
        """Which sitting, the wall, what the letters count, the chosen seat."""
        yield Static("", classes="about", markup=False)
        yield Static("", classes="legend", markup=False)
        yield StationWall()
        yield Static("", classes="one", markup=False)

    @property
    def wall(self) -> StationWall:
        """The wall."""
        return self.query_one(StationWall)

    def show(self, state: State) -> None:
        """The board of this state."""
        board = state.board
        seats = board.seats if board else []
        wanted = [seat for seat in seats if self._holds(seat)]
        sitting = next((one for one in state.sittings if board and one.id == board.sitting), None)
        about = (
            _("Sitting {number} {subject}, {room}").format(
                number=sitting.number, subject=word(SUBJECTS, sitting.subject), room=sitting.room_name
            )
            if sitting
            else ""
        )
        self.query_one(".about", Static).update(Content(about))
        legend = "  ".join(
            f"{letter}{sign}{words} {count}" for letter, sign, words, count in wall.counts(seats)
        )
        self.query_one(".legend", Static).update(Content(legend))
        empty = (
            _("No seat holds this filter. Esc clears it.")
            if seats
            else _("No sitting today, so no seats to show.")
        )
        self.wall.show(wanted, empty)
        self._one()

    def _holds(self, seat: SeatTile) -> bool:
        text = " ".join((seat.seat, str(seat.number), seat.state, seat.candidate, *seat.flags)).lower()
        return all(one in text for one in self.filter.lower().split())

    def _one(self) -> None:
        seat = self.wall.chosen
        line = wall.brief(seat) if seat else ""
        self.query_one(".one", Static).update(Content(line))

    def on_station_wall_chosen(self) -> None:
        """The cursor moved."""
        self._one()

    def on_station_wall_opened(self) -> None:
        """Enter on a seat."""
        self.action_open()

    def action_open(self) -> None:
        """Everything about the chosen seat."""
        if seat := self.wall.chosen:
            self.open_detail(wall.detail(seat))

    def action_next(self) -> None:
        """n: the next seat that needs somebody."""
        self.wall.action_next()

    def action_sitting(self) -> None:
        """s: the next sitting of the day."""
        state = self.ops.state
        if state and state.sittings:
            names = [one.id for one in state.sittings]
            at = names.index(state.board.sitting) if state.board and state.board.sitting in names else -1
            self.ops.choose_sitting(names[(at + 1) % len(names)])

    def action_move(self) -> None:
        """m: move the chosen candidate."""
        state, seat = self.ops.state, self.wall.chosen
        if state is None or state.board is None or seat is None:
            return
        if not seat.candidate:
            self.tell(_("Nobody sits at {seat}.").format(seat=seat.seat), wrong=True)
            return
        sitting, command = state.board.sitting, new_id()

        async def send(values: dict[str, str]) -> str:
            order = MoveSeat(
                command=command,
                sitting=sitting,
                from_seat=seat.seat,
                to_seat=_seat_name(values["to"], seat.seat),
                reason=values["reason"],
                broken=bool(values["broken"]),
            )
            moved = await self.ops.client.move_seat(order)
            return _("{candidate} now sits at {seat}, with all answers.").format(
                candidate=seat.candidate, seat=moved.to_seat
            )

        fields = [
            Field("reason", _("Reason")),
            Field("to", _("To seat (empty: the nearest spare)"), needed=False),
            Field(
                "broken",
                _("This station is broken: nobody is to sit here"),
                tick=True,
                value="1" if "lost" in seat.flags else "",
            ),
        ]
        title = _("Move {candidate} away from seat {seat}").format(candidate=seat.candidate, seat=seat.seat)
        hint = _("Reason and your name are kept in the journal.")
        self.ops.push_screen(Ask(title, hint, fields, send), self.ops.done)


def _seat_name(typed: str, like: str) -> str:
    """A number alone means a seat of the same room: `61` at `T1-13` is `T1-61`."""
    if typed.isdecimal():
        room, _dash, number = like.rpartition("-")
        return f"{room}-{typed.zfill(len(number))}"
    return typed.upper()
