"""Who sits where: random, reproducible from the seed, spares kept for the unlucky."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from appliance.rules.chance import Stream


class Place(NamedTuple):
    """A seat as the rule sees it. `usable`: neither broken nor its station lost."""

    seat: str
    number: int
    spare: bool = False
    usable: bool = True
    row: int = 0
    column: int = 0


class TooFewSeats(ValueError):
    """More candidates than seats; `missing` says how many."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"{missing} seats missing")
        self.missing = missing


def free(places: Iterable[Place], taken: Iterable[str]) -> list[Place]:
    """Ordinary seats nobody holds, in order of their numbers."""
    held = set(taken)
    return sorted(
        (p for p in places if p.usable and not p.spare and p.seat not in held),
        key=lambda p: (p.number, p.seat),
    )


def pick(seed: bytes | str, candidate: str, places: Iterable[Place], taken: Iterable[str]) -> Place | None:
    """The seat for one candidate who is called now; None when no ordinary seat is free.

    The order of seats is the candidate's own, drawn from (seed, candidate): it does not depend on who came
    before, only on which seats are still free.
    """
    held = set(taken)
    ordinary = sorted((p for p in places if not p.spare), key=lambda p: (p.number, p.seat))
    for place in Stream(seed, "seat", candidate).shuffled(ordinary):
        if place.usable and place.seat not in held:
            return place
    return None


def assign(
    seed: bytes | str, candidates: Iterable[str], places: Iterable[Place], taken: Iterable[str] = ()
) -> dict[str, str]:
    """Candidate -> seat for a whole sitting at once; raises TooFewSeats. Order of arrival does not matter."""
    people = sorted(set(candidates))
    seats = free(places, taken)
    if len(people) > len(seats):
        raise TooFewSeats(len(people) - len(seats))
    chosen = Stream(seed, "seat plan").shuffled(seats)
    return {person: place.seat for person, place in zip(people, chosen, strict=False)}


def spare_for(places: Iterable[Place], taken: Iterable[str], away_from: str) -> Place | None:
    """Where a candidate goes whose station broke: the nearest usable spare, else the nearest free seat."""
    everything = list(places)
    held = set(taken) | {away_from}
    here = next((p for p in everything if p.seat == away_from), None)

    def far(place: Place) -> tuple[bool, int, int, str]:
        distance = abs(place.row - here.row) + abs(place.column - here.column) if here else 0
        return (not place.spare, distance, place.number, place.seat)

    left = [p for p in everything if p.usable and p.seat not in held]
    return min(left, key=far, default=None)


def double_booked(plan: Mapping[str, str]) -> list[str]:
    """Seats that more than one candidate holds; empty in a sound plan."""
    seen: dict[str, int] = {}
    for seat in plan.values():
        seen[seat] = seen.get(seat, 0) + 1
    return sorted(seat for seat, count in seen.items() if count > 1)
