"""The state machines of the exam day as tables: state -> the states it may become."""

from collections.abc import Mapping

Table = Mapping[str, frozenset[str]]


def _table(**lines: str) -> Table:
    return {state: frozenset(after.split()) for state, after in lines.items()}


SITTING = _table(planned="running ended", running="ended", ended="released", released="")
"""场次. planned -> ended is a sitting nobody came to."""

ATTEMPT = _table(
    seated="ready handed_in", ready="running handed_in", running="handed_in", handed_in="marked", marked=""
)
"""应考记录. Handing in before the start happens when a candidate is sent out."""

TICKET = _table(
    waiting="called held skipped",
    called="seated waiting held skipped",
    skipped="waiting called",
    held="waiting",
    seated="waiting",
)
"""候考号. seated -> waiting: the seat was given up before the start, or the next practical task is due."""

SEAT = _table(ready="broken", broken="ready")
"""考位."""

STATION = _table(
    unknown="online",
    online="lost broken locked_out",
    lost="online broken",
    broken="online",
    locked_out="online",
)
"""考试机. locked_out: its own test found a way past the lock."""

PARCEL = _table(sealed="acknowledged refused", refused="sealed acknowledged", acknowledged="")
"""上报数据包. refused -> sealed: sent again after the cause was mended."""

ROSTER = _table(pending="active rejected", active="", rejected="")
"""考生名单."""

ITEM = _table(draft="approved retired", approved="retired", retired="")
"""试题, one version of it. An edit is a new version."""

CASE = _table(open="decided", decided="")
"""待核事项."""

GATE_ORDER = _table(new="started not_done", started="done not_done unknown", done="", not_done="", unknown="")
"""An order to a gate; `new` is stored as an empty outcome."""

MACHINES: Mapping[str, Table] = {
    "sitting": SITTING,
    "attempt": ATTEMPT,
    "ticket": TICKET,
    "seat": SEAT,
    "station": STATION,
    "parcel": PARCEL,
    "roster": ROSTER,
    "item": ITEM,
    "case": CASE,
    "gate_order": GATE_ORDER,
}


def may(machine: str, before: str, after: str) -> bool:
    """True when `machine` may go from `before` to `after`; KeyError for words it does not know."""
    table = MACHINES[machine]
    if after not in table:
        raise KeyError(after)
    return after in table[before]


def final(machine: str, state: str) -> bool:
    """True when nothing follows `state`."""
    return not MACHINES[machine][state]
