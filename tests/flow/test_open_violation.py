"""While a violation waits for its decision nothing is said of passing."""

from sqlmodel import Session, select

from appliance.base.clock import FakeClock
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.decide_violation import decide_violation
from appliance.flow.expected import theory_passed
from appliance.flow.office import office
from appliance.flow.record_violation import record_violation
from appliance.flow.today import line
from appliance.flow.verdict import decide_verdict, has_passed, release_day
from appliance.records.sitting import Sitting
from appliance.records.theory import Attempt, Mark
from appliance.records.verdict import Verdict
from tests.flow.test_violations import marked, running, staff_of, verdict_of, what_was_seen
from tests.world import World


def test_an_open_violation_holds_the_verdict_it_may_move(box: Box, clock: FakeClock) -> None:
    """Recorded after the mark: the reached verdict is held too; whatever is decided lets it speak again."""
    staff, world = staff_of(box), running(box, 3)
    read, day = box.db.read_now, box.today().isoformat()
    marked(box, world, clock)
    table = {"warn": "practical_missing", "unfounded": "practical_missing", "void_all": "theory_voided"}
    for place, (decision, code) in enumerate(table.items()):
        who = world.candidates[place]
        assert verdict_of(box, who).code == "practical_missing"
        form = what_was_seen(world, candidate=who, seat=world.seats[place])
        kept = box.db.write_now(record_violation, box, form, staff["invigilator"], "invigilator2")
        assert (verdict_of(box, who).code, verdict_of(box, who).passed) == ("violation_open", None)
        shown = {one.code for one in read(office, box, "").verdicts}
        assert "violation_open" in shown
        passed = read(line, box, read(lambda session: session.get_one(Sitting, world.sitting))).passed
        assert passed == 2
        box.db.write_now(decide_violation, box, kept.id, decision, "核实", staff["office"], "chief", new_id())
        assert verdict_of(box, who).code == code
    assert box.db.write_now(release_day, box, day, staff["chief"]).count == 3


def test_an_earlier_day_waits_no_longer_once_it_is_decided(box: Box, clock: FakeClock) -> None:
    """Theory on one day, the practical on the next, decided after both: each day is combined and can be released."""
    staff, world = staff_of(box), running(box, 3)
    read, write, first = box.db.read_now, box.db.write_now, box.today().isoformat()
    marked(box, world, clock)
    kept = [
        write(
            record_violation,
            box,
            what_was_seen(world, candidate=who, seat=seat),
            staff["invigilator"],
            "invigilator2",
        )
        for who, seat in zip(world.candidates[:2], world.seats, strict=False)
    ]
    assert not read(has_passed, box, world.candidates[0], "low_voltage", "theory")
    assert read(has_passed, box, world.candidates[2], "low_voltage", "theory")
    assert read(theory_passed, box, world.candidates[0], "low_voltage")  # the practical is not barred
    clock.advance(24 * 3600)
    second = box.today().isoformat()
    write(_practical, box, world)
    assert _verdicts(box, world) == [{first: "violation_open", second: "violation_open"}] * 2 + [
        {first: "practical_missing"}
    ]
    for one, decision in zip(kept, ("unfounded", "void_subject"), strict=True):
        write(decide_violation, box, one.id, decision, "核实", staff["office"], "chief", new_id())
    assert _verdicts(box, world) == [
        {first: "practical_missing", second: "passed"},
        {first: "theory_voided", second: "theory_voided"},
        {first: "practical_missing"},
    ]
    days = read(office, box, staff["chief"].account).earlier
    assert [(one.day, one.ready, one.blockers, one.scored) for one in days] == [(first, 3, [], False)]
    assert write(release_day, box, first, staff["chief"]).count == 3
    assert not read(office, box, staff["chief"].account).earlier
    assert write(release_day, box, second, staff["chief"]).count == 2


def _practical(session: Session, box: Box, world: World) -> None:
    """Two of them pass the practical today."""
    theory = session.get_one(Sitting, world.sitting)
    more = {"id": "practical", "number": 2, "subject": "practical", "state": "ended", "starts_at": box.now()}
    session.add(Sitting(**theory.model_dump() | more))
    session.flush()
    for who, one in zip(world.candidates[:2], world.attempts, strict=False):
        more = {"id": f"p-{who}", "sitting": "practical", "paper": None}
        session.add(Attempt(**session.get_one(Attempt, one).model_dump() | more))
        session.flush()
        mark = session.exec(select(Mark).where(Mark.attempt == one)).one()
        more = {"id": f"m-{who}", "attempt": f"p-{who}", "marked_at": box.now()}
        session.add(Mark(**mark.model_dump() | more))
        session.flush()
        decide_verdict(session, box, who, "low_voltage", "process:test")


def _verdicts(box: Box, world: World) -> list[dict[str, str]]:
    rows = box.db.read_now(lambda session: session.exec(select(Verdict)).all())
    return [{one.day: one.code for one in rows if one.candidate == who} for who in world.candidates]
