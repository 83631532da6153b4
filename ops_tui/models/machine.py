"""The tables behind the exam day: journal, accounts, processes."""

from appliance.base.i18n import N_, _
from appliance.base.journal_words import actor_word, kind_word
from appliance.base.sizes import size
from appliance.wire import ops
from ops_tui.models.row import Column, Row
from ops_tui.models.words import PROCESSES, ROLES, Times, duration, short, word

JOURNAL = (
    Column(N_("Entry no."), 10),
    Column(N_("Time"), 15),
    Column(N_("Kind"), 22, 4),
    Column(N_("By"), 15, 8),
    Column(N_("About"), 0),
)


def journal(lines: list[ops.JournalLine], zone: str, names: dict[str, str]) -> list[Row]:
    """Entries, newest first; an opened one tells the codes beside the words (docs/journal.md).

    `names`: account id -> login and lane -> its name, so that people and lanes are named instead of ids.
    """
    times = Times(zone)
    return [
        Row(
            str(one.seq),
            (
                str(one.seq),
                times.journal(one.at),
                kind_word(one.kind),
                actor_word(one.actor, names),
                about(one.subject, names),
            ),
            "",
            (
                (_("Entry no."), str(one.seq)),
                (_("Time"), times.journal(one.at)),
                (_("Kind"), f"{kind_word(one.kind)} ({one.kind})"),
                (_("By"), f"{actor_word(one.actor, names)} ({one.actor})"),
                (_("About"), one.subject),
                (_("Body"), one.body or _("(not for this account)")),
                (_("Hash"), one.hash or "-"),
            ),
        )
        for one in sorted(lines, key=lambda line: -line.seq)
    ]


def about(subject: str, names: dict[str, str]) -> str:
    """A subject that is an account or a lane by its name, another id shortened."""
    return names.get(subject) or short(subject)


PEOPLE = (
    Column(N_("Login"), 13, 2),
    Column(N_("Name"), 14, 8, grows=True),
    Column(N_("Role"), 22, 4),
    Column(N_("State"), 14),
    Column(N_("Seen"), 0),
)


def people(lines: list[ops.Person], state: ops.State) -> list[Row]:
    """Accounts."""
    times = Times(state.site.timezone)
    rows = []
    for one in lines:
        status = (
            _("x disabled")
            if one.disabled
            else _("! locked")
            if one.locked_until
            else _("+ signed in")
            if one.sessions
            else "-"
        )
        rows.append(
            Row(
                one.login,
                (one.login, one.name, word(ROLES, one.role), status, times.stamp(one.seen_at, state.now)),
                "amber" if one.locked_until else "",
                (
                    (_("Login"), one.login),
                    (_("Name"), one.name),
                    (_("Role"), word(ROLES, one.role)),
                    (_("State"), status),
                    (_("Open sessions"), str(one.sessions)),
                    (_("Seen"), f"{times.stamp(one.seen_at, state.now)} {one.address}"),
                    (_("Locked until"), times.stamp(one.locked_until, state.now)),
                    (_("Wrong passwords"), str(one.failures)),
                    (_("Must change the password"), _("yes") if one.must_change else _("no")),
                ),
            )
        )
    return rows


SYSTEM = (
    Column(N_("Process"), 15),
    Column(N_("Does"), 30, 6),
    Column(N_("State"), 12),
    Column(N_("Reply"), 10),
    Column(N_("Since"), 0),
)


def system(state: ops.State) -> list[Row]:
    """Processes."""
    times = Times(state.site.timezone)
    return [
        Row(
            one.name,
            (
                f"exam-{one.name}",
                word(PROCESSES, one.name),
                _("+ answers") if one.ok else _("? silent"),
                "-" if one.answer_ms is None else f"{one.answer_ms:.0f} ms",
                times.stamp(one.since, state.now),
            ),
            "" if one.ok else "red",
            (
                (_("Process"), f"exam-{one.name}"),
                (_("Does"), word(PROCESSES, one.name)),
                (_("State"), _("+ answers") if one.ok else _("? silent")),
                (_("Silent since"), times.stamp(one.since, state.now)),
            ),
        )
        for one in state.processes
    ]


def system_summary(state: ops.State) -> str:
    """Two lines over the processes."""
    machine = state.machine
    used = 1 - machine.memory_free / machine.memory_total if machine.memory_total else 0.0
    first = _("Load {load} of {cores} cores, memory {used} used, database {kind} {size}").format(
        load=machine.load,
        cores=machine.cores,
        used=f"{used:.0%}",
        kind=machine.database,
        size=size(machine.database_bytes),
    )
    second = _("Program {version}, up {up}; journal {seq}, signed up to {sealed}").format(
        version=machine.version,
        up=duration((state.now - machine.up_since).total_seconds()),
        seq=machine.seq,
        sealed=machine.sealed_seq,
    )
    return f"{first}\n{second}"
