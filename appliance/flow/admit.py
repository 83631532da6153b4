"""A tap at the entrance: decide, record, admit, give a ticket, order the gate. Once per tap id."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Conflict
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.flow.absence import come_back, order_of_return
from appliance.flow.box import Box
from appliance.flow.expected import expected, is_elsewhere
from appliance.flow.order_gate import order_gate
from appliance.flow.supersede import supersede
from appliance.records.entry import Admission, Case, FaceCheck, GateOrder, Tap
from appliance.records.journal import append
from appliance.records.roster import Candidate
from appliance.records.sitting import Sitting
from appliance.records.waiting import Ticket
from appliance.rules import admission as rule
from appliance.rules import idnumber, names, queueing


class PhotoHeld(msgspec.Struct, frozen=True):
    """One photograph that was held against the live picture, or the cause why it could not be."""

    kind: str
    """chip or roster."""
    photo: str = ""
    """SHA-256 of the picture; only the one that decided is kept by the face check."""
    distance: float | None = None
    cause: str = ""


class FaceTaken(msgspec.Struct, kw_only=True, frozen=True):
    """One comparison as the face worker made it. Photos: SHA-256 of sealed files."""

    engine: str
    version: str
    reference: str
    """chip or roster."""
    band: str
    code: str
    """rules.facecheck.Code."""
    distance: float | None = None
    reference_photo: str = ""
    live_photo: str = ""
    held: list[PhotoHeld] = []
    """Every photograph there was or should have been."""
    liveness: str = ""
    """Empty = not asked; passed, or why not (faces.liveness.Failure)."""


class TapFacts(msgspec.Struct, kw_only=True, frozen=True):
    """What the devices say about one card put down."""

    tap: str
    lane: str
    kind: str
    """Which sittings the lane admits to: theory or practical."""
    happened_at: datetime
    sam_id: str = ""
    card_kind: str = "resident"
    """Layout of the card, or rules.papers.Paper when `typed_by` is given."""
    name: str
    number: str
    valid_from: date | None = None
    valid_to: date | None = None
    face: FaceTaken | None = None
    typed_by: str = ""
    """`account:ID` of the member of staff who typed it from a paper; empty = a reader read the card."""
    paper_picture: str = ""
    """SHA-256 of the sealed picture of the paper."""


class TapResult(msgspec.Struct, kw_only=True):
    """What staff and the entry screen are told."""

    tap: str
    result: str
    code: str
    sitting: str = ""
    candidate: str = ""
    ticket: str = ""
    order: str = ""
    case: str = ""


class Preview(msgspec.Struct, kw_only=True):
    """The decision without a face, and the roster photo a live picture may be compared with."""

    result: str
    code: str
    roster_photo: str = ""


def preview(session: Session, box: Box, facts: TapFacts) -> Preview:
    """Whether a face check is needed at all: nobody is compared who is refused anyway."""
    candidate, asked = _facts(session, box, facts)
    refused = rule.before_face(asked)
    photo = candidate.photo if candidate else ""
    if refused is None:
        return Preview(result="face_needed", code="face_needed", roster_photo=photo)
    return Preview(result=refused.result, code=refused.code, roster_photo=photo)


def admit(session: Session, box: Box, facts: TapFacts) -> TapResult:
    """Decide one tap and record everything that follows. A replay of the tap id returns the stored answer.

    Raises Conflict `other_person` when the id belongs to the tap of somebody else.
    """
    if known := stored_tap(session, facts.tap, facts.name, facts.number):
        return _stored(session, known)
    candidate, asked = _facts(session, box, facts)
    decision = rule.before_face(asked) or rule.decide(asked)
    tap = Tap(
        id=facts.tap,
        lane=facts.lane,
        happened_at=facts.happened_at,
        recorded_at=box.now(),
        sam_id=facts.sam_id,
        card_kind=facts.card_kind,
        paper_picture=facts.paper_picture,
        paper_valid_to=facts.valid_to if facts.typed_by else None,
        name=facts.name,
        number_masked=idnumber.mask(facts.number),
        candidate=candidate.id if candidate else None,
        sitting=decision.sitting or None,
        result=decision.result,
        code=decision.code,
        doubts=" ".join(decision.doubts),
    )
    session.add(tap)
    session.flush()
    subject, actor = (candidate.id if candidate else tap.id), facts.typed_by or f"lane:{tap.lane}"
    body = {
        "tap": tap.id,
        "lane": tap.lane,
        "result": tap.result,
        "code": tap.code,
        "doubts": tap.doubts,
        "sitting": tap.sitting or "",
        "sam_id": tap.sam_id,
        "happened_at": facts.happened_at.isoformat(),
        "card_kind": tap.card_kind,
        "paper_picture": tap.paper_picture,
        "paper_valid_to": tap.paper_valid_to.isoformat() if tap.paper_valid_to else "",
        "name_differs": bool(candidate and not names.same(candidate.name, facts.name)),
    }
    append(session, "tap.decided", subject, actor, body, at=box.now())
    if facts.face:
        _keep_face(session, box, tap, facts.face, subject)
    if candidate and tap.sitting:
        supersede(session, box, tap, actor)
    answer = TapResult(
        tap=tap.id, result=tap.result, code=tap.code, sitting=tap.sitting or "", candidate=tap.candidate or ""
    )
    if tap.result == "admit" and tap.sitting and candidate:
        if tap.code == "come_back":
            answer.order = come_back(session, box, tap, "machine", actor).id
        else:
            grant(session, box, tap, how="machine", actor=actor, answer=answer)
    elif tap.result == "review":
        answer.case = _open_case(session, box, tap, subject, actor)
    return answer


def stored_tap(session: Session, tap_id: str, name: str, number: str) -> Tap | None:
    """The tap that was recorded under this id, None when there is none.

    Raises Conflict `other_person` when it is not of this name and number: an id stands for one card put down once,
    and a page that is shown again still holds the id of the one before.
    """
    known = session.get(Tap, tap_id)
    if known is None:
        return None
    if known.number_masked != idnumber.mask(number) or not names.same(known.name, name):
        raise Conflict(
            "other_person",
            N_("This page was used for another person already."),
            N_("Open the page again and type this person's data once more."),
        )
    return known


def refusal_now(session: Session, box: Box, tap: Tap) -> rule.Decision | None:
    """What forbids to let this tap's person in at this moment, whatever a person decides; None = nothing."""
    assert tap.sitting and tap.candidate
    candidate, sitting = session.get_one(Candidate, tap.candidate), session.get_one(Sitting, tap.sitting)
    facts = rule.Facts(
        now=box.now(),
        today=box.today(),
        lane=sitting.subject,  # type: ignore[arg-type]
        card=rule.Card(name=tap.name),
        expected=[row for row in expected(session, box, candidate) if row.sitting == sitting.id],
    )
    return rule.before_face(facts)


def grant(
    session: Session, box: Box, tap: Tap, how: str, actor: str, answer: TapResult, **by: str
) -> Admission:
    """Let the tap's person in: admission, ticket, one order to the gate."""
    assert tap.sitting and tap.candidate
    admission = Admission(
        id=new_id(),
        tap=tap.id,
        sitting=tap.sitting,
        candidate=tap.candidate,
        lane=tap.lane,
        happened_at=tap.happened_at,
        recorded_at=box.now(),
        how=how,
        **by,
    )
    session.add(admission)
    session.flush()
    body = {"admission": admission.id, "sitting": tap.sitting, "tap": tap.id, "how": how, **by}
    append(session, "admission.granted", tap.candidate, actor, body, at=box.now())
    sitting = session.get_one(Sitting, tap.sitting)
    given = session.exec(select(Ticket.number).where(Ticket.sitting == sitting.id)).all()
    ticket = Ticket(
        id=new_id(),
        admission=admission.id,
        sitting=sitting.id,
        candidate=tap.candidate,
        number=queueing.next_number(sitting.number, given),
        issued_at=box.now(),
    )
    session.add(ticket)
    session.flush()
    body = {"ticket": ticket.id, "number": ticket.number, "admission": admission.id}
    append(session, "ticket.issued", tap.candidate, actor, body, at=box.now())
    answer.ticket = ticket.number
    answer.order = order_gate(session, box, tap.lane, actor, admission=admission.id).id
    return admission


def _facts(session: Session, box: Box, facts: TapFacts) -> tuple[Candidate | None, rule.Facts]:
    """The candidate of the card's number, and everything the rule asks for."""
    candidate = session.exec(
        select(Candidate).where(Candidate.number_index == box.key.index(facts.number))
    ).first()
    asked = rule.Facts(
        now=facts.happened_at,
        today=box.local(facts.happened_at).date(),
        lane=facts.kind,  # type: ignore[arg-type]
        card=rule.Card(
            name=facts.name,
            valid_from=facts.valid_from,
            valid_to=facts.valid_to,
            by_hand=bool(facts.typed_by),
        ),
        expected=expected(session, box, candidate) if candidate else [],
        elsewhere=is_elsewhere(session, box, facts.number, facts.happened_at),
        face=facts.face.code if facts.face else "camera_silent",  # type: ignore[arg-type]
        security_check=box.settings.entry.security_check,
    )
    return candidate, asked


def _keep_face(session: Session, box: Box, tap: Tap, face: FaceTaken, subject: str) -> None:
    check = FaceCheck(
        id=new_id(),
        tap=tap.id,
        engine=face.engine,
        version=face.version,
        reference=face.reference,
        reference_photo=face.reference_photo,
        live_photo=face.live_photo,
        distance=face.distance,
        band=face.band,
        happened_at=tap.happened_at,
    )
    session.add(check)
    session.flush()
    body: dict[str, Any] = {
        "face_check": check.id,
        "tap": tap.id,
        "engine": face.engine,
        "version": face.version,
        "reference": face.reference,
        "band": face.band,
        "code": face.code,
        "distance": face.distance,
        "reference_photo": face.reference_photo,
        "live_photo": face.live_photo,
        "held": [msgspec.to_builtins(one) for one in face.held],
        "liveness": face.liveness,
    }
    if face.distance is not None:
        # A later paper says by which limits it was judged, not by those of its own day.
        faces = box.settings.faces
        body |= {"admit_below": faces.admit_below, "review_below": faces.review_below}
    append(session, "face.compared", subject, f"lane:{tap.lane}", body, at=box.now())


def _open_case(session: Session, box: Box, tap: Tap, subject: str, actor: str) -> str:
    case = Case(
        id=new_id(),
        kind=tap.code,
        tap=tap.id,
        candidate=tap.candidate,
        sitting=tap.sitting,
        opened_at=box.now(),
    )
    session.add(case)
    session.flush()
    append(
        session,
        "case.opened",
        subject,
        actor,
        {"case": case.id, "kind": case.kind, "tap": tap.id},
        at=box.now(),
    )
    return case.id


def _stored(session: Session, tap: Tap) -> TapResult:
    answer = TapResult(
        tap=tap.id, result=tap.result, code=tap.code, sitting=tap.sitting or "", candidate=tap.candidate or ""
    )
    admission = session.exec(select(Admission).where(Admission.tap == tap.id)).first()
    if admission:
        answer.ticket = (
            session.exec(select(Ticket.number).where(Ticket.admission == admission.id)).first() or ""
        )
        answer.order = (
            session.exec(select(GateOrder.id).where(GateOrder.admission == admission.id)).first() or ""
        )
    if back := order_of_return(session, tap.id):
        answer.order = back.id
    case = session.exec(select(Case).where(Case.tap == tap.id)).first()
    answer.case = case.id if case else ""
    return answer
