"""The tables of the exam day: sittings, lanes, cameras, parcels, disks."""

from appliance.base.i18n import N_, _
from appliance.base.sizes import size
from appliance.wire import ops
from ops_tui.models.row import Column, Row
from ops_tui.models.words import (
    CAMERAS,
    CAUSES,
    PARCELS,
    PARTS,
    SITTINGS,
    SUBJECTS,
    Times,
    duration,
    word,
)

TODAY = (
    Column(N_("No."), 5),
    Column(N_("Subject"), 10),
    Column(N_("Room"), 14, 4),
    Column(N_("Time"), 12),
    Column(N_("State"), 9, 1),
    Column(N_("Here"), 8),
    Column(N_("Writing"), 8),
    Column(N_("Done"), 5),
    Column(N_("Pass"), 0),
)


def today(state: ops.State) -> list[Row]:
    """Sittings."""
    times = Times(state.site.timezone)
    rows = []
    for one in state.sittings:
        end = one.ended_at or one.ends_at
        span = f"{times.hour(one.started_at or one.starts_at)}-{times.hour(end) if end else ''}"
        detail = [
            (_("Sitting"), f"{one.number} {word(SUBJECTS, one.subject)} {one.trade_name}"),
            (_("Room"), one.room_name),
            (_("Admission"), f"{times.hour(one.opens_at)}-{times.hour(one.closes_at)}"),
            (_("Start"), times.clock(one.started_at or one.starts_at)),
            (_("End"), times.clock(end)),
            (_("Expected"), str(one.expected)),
            (_("Admitted"), str(one.arrived)),
            (_("Waiting / called"), f"{one.waiting} / {one.called}"),
            (_("At the seat / writing"), f"{one.seated} / {one.running}"),
            (_("Handed in / marked / passed"), f"{one.handed_in} / {one.marked} / {one.passed}"),
        ]
        rows.append(
            Row(
                one.id,
                (
                    str(one.number),
                    word(SUBJECTS, one.subject),
                    one.room_name,
                    span,
                    word(SITTINGS, one.state),
                    f"{one.arrived}/{one.expected}",
                    str(one.running),
                    str(one.handed_in),
                    str(one.passed),
                ),
                "green" if one.state == "running" else "",
                tuple(detail),
            )
        )
    return rows


ENTRY = (
    Column(N_("Lane"), 6),
    Column(N_("Label"), 17, 6),
    Column(N_("Admits to"), 10),
    Column(N_("Reader"), 11, 4),
    Column(N_("Gate"), 11, 4),
    Column(N_("Face camera"), 12, 4),
    Column(N_("Last tap"), 0),
)


def entry(state: ops.State) -> list[Row]:
    """Lanes."""
    times = Times(state.site.timezone)
    rows = []
    for lane in state.lanes:
        parts = (lane.reader, lane.gate, lane.camera)
        bad = any(part in ("missing", "fault", "silent") for part in parts)
        rows.append(
            Row(
                lane.lane,
                (
                    lane.lane,
                    lane.name,
                    word(SUBJECTS, lane.kind),
                    *(word(PARTS, part) for part in parts),
                    times.stamp(lane.last_tap_at, state.now),
                ),
                "red" if bad else "",
                (
                    (_("Lane"), f"{lane.lane} {lane.name}"),
                    (_("Reader"), word(PARTS, lane.reader)),
                    (_("Gate"), word(PARTS, lane.gate)),
                    (_("Face camera"), word(PARTS, lane.camera)),
                    (_("Printer"), word(PARTS, lane.printer)),
                    (_("Last tap"), times.stamp(lane.last_tap_at, state.now)),
                    (_("What is wrong"), " ".join(_(one) for one in lane.messages.values()) or "-"),
                ),
            )
        )
    return rows


CAMERAS_TABLE = (
    Column(N_("Camera"), 7),
    Column(N_("Label"), 16, 12),
    Column(N_("State"), 14, 4),
    Column(N_("Since"), 12),
    Column(N_("Picture"), 15, 8),
    Column(N_("Today"), 0),
)


def cameras(state: ops.State) -> list[Row]:
    """Room cameras."""
    times = Times(state.site.timezone)
    rows = []
    for one in state.cameras:
        picture = f"{one.width}x{one.height}" + (f" {one.fps:.0f}/s" if one.fps else "") if one.width else "-"
        offset = "-" if one.clock_offset_s is None else f"{one.clock_offset_s:+.1f} s"
        rows.append(
            Row(
                one.camera,
                (
                    one.camera,
                    one.name,
                    word(CAMERAS, one.state),
                    times.stamp(one.since, state.now),
                    picture,
                    f"{duration(one.recorded_s)} {size(one.bytes_today)}",
                ),
                "" if one.state in ("recording", "resting") else "red",
                (
                    (_("Camera"), f"{one.camera} {one.name}"),
                    (_("Room"), one.room),
                    (_("State"), word(CAMERAS, one.state)),
                    (_("Cause"), word(CAUSES, one.cause) or "-"),
                    (_("Since"), times.stamp(one.since, state.now)),
                    (_("Last picture"), times.stamp(one.last_frame_at, state.now)),
                    (_("Picture"), f"{picture} {one.codec}"),
                    (_("Clock offset"), offset),
                    (_("Recorded today"), f"{duration(one.recorded_s)}, {size(one.bytes_today)}"),
                ),
            )
        )
    return rows


SYNC = (
    Column(N_("Parcel no."), 11),
    Column(N_("Entries"), 12, 4),
    Column(N_("State"), 16, 4),
    Column(N_("Sealed"), 10, 2),
    Column(N_("Acknowledged"), 13),
    Column(N_("Tries"), 6),
    Column(N_("Reason"), 0),
)


def sync(state: ops.State) -> list[Row]:
    """Newest parcels."""
    times = Times(state.site.timezone)
    marks = {"refused": "red", "sealed": "amber"}
    return [
        Row(
            str(one.number),
            (
                str(one.number),
                f"{one.first_seq}-{one.last_seq}",
                word(PARCELS, one.state),
                times.stamp(one.sealed_at, state.now),
                times.stamp(one.acknowledged_at, state.now),
                str(one.tries),
                one.last_error,
            ),
            marks.get(one.state, ""),
            (
                (_("Parcel"), str(one.number)),
                (_("Entries"), f"{one.first_seq}-{one.last_seq}"),
                (_("State"), word(PARCELS, one.state)),
                (_("Sealed"), times.stamp(one.sealed_at, state.now)),
                (_("Acknowledged"), times.stamp(one.acknowledged_at, state.now)),
                (_("Tries"), str(one.tries)),
                (_("Reason"), one.last_error or "-"),
            ),
        )
        for one in state.backlog.latest
    ]


def sync_summary(state: ops.State) -> str:
    """One line over the parcels."""
    backlog = state.backlog
    times = Times(state.site.timezone)
    if not backlog.configured:
        return _("This site has no line to the province: parcels leave by USB disk.")
    line = _("Waiting {waiting}, refused {refused}, entries behind {behind}. Last contact {contact}.").format(
        waiting=backlog.waiting,
        refused=backlog.refused,
        behind=backlog.behind,
        contact=times.stamp(backlog.last_contact, state.now),
    )
    if backlog.failing_since:
        since = times.stamp(backlog.failing_since, state.now)
        line += " " + _("? silent since {since}.").format(since=since) + " " + backlog.last_error
    return line
