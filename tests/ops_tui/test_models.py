"""What is shown, without a widget."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from appliance.base.i18n import set_language
from appliance.wire import ops
from appliance.wire.archive import Problem
from ops_tui.models import machine, storage, tables, wall
from ops_tui.models.header import Link, head
from ops_tui.models.row import Column, Row
from ops_tui.models.words import SEATS, Times, bar, duration, short
from ops_tui.widgets.table import Table, fit
from tests.stored import stored

NOW = datetime(2026, 11, 21, 1, 5, 12, tzinfo=UTC)


def tile(number: int, state: str = "running", row: int = 0, column: int = 0, **more: object) -> ops.SeatTile:
    return ops.SeatTile(
        seat=f"T1-{number:02d}", number=number, row=row, column=column, spare=False, state=state, **more
    )


def state(**more: object) -> ops.State:
    parts: dict[str, object] = {
        "now": NOW,
        "site": ops.SiteLine(code="999999-01", name="示范考点", name_en="Demo Site", demo=True),
        "who": "王",
        "role": "admin",
        "day": "2026-11-21",
        "sittings": [],
        "cases_open": 0,
        "board": None,
        "lanes": [],
        "cameras": [],
        "disks": [],
        "backlog": ops.Backlog(configured=True),
        "processes": [],
        "machine": ops.Machine(
            version="1",
            load=0.1,
            cores=2,
            memory_total=4,
            memory_free=2,
            up_since=NOW - timedelta(hours=3),
            database="sqlite",
        ),
        "alarms": [],
    }
    return ops.State(**(parts | more))  # type: ignore[arg-type]


@given(
    count=st.integers(0, 130),
    width=st.integers(40, 200),
    height=st.integers(4, 60),
    columns=st.integers(1, 20),
    placed=st.booleans(),
)
def test_every_seat_stands_once_and_inside(
    count: int, width: int, height: int, columns: int, placed: bool
) -> None:
    seats = [
        tile(i + 1, row=i // columns + 1 if placed else 0, column=i % columns + 1 if placed else 0)
        for i in range(count)
    ]
    made = wall.lay_out(seats, width, height)
    shown = [cell.seat for row in made.rows for cell in row if cell]
    assert shown == [seat.seat for seat in seats]
    assert all(len(row) * made.width <= width for row in made.rows)
    if -(-count // (width // wall.NARROW)) <= height:
        assert len(made.rows) * made.height <= height, "the wall never has to be scrolled when it can fit"


def test_sixty_stations_fit_80x24_with_two_lines_each() -> None:
    seats = [tile(i + 1, row=i // 8 + 1, column=i % 8 + 1) for i in range(64)]
    made = wall.lay_out(seats, 78, 16)
    assert (len(made.rows), made.height) == (8, 2)


def test_arrows_skip_what_is_empty_and_stop_at_the_wall() -> None:
    made = wall.lay_out(
        [tile(1, row=1, column=1), tile(2, row=1, column=3), tile(3, row=2, column=1)], 78, 16
    )
    assert wall.move_focus(made, "T1-01", 1, 0) == "T1-02"
    assert wall.move_focus(made, "T1-02", 1, 0) == "T1-02"
    assert wall.move_focus(made, "T1-01", 0, 1) == "T1-03"
    assert wall.move_focus(made, "gone", 0, 1) == "T1-01"


def test_letters_and_signs_are_one_each_and_ascii() -> None:
    letters = [letter for letter, _sign, _words in SEATS.values()]
    assert len(set(letters)) == len(SEATS)
    assert all((letter + sign).isascii() for letter, sign, _words in SEATS.values())
    assert wall.cell(tile(7, flags=["warned"])).text == " 7 R!"
    assert wall.cell(tile(61, "broken", flags=["broken"])).text == "61 Xx"


def test_an_unknown_state_from_a_newer_box_is_shown_not_hidden() -> None:
    assert wall.cell(tile(5, "levitating")).text == " 5 ??"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (4800, "1 h 20 min"), (200000, "2 d 7 h"), (-5, "0 s")],
)
def test_durations(seconds: float, text: str) -> None:
    set_language("en")
    assert duration(seconds) == text


def test_bars_ids() -> None:
    assert bar(0.5, 12) == "[#####-----]" and bar(7, 4) == "[##]" and bar(-1, 4) == "[--]"
    assert short("019a0000000070008000000012345678") == "~12345678" and short("T1-07") == "T1-07"


@given(text=st.text(max_size=60), width=st.integers(3, 40))
def test_a_cell_never_spills_into_the_next(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) < width or cell_len(text) == 0


def test_a_name_is_not_cut_while_the_line_is_free() -> None:
    def widths(name: str, seen: str) -> list[int]:
        table = Table((Column("Name", 10, grows=True), Column("Role", 20), Column("Seen", 0)), "")
        table._width, table._rows_shown = 61, [Row("k", (name, "x", seen))]
        return table._widths()

    assert widths("short", "09:41:00") == [10, 20, 30]
    assert widths("监考员监考员监考员", "09:41:00") == [19, 20, 21]
    assert widths("x" * 70, "09:41:00") == [31, 20, 9], "the last column keeps what it needs"
    assert widths("x" * 70, "y" * 70) == [10, 20, 30]


def test_times_are_the_sites() -> None:
    times = Times("Asia/Shanghai")
    assert times.clock(NOW) == "09:05:12" and times.clock(None) == "-"
    assert times.stamp(NOW - timedelta(days=2), NOW) == "11-19 09:05"
    assert times.journal("2026-11-21T01:05:12.000001Z") == "11-21 09:05:12"


def test_header_says_stale_before_anything_else() -> None:
    alarm = ops.Alarm(level="red", code="x", text="Camera down.", since=NOW)
    set_language("en")
    quiet = head(state(), Link(), NOW)
    assert (quiet.site, quiet.level, quiet.alarm) == ("[DEMO] Demo Site", "green", "+ No alarm.")
    loud = head(state(alarms=[alarm, alarm]), Link(), NOW)
    assert loud.alarm == "!! Camera down. since 09:05:12 (+1)" and loud.level == "red"
    stale = head(state(alarms=[alarm]), Link(down_since=NOW, reason="Gone."), NOW)
    assert stale.level == "stale" and stale.alarm.startswith("? No answer since 09:05:12: Gone.")
    assert head(None, Link(down_since=NOW, reason="Gone."), NOW).level == "stale"
    assert "(+2.5 s)" in head(state(), Link(offset=2.5), NOW).clock
    assert head(state(), Link(offset=0.2), NOW).clock == "09:05:12"


def test_header_names_the_sitting_that_runs_else_the_next() -> None:
    set_language("en")

    def one(number: int, condition: str, ends: datetime | None = None) -> ops.SittingLine:
        return ops.SittingLine(
            id=str(number),
            number=number,
            subject="theory",
            trade="low_voltage",
            trade_name="低压电工",
            room="T1",
            room_name="T1",
            starts_at=NOW,
            started_at=None,
            ends_at=ends,
            opens_at=NOW,
            closes_at=NOW,
            state=condition,
        )

    first, second = one(1, "ended"), one(2, "planned")
    assert head(state(sittings=[first, second]), Link(), NOW).sitting == "Sitting 2 Theory planned 09:05"
    third = one(3, "running", NOW + timedelta(minutes=40))
    assert head(state(sittings=[first, second, third]), Link(), NOW).sitting.endswith("running 40 min left")
    assert head(state(sittings=[first]), Link(), NOW).sitting == "All sittings are over"
    assert tables.today(state(sittings=[third]))[0].mark == "green"


def test_a_sitting_that_is_over_shows_when_it_ended() -> None:
    set_language("en")
    line = ops.SittingLine(
        id="1",
        number=1,
        subject="theory",
        trade="low_voltage",
        trade_name="x",
        room="T1",
        room_name="T1",
        starts_at=NOW,
        started_at=NOW,
        ends_at=NOW + timedelta(hours=2),
        ended_at=NOW + timedelta(minutes=51),
        opens_at=NOW,
        closes_at=NOW,
        state="ended",
    )
    row = tables.today(state(sittings=[line]))[0]
    assert row.cells[3] == "09:05-09:56" and ("End", "09:56:12") in row.detail
    line.ended_at = None
    row = tables.today(state(sittings=[line]))[0]
    assert row.cells[3] == "09:05-11:05" and ("End", "11:05:12") in row.detail


def test_rows_are_found_by_every_word_in_cells_and_detail() -> None:
    row = Row("k", ("Lane", "North"), "", (("Reader", "x missing"),))
    assert row.holds("north MISSING") and not row.holds("north gone") and row.holds("")


def test_people_are_named_in_the_journal() -> None:
    name = "019a0000000070008000000012345678"
    line = ops.JournalLine(
        seq=7,
        at="2026-11-21T01:05:12.000001Z",
        kind="seat.left",
        subject=name,
        actor=f"account:{name}",
        body="",
    )
    set_language("en")
    known = machine.journal([line], "Asia/Shanghai", {name: "chief"})[0]
    assert known.cells == ("7", "11-21 09:05:12", "Left the seat", "chief", "chief")
    assert machine.journal([line], "Asia/Shanghai", {})[0].cells[3:] == ("Account ~12345678", "~12345678")
    assert ("Body", "(not for this account)") in known.detail
    assert ("Kind", "Left the seat (seat.left)") in known.detail


def test_recordings_left_are_told_in_time() -> None:
    set_language("en")
    from appliance.wire.recorder import CameraStatus

    camera = CameraStatus(
        camera="C1",
        name="C1",
        room="T1",
        state="recording",
        since=NOW,
        bytes_today=36_000_000,
        recorded_s=3600,
    )
    disk = ops.Disk(what="media", path="/m", total=10_000_000_000, free=864_000_000)
    rows = storage.rows(state(cameras=[camera], disks=[disk]))
    assert rows[-1].cells[1] == "24 h 0 min"
    assert rows[0].mark == "amber"


def test_the_disk_of_the_days_to_come_is_drawn() -> None:
    set_language("en")
    shown = state(disks=[ops.Disk(what="state", path="/s", total=100, free=50)], storage=stored(NOW))
    lines = storage.summary(shown).splitlines()
    assert lines[0].startswith("Recordings: room for 44 days. !! Recordings that do not hold: 1.")
    assert len(lines) == 2 + storage.HEIGHT and all(len(line) <= 78 for line in lines[1:])
    assert lines[1].startswith("100%|-") and lines[1].endswith("#|") and lines[5].startswith("  0%|###")
    rows = {row.key: row for row in storage.rows(shown)}
    assert list(rows) == ["state", "place-", "place-nas", "place-A-001", "camera-C1"]
    assert rows["place-"].mark == "amber" and rows["place-nas"].mark == "red"
    assert "re-read 35%" in rows["place-"].cells[4] and "in the cupboard" in rows["place-A-001"].cells[4]
    assert ("Does not hold", "altered  C1/x.mp4") in rows["place-nas"].detail
    assert shown.storage
    shown.storage.acknowledged, shown.storage.places[1].days_left = 7, 300.5
    shown.storage.problems = [Problem(what="nas", since=NOW, text="no room")]
    told = storage.summary(shown).splitlines()
    assert (
        "7 more that two people know of." in told[0] and told[1] == "! Storage of recordings, nas: no room."
    )
    assert "room for 300 days" in {row.key: row for row in storage.rows(shown)}["place-nas"].cells[4]


def test_a_site_without_a_line_says_how_parcels_leave() -> None:
    set_language("en")
    assert "USB" in tables.sync_summary(state(backlog=ops.Backlog(configured=False)))
