"""What staff read about a lane: the worst first, of all lanes when it concerns all."""

from appliance.web.lane_faults import lane_faults
from appliance.wire.gate import LaneState


def lane(code: str, **what: object) -> LaneState:
    return LaneState(lane=code, name=f"{code}号通道", kind="theory", **what)  # type: ignore[arg-type]


def test_a_quiet_entrance_says_nothing() -> None:
    assert lane_faults([lane("L1"), lane("L2")]) == []


def test_fire_at_one_lane_concerns_everybody_and_comes_first() -> None:
    fire, forced = lane_faults([lane("L1", alarms=["forced_open"]), lane("L2", alarms=["fire"])])
    assert (fire.lane, fire.part) == ("", "alarm") and fire.text == "火警：所有通道已放开。"
    assert (forced.lane, forced.text) == ("L1", "L1号通道：闸机被强行打开。")


def test_each_fault_has_a_next_step() -> None:
    found = lane_faults([lane("L1", alarms=["held_open"], reader="missing", gate="silent", camera="fault")])
    assert [one.part for one in found] == ["alarm", "reader", "gate", "camera"]
    assert all(one.next for one in found)


def test_a_silent_entry_process_is_told_once() -> None:
    (only,) = lane_faults([lane("L1", reader="missing"), lane("L2", alarms=["fire"])], silent=True)
    assert only.part == "process" and only.next
