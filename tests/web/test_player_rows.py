"""Rows of the time line: a changed seat hides nothing, and recordings over one another stand side by side."""

import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.flow.seen import joined
from appliance.flow.whereabouts import Stay
from appliance.web.recordings import pieces, together
from appliance.web.timeline_rows import EPOCH, Row, add_gaps, add_pieces, lanes, ms, rows_of
from appliance.wire.playback import Piece, Reel
from appliance.wire.recorder import AlarmSpan, Clip, Gap

SECOND = 1_000_000


def at(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def piece(start: int, end: int, run: str = "r1") -> Piece:
    return Piece(start=start * SECOND, end=end * SECOND, codec="avc1", frame_s=0.04, run=run)


def shown(row: Row) -> list[tuple[float, float]]:
    return [(one.start / 1000, one.end / 1000) for one in row.pieces]


def test_after_a_change_of_the_seat_the_same_camera_goes_on() -> None:
    """The first stay ends at 630; the second one's first piece begins with the segment at 600."""
    row = Row(camera="C1", name="n")
    add_pieces(row, [piece(0, 600), piece(600, 630)])
    add_pieces(row, [piece(600, 1200), piece(1200, 1300)])
    assert shown(row) == [(0, 600), (600, 1200), (1200, 1300)]
    add_pieces(row, [piece(1100, 1250)])
    assert shown(row)[-1] == (1200, 1300), "what is there already is not there twice"


def test_a_piece_that_reaches_into_the_next_stay_is_cut_where_that_one_begins() -> None:
    row = Row(camera="C1", name="n")
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


def test_a_piece_that_begins_before_several_takes_their_place() -> None:
    row = Row(camera="C1", name="n")
    add_pieces(row, [piece(0, 600), piece(600, 660)])
    add_pieces(row, [piece(590, 1190)])
    assert shown(row) == [(0, 590), (590, 1190)], "nothing lies over anything else"


def test_what_two_stays_see_of_a_camera_is_one_row_with_one_gap() -> None:
    """A way out is looked at while the candidate still has the seat; both know the same two minutes missing."""
    first = [Stay(kind="seat", name="T1-01", start=at(0), end=at(900), cameras=["C1", "C2"])]
    out = Stay(kind="exit", name="", start=at(600), end=at(1200), cameras=["C1"])
    spans = joined([*first, out], at(0), at(2000))
    assert [(one.camera, one.start, one.end) for one in spans] == [
        ("C1", at(0), at(1200)),
        ("C2", at(0), at(900)),
    ]
    gap = Gap(camera="C1", start=at(700), end=at(820), cause="network")
    dark = AlarmSpan(camera="C1", kind="black", start=at(100), end=at(200))
    again = [piece(0, 700), piece(500, 900, "r2")]
    reels = [
        Reel(camera="C1", pieces=again, gaps=[gap], alarms=[dark]),
        Reel(camera="C1", pieces=[], gaps=[]),
    ]
    reels[1].alarms = [dark]
    rows = rows_of("C1", "n", [], [(0, 1200)], reels, 0)
    assert [len(row.gaps) for row in rows] == [1, 0] and [len(row.alarms) for row in rows] == [1, 0]
    assert [one.run for row in rows for one in row.pieces] == ["r1", "r2"]


def of_the_page(folder: Path, script: str) -> Any:
    """What an expression over _player_stretch.ts comes to."""
    made = folder / "stretch.mjs"
    esbuild = [
        "node_modules/.bin/esbuild",
        "appliance/web/ui/_player_stretch.ts",
        "--format=esm",
        f"--outfile={made}",
    ]
    subprocess.run([*esbuild, "--log-level=error"], check=True)
    script = f"import * as page from '{made}'; console.log(JSON.stringify({script}))"
    told = subprocess.run(["node", "--input-type=module", "-e", script], check=True, capture_output=True)
    return json.loads(told.stdout)


def test_a_file_that_is_gone_parts_what_is_taken(tmp_path: Path) -> None:
    """exam-clips ends a film before it: a link over it would give less than it says."""
    minute = 60_000
    films: list[dict[str, Any]] = [
        {"start": at * minute, "end": (at + 1) * minute, "run": "r1", "codec": "avc1"} for at in range(5)
    ]
    del films[2]["codec"]
    films[2]["lost"] = "missing"
    films[4] |= {"codec": "", "away": True}
    row = json.dumps({"spans": [[0, 5 * minute]], "pieces": films})
    found, lost, elsewhere = of_the_page(
        tmp_path,
        f"[page.stretches({row}, 0, 3e5), page.unreadable({row}, 0, 3e5), page.saw({row}, 3e5, 4e5)]",
    )
    assert [(one["from"] // minute, one["to"] // minute) for one in found] == [(0, 2), (3, 5)]
    assert lost == [[2 * minute, 3 * minute, "missing"]] and not elsewhere


def test_what_the_edge_of_a_time_lets_in_is_no_file(tmp_path: Path) -> None:
    """The gap ends at :00, the time chosen at :00.55: half a second is left, which nobody chose."""
    films = ((0, 60_553, 60_553), (60_000, 60_553, 60_553), (60_000, 60_553, 90_000), (0, 1000, 1000))
    told = [
        f"page.splinter({{from: {start}, to: {end}, run: ''}}, 0, {chosen})" for start, end, chosen in films
    ]
    assert of_the_page(tmp_path, f"[{', '.join(told)}]") == [False, True, False, False]


def test_each_film_of_the_same_times_has_a_number_of_its_own(tmp_path: Path) -> None:
    """The clock was set back twice."""
    rows = json.dumps([{"camera": camera} for camera in ("C1", "C1", "C2", "C1")])
    assert of_the_page(tmp_path, f"{rows}.map((row, n, all) => page.filmed(all, row))") == [0, 1, 0, 2]


def test_a_gap_two_stays_know_is_counted_once() -> None:
    """The two minutes of a camera that looks at a seat and a way out; another cause is another gap."""
    gaps = [
        Gap(camera="C1", start=at(0), end=at(100), cause="network"),
        Gap(camera="C1", start=at(60), end=at(120), cause="network"),
    ]
    gaps += [
        Gap(camera="C1", start=at(120), end=at(130), cause="disk"),
        Gap(camera="C2", start=at(60), end=at(100), cause="disk"),
    ]
    told = [(one.camera, one.start, one.end, one.cause) for one in together([*gaps, gaps[0]])]
    assert told == [
        ("C1", at(0), at(120), "network"),
        ("C2", at(60), at(100), "disk"),
        ("C1", at(120), at(130), "disk"),
    ]


def test_before_the_oldest_recording_nothing_was_lost() -> None:
    gap = Gap(camera="C1", start=at(0), end=at(100), cause="")
    row = Row(camera="C1", name="n")
    add_gaps(row, Reel(camera="C1", pieces=[], gaps=[gap], first=at(40)))
    before, unknown = row.gaps
    assert (before.start, before.end, unknown.start, unknown.end) == (0, 40_000, 40_000, 100_000)
    assert "1970-01-01 00:00:40" in before.cause and unknown.cause == "没有记录原因"
    again = Row(camera="C1", name="n")
    add_gaps(again, Reel(camera="C1", pieces=[], gaps=[gap], first=at(200)))
    assert len(again.gaps) == 1 and again.gaps[0].end == 100_000


def test_a_piece_on_the_inspectors_page_names_its_connection() -> None:
    """After the clock was set back the download is of the recording it stands beside."""
    (one,) = pieces(
        [Clip(camera="C1", start=at(0), end=at(300), bytes=9, run="r2", filled=True, origin="card")]
    )
    assert (one.run, one.filled, one.origin) == ("r2", True, "card")
