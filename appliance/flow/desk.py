"""The check-in desk: who was at the reader, what was decided, who is still missing. No writes."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import get_args

import msgspec
from sqlmodel import Session, and_, col, select

from appliance.base.i18n import N_
from appliance.devices.cardreader.protocol import NOT_READ
from appliance.flow.box import Box
from appliance.flow.card_picture import Pictures, pictures_of
from appliance.flow.missing import MissingLine, missing
from appliance.flow.security_check import SECURITY
from appliance.flow.supersede import SUPERSEDED
from appliance.flow.today import day_bounds, line, over_today, sittings_of_day
from appliance.records.accounts import Account
from appliance.records.entry import Absence, Admission, Case, FaceCheck, GateOrder, Tap
from appliance.records.roster import Candidate
from appliance.records.sitting import Sitting
from appliance.records.waiting import Ticket
from appliance.rules import desk_screen
from appliance.rules.admission import SECOND_PERSON, SENTENCES
from appliance.rules.names import mask, same
from appliance.rules.papers import Paper
from appliance.wire.ops import SittingLine

LAST = 10
UNREAD = {f"card_{code}": sentence for code, sentence in NOT_READ.items()}
"""Code of a card that was not read -> sentence."""
NOT_READ_OTHERWISE = N_("The card could not be read.")
AGAIN = N_("Put the card down once more; if it stays unread, press K: entry without a chip.")


class FaceLine(msgspec.Struct, kw_only=True):
    """A comparison: distance and band; which of the two photographs are on file."""

    id: str
    reference: str
    distance: float | None
    band: str
    has_reference: bool
    has_live: bool


class EarlierLine(msgspec.Struct, kw_only=True):
    """Who came in before with the same card. `face`: the check whose live photo shows them, else empty."""

    at: datetime
    lane: str
    ticket: str
    face: str
    away: bool
    """Noted as out for a moment."""


class TapLine(msgspec.Struct, kw_only=True):
    """One card put down, as it stands now (a person may have decided since)."""

    tap: str
    at: datetime
    recorded_at: datetime
    lane: str
    name: str
    masked_name: str
    number: str
    """Masked."""
    result: str
    """admit, review or refuse, as the rule said."""
    code: str
    sentence: str
    next_step: str
    candidate: str = ""
    sitting: SittingLine | None = None
    opens_at: datetime | None = None
    ticket: str = ""
    gate: str = ""
    """Outcome of the order to the gate; empty while it is under way or there is none."""
    case: str = ""
    case_open: bool = False
    decision: str = ""
    decided_at: datetime | None = None
    reason: str = ""
    more: list[str] = []
    """Sentences of everything else a person has to look at."""
    needs_second: bool = False
    security: bool = False
    """Whoever lets this person in has made the security check, and notes the locker."""
    locker: str = ""
    came_back: bool = False
    """Was inside already when this card let them in."""
    left_before: bool = False
    """Inside already and out for a moment: the locker stays the same."""
    face: FaceLine | None = None
    paper: str = ""
    """rules.papers.Paper when it was typed by hand from one; empty when a reader read the card."""
    paper_valid_to: date | None = None
    pictures: Pictures = msgspec.field(default_factory=Pictures)
    roster_name: str = ""
    """The name on the roster when it is another than the card's; else empty."""
    key: int = 0
    """Of a case that waits: the digit that opens it; 0 = it has none."""
    earlier: EarlierLine | None = None
    """With `already_inside` and with a return: the admission."""


class OpenedLine(msgspec.Struct, kw_only=True):
    """A lane opened by hand. `outcome`: empty while the gate is at it, else done, not_done or unknown."""

    order: str
    at: datetime
    lane: str
    reason: str
    by: list[str]
    """Names of the two people."""
    outcome: str


class Desk(msgspec.Struct, kw_only=True):
    """What the desk shows, of the chosen lane or of all. `last`: newest first."""

    sittings: list[SittingLine]
    over: list[SittingLine]
    """Today's sittings that are over, when none is left."""
    shown: TapLine | None
    """The card that stands large, with its sitting; None also where `opened` does."""
    opened: OpenedLine | None
    """An opening by hand that stands large."""
    missing: dict[str, list[MissingLine]]
    last: list[TapLine]
    cases: list[TapLine]
    """Taps whose case is open, oldest first, of all lanes."""


def desk(
    session: Session,
    box: Box,
    lane: str = "",
    below: bool = True,
    put_aside: datetime | None = None,
    also: str = "",
) -> Desk:
    """The day at the entrance; `lane` narrows it to one lane, without `below` no sitting is counted.

    `put_aside`: what happened until then does not stand large any more. `also`: a card of any lane that may.
    """
    start, _ = day_bounds(box)
    # Nothing from before the clock was set back stands for the newest.
    until = box.now() + timedelta(seconds=2)
    wanted = select(Tap).where(col(Tap.recorded_at) >= start, col(Tap.recorded_at) <= until)
    if lane:
        wanted = wanted.where(Tap.lane == lane)
    taps = session.exec(wanted.order_by(col(Tap.recorded_at).desc()).limit(LAST)).all()
    last, cases = tap_lines(session, taps), waiting_cases(session, box)
    around = [one for one in cases if not lane or one.lane == lane] + _decided_last(session, lane, start)
    around += tap_lines(session, [one for one in [session.get(Tap, also)] if one]) if also else []
    cards = {one.tap: one for one in [*last, *around] if one.recorded_at <= until}
    opened = _opened(session, lane, start)
    large = _shown(list(cards.values()), opened, box.now(), put_aside)
    today = sittings_of_day(session, box) if below else []
    sittings = [one for one in today if one.state in ("planned", "running")]
    return Desk(
        sittings=[line(session, box, one) for one in sittings],
        over=over_today(session, box) if below and not sittings else [],
        shown=tap_by_id(session, box, large) if large in cards else None,
        opened=opened if opened and opened.order == large else None,
        missing={one.id: missing(session, one.id) for one in sittings},
        last=last,
        cases=cases,
    )


def card_of(one: TapLine) -> desk_screen.Card:
    """As the rule takes it."""
    return desk_screen.Card(
        tap=one.tap,
        lane=one.lane,
        recorded_at=one.recorded_at,
        waits=one.case_open,
        decided_at=one.decided_at if one.decision != SUPERSEDED else None,
    )


def _shown(cards: list[TapLine], opened: OpenedLine | None, now: datetime, put_aside: datetime | None) -> str:
    """Id of the card, or of the order of the opening by hand, that stands large; empty when none does."""
    by_hand = desk_screen.Opened(order=opened.order, lane=opened.lane, at=opened.at) if opened else None
    found = desk_screen.shown([card_of(one) for one in cards], by_hand, now, put_aside)
    return "" if found is None else found.tap if isinstance(found, desk_screen.Card) else found.order


def _decided_last(session: Session, lane: str, since: datetime) -> list[TapLine]:
    """The card a person decided last today, if any."""
    wanted = (
        select(Tap)
        .join(Case, col(Case.tap) == col(Tap.id))
        .where(Case.state == "decided", col(Case.opened_at) >= since, Case.decision != SUPERSEDED)
    )
    if lane:
        wanted = wanted.where(Tap.lane == lane)
    return tap_lines(session, session.exec(wanted.order_by(col(Case.decided_at).desc()).limit(1)).all())


def waiting_cases(session: Session, box: Box) -> list[TapLine]:
    """Taps whose case is open, oldest first, of all lanes. Each of today keeps its key for as long as it waits."""
    taps = session.exec(
        select(Tap)
        .join(Case, col(Case.tap) == col(Tap.id))
        .where(Case.state == "open")
        .order_by(col(Case.opened_at))
    ).all()
    found = tap_lines(session, taps)
    if not found:
        return found
    start, _ = day_bounds(box)
    today = select(col(Case.tap)).where(
        col(Case.state).in_(("open", "decided")), col(Case.opened_at) >= start
    )
    order = [one for one in session.scalars(today.order_by(col(Case.opened_at))) if one]
    keys = desk_screen.keys([one.tap for one in found], order)
    for one in found:
        one.key = keys.get(one.tap, 0)
    return found


def _opened(session: Session, lane: str, since: datetime) -> OpenedLine | None:
    wanted = select(GateOrder).where(
        col(GateOrder.admission).is_(None),
        col(GateOrder.absence).is_(None),
        col(GateOrder.ordered_at) >= since,
    )
    if lane:
        wanted = wanted.where(GateOrder.lane == lane)
    row = session.exec(wanted.order_by(col(GateOrder.ordered_at).desc()).limit(1)).first()
    if row is None:
        return None
    people = [session.get(Account, one.partition(":")[2]) for one in (row.ordered_by, row.confirmed_by)]
    return OpenedLine(
        order=row.id,
        at=row.ordered_at,
        lane=row.lane,
        reason=row.reason,
        by=[one.name for one in people if one],
        outcome="" if row.outcome == "started" else row.outcome,
    )


def tap_by_id(session: Session, box: Box, tap_id: str) -> TapLine | None:
    """One tap, or None."""
    tap = session.get(Tap, tap_id)
    return tap_line(session, box, tap) if tap else None


def tap_line(session: Session, box: Box, tap: Tap, counts: bool = True) -> TapLine:
    """One tap with everything that hangs on it; `counts`: also how its sitting stands."""
    [shown] = tap_lines(session, [tap])
    if counts and tap.sitting:
        shown.sitting = line(session, box, session.get_one(Sitting, tap.sitting))
        shown.earlier = _earlier(session, tap)
    return shown


def _earlier(session: Session, tap: Tap) -> EarlierLine | None:
    """The admission of this tap's person by an earlier card."""
    found = session.exec(
        select(Admission, Ticket.number, FaceCheck.id, Absence.id)
        .join(Ticket, col(Ticket.admission) == col(Admission.id), isouter=True)
        .join(
            FaceCheck,
            and_(col(FaceCheck.tap) == col(Admission.tap), FaceCheck.live_photo != ""),
            isouter=True,
        )
        .join(
            Absence,
            and_(col(Absence.admission) == col(Admission.id), col(Absence.returned_at).is_(None)),
            isouter=True,
        )
        .where(
            Admission.sitting == tap.sitting, Admission.candidate == tap.candidate, Admission.tap != tap.id
        )
    ).first()
    if found is None:
        return None
    admission, ticket, face, away = found
    return EarlierLine(
        at=admission.happened_at, lane=admission.lane, ticket=ticket or "", face=face or "", away=bool(away)
    )


def tap_lines(session: Session, taps: Sequence[Tap]) -> list[TapLine]:
    """Taps with everything that hangs on them, in the same order; as many statements for one as for ten."""
    around = Around(session, taps)
    return [_line_of(around, tap) for tap in taps]


class Around:
    """What hangs on some taps, read in one go: by the id of the tap, unless it says otherwise."""

    def __init__(self, session: Session, taps: Sequence[Tap]) -> None:
        ids = [tap.id for tap in taps]
        came = {tap.candidate for tap in taps if tap.candidate}
        meant = {tap.sitting for tap in taps if tap.sitting}
        people = session.exec(select(Candidate).where(col(Candidate.id).in_(came))).all() if came else ()
        self.names = {one.id: one.name for one in people}
        """Candidate -> name on the roster."""
        self.photos = {one.id: one.photo for one in people}
        sittings = session.exec(select(Sitting).where(col(Sitting.id).in_(meant))).all() if meant else ()
        self.opens = {one.id: one.opens_at for one in sittings}
        """Sitting -> when its admission opens."""
        self.cases = {one.tap: one for one in session.exec(select(Case).where(col(Case.tap).in_(ids)))}
        self.away = (
            self._away(session, came) if any(one.state == "open" for one in self.cases.values()) else ()
        )
        """Sitting and candidate of everybody out for a moment; only asked for while a case waits."""
        admitted = session.exec(
            select(Admission, Ticket, GateOrder)
            .join(Ticket, col(Ticket.admission) == col(Admission.id), isouter=True)
            .join(GateOrder, col(GateOrder.admission) == col(Admission.id), isouter=True)
            .where(col(Admission.tap).in_(ids))
        ).all()
        self.admitted = {one[0].tap: one for one in admitted}
        back = session.exec(
            select(Absence.returned_tap, Ticket.number, Admission.locker, GateOrder.outcome)
            .join(GateOrder, col(GateOrder.absence) == col(Absence.id))
            .join(Admission, col(Admission.id) == col(Absence.admission))
            .join(Ticket, col(Ticket.admission) == col(Admission.id), isouter=True)
            .where(col(Absence.returned_tap).in_(ids))
        ).all()
        self.back = {one[0]: one[1:] for one in back}
        faces = session.exec(select(FaceCheck).where(col(FaceCheck.tap).in_(ids))).all()
        self.faces = {one.tap: one for one in faces}

    @staticmethod
    def _away(session: Session, candidates: set[str]) -> Collection[tuple[str, str]]:
        wanted = (
            select(Admission.sitting, Admission.candidate)
            .join(Absence, col(Absence.admission) == col(Admission.id))
            .where(col(Absence.returned_at).is_(None), col(Admission.candidate).in_(candidates))
        )
        return set(session.exec(wanted).all())


def sentence_of(code: str) -> tuple[str, str]:
    """Sentence and next step of a decision, or of a card that was not read."""
    return SENTENCES.get(code) or (UNREAD.get(code, NOT_READ_OTHERWISE), AGAIN)


def _line_of(around: Around, tap: Tap) -> TapLine:
    sentence, next_step = sentence_of(tap.code)
    shown = TapLine(
        tap=tap.id,
        at=tap.happened_at,
        recorded_at=tap.recorded_at,
        lane=tap.lane,
        name=tap.name,
        masked_name=mask(tap.name),
        number=tap.number_masked,
        result=tap.result,
        code=tap.code,
        sentence=sentence,
        next_step=next_step,
        candidate=tap.candidate or "",
        more=[SENTENCES[code][0] for code in tap.doubts.split()[1:]],
        needs_second=tap.code in SECOND_PERSON,
        security=SECURITY in tap.doubts.split(),
        paper=tap.card_kind if tap.card_kind in get_args(Paper) else "",
        paper_valid_to=tap.paper_valid_to,
        opens_at=around.opens.get(tap.sitting or ""),
    )
    if tap.candidate and not same(around.names[tap.candidate], tap.name):
        shown.roster_name = around.names[tap.candidate]
    if case := around.cases.get(tap.id):
        shown.case, shown.case_open = case.id, case.state == "open"
        shown.decision, shown.decided_at, shown.reason = case.decision, case.decided_at, case.reason
        shown.left_before = shown.case_open and (tap.sitting, tap.candidate) in around.away
    if found := around.admitted.get(tap.id):
        admission, ticket, order = found
        shown.locker = admission.locker
        shown.ticket = ticket.number if ticket else ""
        shown.gate = order.outcome if order else ""
    if back := around.back.get(tap.id):
        shown.ticket, shown.locker, shown.gate, shown.came_back = back[0] or "", back[1], back[2], True
    check = around.faces.get(tap.id)
    shown.pictures = pictures_of(tap, around.photos.get(tap.candidate or "", ""), check, shown.case_open)
    if check:
        shown.face = FaceLine(
            id=check.id,
            reference=check.reference,
            distance=check.distance,
            band=check.band,
            has_reference=bool(check.reference_photo),
            has_live=bool(check.live_photo),
        )
    return shown
