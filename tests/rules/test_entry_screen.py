"""The entry screen: one sentence for the person before it, and only theirs."""

import pytest

from appliance.rules.entry_screen import Decided, Shown, shown

IN = Decided(age=1, result="admit", ticket=True, gate="done")
LOOK = Decided(age=1, result="review", ticket=False, waits=True)
AWAY = Decided(age=1, result="refuse", ticket=False)
CHECK = Decided(age=1, result="review", ticket=False, waits=True, security=True)


def aged(one: Decided, age: float) -> Decided:
    return Decided(**{**one.__dict__, "age": age})


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"last": None}, "card"),
        ({"last": IN}, "go"),
        ({"last": aged(IN, 7.9)}, "go"),
        ({"last": Decided(age=1, result="admit", ticket=True)}, "go"),
        ({"last": Decided(age=1, result="admit", ticket=True, gate="unknown")}, "staff"),
        ({"last": Decided(age=1, result="admit", ticket=True, gate="not_done")}, "staff"),
        *[
            ({"last": aged(IN, age)}, "card") for age in (8, 9, 11.9, 13)
        ],  # nobody who was let in is called back
        ({"last": LOOK}, "staff"),
        ({"last": aged(LOOK, 29)}, "staff"),
        ({"last": aged(LOOK, 31)}, "card"),
        ({"last": AWAY}, "staff"),
        ({"last": aged(AWAY, 13)}, "card"),
        ({"last": CHECK}, "security"),
        ({"last": IN, "newer": 0.2, "camera": "busy"}, "face"),
        ({"last": IN, "newer": 0.2}, "face"),
        ({"last": AWAY, "newer": 1}, "face"),
        ({"last": aged(IN, 40), "newer": 21}, "card"),
        ({"last": IN, "camera": "busy"}, "go"),
        ({"last": None, "camera": "busy"}, "face"),
        ({"last": None, "camera": "silent"}, "card"),
        ({"last": None, "camera": "fault"}, "card"),
        ({"last": None, "reader": "missing"}, "closed"),
        ({"last": None, "reader": "silent"}, "closed"),
        ({"last": IN, "newer": 1, "fire": True}, "fire"),
    ],
)
def test_what_is_shown(facts: dict[str, object], expected: Shown) -> None:
    assert shown(**facts) == expected  # type: ignore[arg-type]
