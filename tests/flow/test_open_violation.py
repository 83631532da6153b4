"""While a violation waits for its decision nothing is said of passing."""

from appliance.base.clock import FakeClock
from appliance.base.ids import new_id
from appliance.flow.box import Box
from appliance.flow.decide_violation import decide_violation
from appliance.flow.office import office
from appliance.flow.record_violation import record_violation
from appliance.flow.today import line
from appliance.flow.verdict import release_day
from appliance.records.sitting import Sitting
from tests.flow.test_violations import marked, running, staff_of, verdict_of, what_was_seen


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
