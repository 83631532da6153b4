"""Alarms: what a person has to see now, worst first. A pure function of the state the terminal gets."""

from datetime import datetime, timedelta

from appliance.base.i18n import N_, _
from appliance.base.sizes import size
from appliance.web.camera_alarms import camera_alarms, cameras_file
from appliance.web.lane_faults import SILENT, lane_faults
from appliance.web.storage_alarms import filling, storage_alarms
from appliance.wire.ops import Alarm, State

PROCESSES = {
    "gate": SILENT,
    "recorder": N_("The recorder is silent."),
    "clips": N_("The clip server is silent."),
    "archive": N_("The archive of recordings is silent: recording goes on, nothing is copied."),
    "sync": N_("The sync process is silent."),
    "faces": N_("The face process is silent: entrance and exam go on without it."),
}
GIB = 1024**3
LOAD = 0.7
"""Part of the design load from which the alarm sounds (network platform list, item 25)."""
LATE = timedelta(minutes=1)
CUT_OFF = timedelta(minutes=10)


def alarms(state: State) -> list[Alarm]:
    """Red before amber, older before newer. Texts are in the current language."""
    found = [
        *_processes(state),
        *_lanes(state),
        *camera_alarms(state.cameras),
        *cameras_file(state.cameras_fault),
        *_disks(state),
        *storage_alarms(state.storage),
        *_stations(state),
        *_sittings(state),
        *_backlog(state),
        *_people(state),
    ]
    far = datetime.max.replace(tzinfo=state.now.tzinfo)
    return sorted(found, key=lambda alarm: (alarm.level != "red", alarm.since or far))


def _processes(state: State) -> list[Alarm]:
    return [
        Alarm(
            level="red" if one.name in ("gate", "recorder") else "amber",
            code="process_silent",
            text=_(PROCESSES.get(one.name, one.name)),
            next=_("Exams go on. Restart exam-{process}.").format(process=one.name),
            since=one.since,
            subject=one.name,
        )
        for one in state.processes
        if not one.ok
    ]


def _lanes(state: State) -> list[Alarm]:
    silent = any(one.name == "gate" and not one.ok for one in state.processes)
    if silent:
        return []  # told once, as the process
    return [
        Alarm(
            level="amber" if fault.part == "printer" else "red",
            code="lane_part",
            text=fault.text,
            next=fault.next,
            subject=fault.lane,
        )
        for fault in lane_faults(state.lanes)
        if fault.part != "card"
    ]


def _disks(state: State) -> list[Alarm]:
    names = {"state": N_("Disk of the box"), "media": N_("Disk of the recordings")}
    found = []
    for disk in state.disks:
        part = disk.free / disk.total if disk.total else 1.0
        if disk.what == "media":
            found += filling(_(names["media"]), 1 - part, "media")
            continue
        if part >= 0.10 and disk.free >= 5 * GIB:
            continue
        found.append(
            Alarm(
                level="red" if part < 0.03 or disk.free < GIB else "amber",
                code="disk_low",
                text=_("{disk}: only {free} free ({part} %).").format(
                    disk=_(names[disk.what]), free=size(disk.free), part=round(part * 100)
                ),
                next=_("Free space or add a disk before the next sitting."),
                subject=disk.what,
            )
        )
    return found


def _stations(state: State) -> list[Alarm]:
    running = {sitting.id for sitting in state.sittings if sitting.state == "running"}
    if state.board is None or state.board.sitting not in running:
        return []
    lost = [str(seat.number) for seat in state.board.seats if seat.state == "lost"]
    if not lost:
        return []
    shown = ", ".join(lost[:8]) + ("…" if len(lost) > 8 else "")
    return [
        Alarm(
            level="amber",
            code="stations_lost",
            text=_("Stations that do not answer ({count}): {seats}.").format(count=len(lost), seats=shown),
            next=_("Answers are kept there. Look at the machine, or move the candidate."),
        )
    ]


def _sittings(state: State) -> list[Alarm]:
    return [
        Alarm(
            level="amber",
            code="not_started",
            text=_("Sitting {number} should have started.").format(number=sitting.number),
            next=_("The invigilators start it on their page."),
            since=sitting.starts_at,
            subject=sitting.id,
        )
        for sitting in state.sittings
        if sitting.state == "planned" and sitting.starts_at + LATE < state.now and sitting.arrived
    ]


def _backlog(state: State) -> list[Alarm]:
    found = []
    backlog = state.backlog
    if backlog.refused:
        found.append(
            Alarm(
                level="red",
                code="parcels_refused",
                text=_("The province refused {count} parcels.").format(count=backlog.refused),
                next=_("Read the reason under Sync and call the province."),
            )
        )
    found += [
        Alarm(
            level="amber",
            code=trouble.code,
            text=_(trouble.message).format(**trouble.params),
            next=_(trouble.next_step).format(**trouble.params) if trouble.next_step else "",
            since=trouble.since,
            subject=trouble.about,
        )
        for trouble in backlog.troubles
    ]
    if backlog.failing_since and backlog.failing_since + CUT_OFF < state.now:
        found.append(
            Alarm(
                level="amber",
                code="province_silent",
                text=_("The province does not answer; {count} parcels wait.").format(count=backlog.waiting),
                next=_("Nothing is lost. Check the line to the province."),
                since=backlog.failing_since,
            )
        )
    if state.machine.parts_of_design >= LOAD:
        found.append(
            Alarm(
                level="amber",
                code="load_high",
                text=_("Load of the box: {part} % of its cores.").format(
                    part=round(state.machine.parts_of_design * 100)
                ),
                next=_("Start nothing else on this machine."),
            )
        )
    return found


def _people(state: State) -> list[Alarm]:
    if not state.cases_open:
        return []
    return [
        Alarm(
            level="amber",
            code="cases_open",
            text=_("Cases that wait for a decision: {count}.").format(count=state.cases_open),
            next=_("The check-in desk decides them."),
        )
    ]
