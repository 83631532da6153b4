"""Rows of the time line: a changed seat hides nothing, and recordings over one another stand side by side."""

from datetime import timedelta

from appliance.web.timeline import EPOCH, Row, add_pieces, lanes, ms
from appliance.wire.playback import Piece

SECOND = 1_000_000


def piece(start: int, end: int, run: str = "r1") -> Piece:
    return Piece(start=start * SECOND, end=end * SECOND, codec="avc1", frame_s=0.04, run=run)


def shown(row: Row) -> list[tuple[float, float]]:
    return [(one.start / 1000, one.end / 1000) for one in row.pieces]


def test_after_a_change_of_the_seat_the_same_camera_goes_on() -> None:
    """The first stay ends at 630; the second one's first piece begins with the segment at 600."""
    row = Row(camera="C1", name="n", place="p")
    add_pieces(row, [piece(0, 600), piece(600, 630)])
    add_pieces(row, [piece(600, 1200), piece(1200, 1300)])
    assert shown(row) == [(0, 600), (600, 1200), (1200, 1300)]
    add_pieces(row, [piece(1100, 1250)])
    assert shown(row)[-1] == (1200, 1300), "what is there already is not there twice"


def test_a_piece_that_reaches_into_the_next_stay_is_cut_where_that_one_begins() -> None:
    row = Row(camera="C1", name="n", place="p")
    add_pieces(row, [piece(0, 630)])
    add_pieces(row, [piece(600, 1200)])
    assert shown(row) == [(0, 600), (600, 1200)]
    assert row.pieces[0].to == (EPOCH + timedelta(seconds=630)).isoformat(timespec="microseconds")
    assert ms(EPOCH) == 0


def test_recordings_over_one_another_stand_side_by_side() -> None:
    again = [piece(0, 600), piece(600, 1200), piece(900, 1500, "r2"), piece(1500, 1600, "r2")]
    assert [[one.start // SECOND for one in lane] for lane in lanes(again)] == [[0, 600], [900, 1500]]
    # A new connection a moment before the end of the one before is no step of the clock.
    assert len(lanes([piece(0, 600), piece(599, 900, "r2")])) == 1
    assert lanes([]) == []
