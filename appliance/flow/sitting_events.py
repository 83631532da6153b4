"""What happened in a sitting beside its plain course, for its exam-room record (考场记录表). Nothing is written."""

from datetime import timedelta
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from appliance.base.journal_words import actor_word
from appliance.flow.box import Box
from appliance.flow.security_check import SECURITY
from appliance.flow.supersede import REASON, SUPERSEDED
from appliance.records.accounts import Account
from appliance.records.base import instant, moment
from appliance.records.entry import Case, GateOrder
from appliance.records.journal import Journal
from appliance.records.seating import SeatTaking
from appliance.records.site import Seat
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt
from appliance.records.violations import Pause, Violation
from appliance.rules.admission import SENTENCES
from appliance.wire import sheets as wire

AFTER = timedelta(hours=1)
"""How long after its end a sitting's record still takes in what happened."""


NOT_PLAIN = frozenset({"face_mismatch", "face_photos_differ", "liveness_failed", "photo_altered"})
"""Findings that are told even when the next card put down was found right."""


def plain_entry(case: Case) -> bool:
    """A security check that was passed, or a case that ended with a new tap: the plain course of every entry."""
    if case.decision == SUPERSEDED:
        return case.kind not in NOT_PLAIN
    return case.kind == SECURITY and case.decision == "admit"


UNSEATED = ("skipped", "held", "waiting")
"""Why a place was given up without anybody having moved: the next call gives another one."""


def takings(session: Session, sitting: str) -> list[SeatTaking]:
    """Every hold on a seat, oldest first."""
    return list(
        session.exec(
            select(SeatTaking).where(SeatTaking.sitting == sitting).order_by(col(SeatTaking.taken_at))
        )
    )


class Told:
    """What records and journal tell of one sitting beside its plain course."""

    def __init__(
        self, session: Session, box: Box, sitting: Sitting, names: dict[str, str], attempts: set[str]
    ) -> None:
        self._session, self._sitting, self._names, self._attempts = session, sitting, names, attempts
        self._accounts = {row.id: row.name for row in session.exec(select(Account))}
        self._lane_names = {one.code: one.name for one in box.settings.lanes}
        self._seats = {row.candidate: row.seat for row in takings(session, sitting.id)}

    def _who(self, actor: str) -> str:
        return actor_word(actor, self._lane_names | self._accounts)

    def _entries(self, kind: str) -> list[tuple[Journal, dict[str, Any]]]:
        """Journal entries of a kind between the opening of entry and an hour after the end."""
        sitting = self._sitting
        end = (sitting.ended_at or sitting.ends_at or sitting.closes_at) + AFTER
        rows = self._session.exec(
            select(Journal)
            .where(
                Journal.kind == kind,
                col(Journal.at) >= instant(sitting.opens_at),
                col(Journal.at) <= instant(end),
            )
            .order_by(col(Journal.seq))
        )
        return [(row, msgspec.json.decode(row.body)) for row in rows]

    def _of_attempts(self, kind: str) -> list[tuple[Journal, dict[str, Any]]]:
        return [pair for pair in self._entries(kind) if pair[1].get("attempt") in self._attempts]

    def moves(self) -> list[wire.Move]:
        """Changes of seat."""
        before: dict[str, SeatTaking] = {}
        found = []
        for taking in takings(self._session, self._sitting.id):
            left = before.get(taking.candidate)
            if left is not None and left.reason not in UNSEATED:
                found.append(
                    wire.Move(
                        at=taking.taken_at,
                        name=self._names.get(taking.candidate, ""),
                        from_seat=left.seat,
                        to_seat=taking.seat,
                        reason=left.reason,
                        by=self._who(left.by),
                    )
                )
            before[taking.candidate] = taking
        return found

    def extensions(self) -> list[wire.Extension]:
        """More time given."""
        return [
            wire.Extension(
                at=moment(entry.at),
                name=self._names.get(entry.subject, ""),
                seat=self._seats.get(entry.subject, ""),
                seconds=int(body["seconds"]),
                reason=body.get("reason", ""),
                by=self._who(entry.actor),
                second=self._accounts.get(body.get("second", ""), ""),
            )
            for entry, body in self._of_attempts("attempt.extended")
        ]

    def incidents(self) -> list[wire.Incident]:
        """Cases, warnings, forced hand-ins, broken stations, lanes opened by hand; in order of time."""
        found = [*self._cases(), *self._warnings(), *self._forced(), *self._broken(), *self._lanes()]
        found += [*self._not_there(), *self._violations(), *self._pauses()]
        return sorted(found, key=lambda one: one.at)

    def _incident(self, entry: Journal, text: str) -> wire.Incident:
        return wire.Incident(
            at=moment(entry.at),
            kind=entry.kind,
            name=self._names.get(entry.subject, ""),
            seat=self._seats.get(entry.subject, entry.subject if entry.kind == "seat.broken" else ""),
            text=text,
            by=self._who(entry.actor),
        )

    def _seconds(self, cases: list[str]) -> dict[str, str]:
        """Case -> who confirmed its decision, as the journal tells; cases one person decided are not in it."""
        rows = self._session.exec(
            select(Journal)
            .join(Case, col(Journal.subject).in_((col(Case.id), col(Case.candidate))))
            .where(Journal.kind == "case.decided", col(Case.id).in_(cases))
        )
        bodies = [msgspec.json.decode(row.body) for row in rows]
        return {one["case"]: self._accounts.get(one.get("second", ""), "") for one in bodies}

    def _cases(self) -> list[wire.Incident]:
        found = self._session.exec(select(Case).where(Case.sitting == self._sitting.id)).all()
        rows = [case for case in found if not plain_entry(case)]
        seconds = self._seconds([case.id for case in rows])
        return [
            wire.Incident(
                at=case.decided_at or case.opened_at,
                kind=f"case.{'decided' if case.state == 'decided' else 'opened'}",
                name=self._names.get(case.candidate or "", ""),
                seat=self._seats.get(case.candidate or "", ""),
                sentence=SENTENCES[case.kind][0] if case.kind in SENTENCES else case.kind,
                text="" if case.reason == REASON else case.reason,
                result=case.decision,
                by=self._accounts.get(case.decided_by, ""),
                second=seconds.get(case.id, ""),
            )
            for case in rows
        ]

    def _not_there(self) -> list[wire.Incident]:
        """Called and not come: the place they were called to, and who noted it."""
        rows = self._session.exec(
            select(SeatTaking)
            .where(SeatTaking.sitting == self._sitting.id, SeatTaking.reason == "skipped")
            .order_by(col(SeatTaking.released_at))
        )
        reasons = {
            (entry.subject, entry.at): body.get("reason", "")
            for entry, body in self._entries("ticket.skipped")
        }
        return [
            wire.Incident(
                at=row.released_at,
                kind="ticket.skipped",
                name=self._names.get(row.candidate, ""),
                seat=row.seat,
                text=reasons.get((row.candidate, instant(row.released_at)), ""),
                by=self._who(row.by),
            )
            for row in rows
            if row.released_at is not None
        ]

    def _warnings(self) -> list[wire.Incident]:
        return [self._incident(e, body.get("text", "")) for e, body in self._of_attempts("warning.shown")]

    def _forced(self) -> list[wire.Incident]:
        return [
            self._incident(entry, body.get("reason", ""))
            for entry, body in self._of_attempts("attempt.handed_in")
            if body.get("how") == "forced"
        ]

    def _violations(self) -> list[wire.Incident]:
        """Records of violations, in the order of their numbers."""
        rows = self._session.exec(select(Violation).where(Violation.sitting == self._sitting.id))
        return [
            wire.Incident(
                at=row.happened_at,
                kind="violation.recorded",
                name=self._names.get(row.candidate, ""),
                seat=row.seat,
                text=f"{row.number}: {row.seen}",
                result=row.decision or "to_be_decided",
                by=self._accounts.get(row.recorded_by, ""),
                second=self._accounts.get(row.second_by, ""),
            )
            for row in rows
        ]

    def _pauses(self) -> list[wire.Incident]:
        """Pauses of one exam and of the whole room."""
        rows = self._session.exec(
            select(Pause, Attempt.candidate)
            .join(Attempt, col(Attempt.id) == col(Pause.attempt), isouter=True)
            .where(Pause.sitting == self._sitting.id)
        )
        return [
            wire.Incident(
                at=row.began_at,
                kind="attempt.paused" if row.attempt else "sitting.paused",
                name=self._names.get(candidate or "", ""),
                seat=self._seats.get(candidate or "", ""),
                text=row.reason,
                by=self._who(row.began_by),
            )
            for row, candidate in rows
        ]

    def _broken(self) -> list[wire.Incident]:
        room = set(self._session.exec(select(Seat.id).where(Seat.room == self._sitting.room)))
        return [
            self._incident(entry, body.get("reason", ""))
            for entry, body in self._entries("seat.broken")
            if entry.subject in room
        ]

    def _lanes(self) -> list[wire.Incident]:
        sitting = self._sitting
        end = (sitting.ended_at or sitting.ends_at or sitting.closes_at) + AFTER
        rows = self._session.exec(
            select(GateOrder).where(
                col(GateOrder.admission).is_(None),
                col(GateOrder.absence).is_(None),
                col(GateOrder.ordered_at) >= sitting.opens_at,
                col(GateOrder.ordered_at) <= end,
            )
        )
        confirmed = {
            body.get("order", ""): self._who(entry.actor) for entry, body in self._entries("gate.confirmed")
        }
        return [
            wire.Incident(
                at=row.ordered_at,
                kind="gate.ordered",
                seat=self._lane_names.get(row.lane, row.lane),
                text=row.reason,
                result=row.outcome,
                by=self._who(row.ordered_by),
                second=confirmed.get(row.id, ""),
            )
            for row in rows
        ]
