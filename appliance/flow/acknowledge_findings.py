"""Two people know of recordings that do not hold: the alarm is quiet, so that the next loss is heard.

The findings stay in exam-archive's list and in the journal, and an original with one never leaves its disk.
"""

from datetime import datetime

from sqlmodel import Session

from appliance.flow.accounts import Who, second_person
from appliance.flow.box import Box
from appliance.flow.hold_recordings import HOLDERS, allowed, reason_given
from appliance.records.journal import append
from appliance.records.retention import FindingAcknowledged


def acknowledge_findings(
    session: Session,
    box: Box,
    place: str,
    path: str,
    until: datetime,
    reason: str,
    who: Who,
    second_login: str,
    command: str,
) -> FindingAcknowledged:
    """What was found on `place` (empty: the recording disk) until `until`, as the page showed it; `path` empty: all."""
    if known := session.get(FindingAcknowledged, command):
        return known
    reason = reason_given(reason)
    allowed(who, HOLDERS)
    second = second_person(session, who, second_login, HOLDERS)
    found = FindingAcknowledged(
        id=command,
        place=place,
        path=path,
        until=min(until, box.now()),
        reason=reason,
        at=box.now(),
        by=who.account,
        second_by=second.id,
    )
    session.add(found)
    session.flush()
    body = {"path": path, "until": found.until, "reason": reason, "second": second.id}
    append(session, "storage.acknowledged", place or "recording disk", who.actor, body, at=found.at)
    return found
