"""The demo's last word on the line: the province's receipts, each once, and nothing else, make it green."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from appliance.base.clock import SystemClock
from appliance.cli.demo.results import acknowledged_once
from appliance.flow.receipts import Carried

NOW = SystemClock().now()


def parcels() -> list[Carried]:
    return [
        Carried(
            id=f"p{n}",
            number=n,
            first_seq=n * 10 - 9,
            last_seq=n * 10,
            entries=10,
            sha256=f"{n:064x}",
            state="acknowledged",
            error="",
            sealed_at=NOW,
            received_at=NOW,
            signature="s",
            holds="fits",
        )
        for n in (1, 2, 3)
    ]


def held() -> list[dict[str, Any]]:
    return [msgspec.to_builtins(one) for one in parcels()]


def change(place: int, **fields: Any) -> list[Carried]:
    ours = parcels()
    ours[place] = msgspec.structs.replace(ours[place], **fields)
    return ours


ONCE = Counter(["p1", "p2", "p3"])


def test_each_once() -> None:
    assert acknowledged_once(parcels(), ONCE, held())


@pytest.mark.parametrize(
    ("ours", "noted", "theirs"),
    [
        ([], Counter(), []),
        (parcels(), ONCE + Counter(["p2"]), held()),
        (parcels(), ONCE - Counter(["p2"]), held()),
        (parcels(), ONCE, held()[:2]),
        (parcels(), ONCE, [*held(), held()[2]]),
        (change(1, holds="wrong"), ONCE, held()),
        (change(1, holds="none"), ONCE, held()),
        (change(2, state="sealed"), ONCE, held()),
        (change(1, sha256="f" * 64), ONCE, held()),
        (change(2, first_seq=25), ONCE, held()),
    ],
    ids=["nothing", "twice", "unnoted", "lost", "double", "forged", "unsigned", "sealed", "other", "hole"],
)
def test_anything_else_is_red(ours: list[Carried], noted: Counter[str], theirs: list[dict[str, Any]]) -> None:
    assert not acknowledged_once(ours, noted, theirs)
