"""What is journaled of refusals: once each, bounded for one machine and for all, and nobody silences anybody else."""

from types import SimpleNamespace
from typing import Any

from litestar.datastructures import State

from appliance.web.station_refusals import MOST, MOST_KNOWN, first_time


def test_a_machine_gone_mad_silences_itself_alone() -> None:
    request: Any = SimpleNamespace(app=SimpleNamespace(state=State()))
    told = [first_time(request, "address 1", f"cookie {n}") for n in range(1_000)]
    assert sum(told) == MOST
    assert first_time(request, "address 2", "cookie") and not first_time(request, "address 2", "cookie")
    for n in range(MOST_KNOWN):
        assert not first_time(request, "address 1", "cookie 0")
        assert first_time(request, f"other {n}", "cookie")
    known = request.app.state["refused_requests"]
    assert len(known) == MOST_KNOWN and "address 1" in known and "address 2" not in known
