"""Saving answers: the hot path. Fixed SQL on the driver's connection, acknowledged only after the COMMIT.

Each change carries n = last + 1 within its lease: n <= last is a replay and is skipped, a hole is Stale(expected).
A superseded lease may only fill items nobody has answered since. Changes made before the deadline but delivered
within the grace count and are marked late; changes made after it never count. While the exam is paused only changes
provably made before are taken; later ones stay with the page until it goes on. `proven` is false where the station's
time came over its own wall clock (a reload without the box): it counts and is marked.

The bookmark (which question was shown, what is flagged) comes along, or alone. It is a convenience, no fact of the
exam: the newest is kept with the lease, nothing of it is journaled and nothing of it is marked.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from appliance.base.database import Driver
from appliance.base.errors import Corrupt, Refused, Stale
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.rules_of import rules_in
from appliance.records.base import instant, moment
from appliance.records.journal import append_fixed
from appliance.rules.timing import resumed_end
from appliance.wire.station import Answers, Bookmark, Saved

LEASE = (
    "SELECT l.number, l.n, l.seat, a.lease, a.state,"
    " CASE WHEN a.handed_in = 'forced' THEN a.handed_in_at ELSE a.deadline END,"  # forced: made before it counts
    " a.handed_in, a.candidate, p.choices, a.paused_at, s.rules, l.bookmark"
    " FROM lease l JOIN attempt a ON a.id = l.attempt JOIN sitting s ON s.id = a.sitting"
    " LEFT JOIN paper p ON p.id = a.paper"
    " WHERE l.token_hash = ? AND l.attempt = ?"
)
REPLACE = (
    "INSERT INTO answer (attempt, position, value, lease, n, happened_at, recorded_at, late, proven)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (attempt, position) DO UPDATE SET value = excluded.value,"
    " lease = excluded.lease, n = excluded.n, happened_at = excluded.happened_at,"
    " recorded_at = excluded.recorded_at, late = excluded.late, proven = excluded.proven"
)
FILL = (
    "INSERT INTO answer (attempt, position, value, lease, n, happened_at, recorded_at, late, proven)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (attempt, position) DO NOTHING"
)
ADVANCE = "UPDATE lease SET n = ? WHERE token_hash = ?"
BOOKMARK = "UPDATE lease SET bookmark = ? WHERE token_hash = ?"


def save_answers(driver: Driver, box: Box, token_hash: str, sent: Answers) -> Saved:
    """Take the changes of one page. Raises Refused, Stale or Corrupt; nothing of `sent` is kept then."""
    row = driver.execute(LEASE, (token_hash, sent.attempt)).fetchone()
    if row is None or row[0] != sent.lease:
        raise Refused(
            "not_your_attempt",
            N_("These answers do not belong to this seat."),
            N_("Sign in again at your seat, or raise your hand."),
        )
    number, last, seat, newest, state, end, handed_in, candidate, choices, paused_text, rules, known = row
    now = box.now()
    deadline = moment(end) if end else now
    paused = moment(paused_text) if paused_text else None
    if paused:
        deadline = resumed_end(deadline, paused, now, rules_in(rules).time_lost == "given_back")
    open_late = state == "handed_in" and handed_in in ("time", "forced")
    if state != "running" and not open_late:
        raise Refused(
            "not_running", N_("This exam is not running."), N_("Wait for the start, or raise your hand.")
        )
    if now > deadline + timedelta(seconds=box.settings.station.grace):
        raise Refused(
            "grace_over",
            N_("These answers came too late to count."),
            N_("They are kept on this computer. Raise your hand and do not switch it off."),
        )
    late = now > deadline
    for answer in sent.answers:
        if answer.n <= last:
            continue
        if answer.n != last + 1:
            raise Stale(last + 1)
        _check(answer.position, answer.value, choices or "")
        if paused and (answer.at.astimezone(UTC) > paused or not answer.proven):
            break
        at = min(answer.at.astimezone(UTC), now)
        if at > deadline:
            _refuse_late(driver, candidate, seat, sent, answer.n, answer.position, now)
        else:
            place = (sent.attempt, answer.position, answer.value, number, answer.n)
            marks = (instant(at), instant(now), late, answer.proven)
            driver.execute(FILL if number < newest else REPLACE, (*place, *marks))
            body = {
                "attempt": sent.attempt,
                "lease": number,
                "n": answer.n,
                "position": answer.position,
                "value": answer.value,
                "made_at": instant(at),
                "late": late,
            }
            if not answer.proven:
                body["proven"] = False
            kind = "answer.filled" if number < newest else "answer.saved"
            append_fixed(driver, kind, candidate, f"seat:{seat}", body, at=now)
        last = answer.n
    _keep_bookmark(driver, token_hash, sent.bookmark, known, len(choices or ""), now)
    driver.execute(ADVANCE, (last, token_hash))
    return Saved(n=last, now=now, deadline=deadline, late=late)


def _keep_bookmark(
    driver: Driver, token_hash: str, told: Bookmark | None, known: str, questions: int, now: datetime
) -> None:
    """Keep what is newer than what is known; a convenience, so one that fits no paper holds up no answer."""
    if told is None or not {told.position, *told.flagged} <= set(range(1, questions + 1)):
        return
    if known and msgspec.json.decode(known, type=Bookmark).at >= told.at:
        return
    told = msgspec.structs.replace(told, at=min(told.at.astimezone(UTC), now))
    driver.execute(BOOKMARK, (msgspec.json.encode(told).decode(), token_hash))


def _check(position: int, value: str, choices: str) -> None:
    sign = choices[position - 1] if 1 <= position <= len(choices) else "0"
    several = sign.isalpha()
    allowed = "ABCDEFGHI"[: ord(sign) - 96 if several else int(sign)]
    chosen = list(value)  # several: each once, in order
    most = len(allowed) if several else 1
    if not allowed or len(chosen) > most or chosen != sorted(set(chosen)) or not set(chosen) <= set(allowed):
        raise _no_such_question()


def _no_such_question() -> Corrupt:
    return Corrupt(
        "bad_answer",
        N_("There is no such question or option on this paper."),
        N_("Reload the page; if it stays, raise your hand."),
    )


def _refuse_late(
    driver: Driver, candidate: str, seat: str, sent: Answers, n: int, position: int, now: datetime
) -> None:
    body = {
        "attempt": sent.attempt,
        "lease": sent.lease,
        "n": n,
        "position": position,
        "code": "after_deadline",
    }
    append_fixed(driver, "answer.refused", candidate, f"seat:{seat}", body, at=now)
