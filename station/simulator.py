"""Simulated exam stations: whole candidates' lives over the same station API, each from its own address.

A station waits until somebody is bound to its seat and known here, signs in, accepts the rules, waits for
the start, answers one by one, and hands in or leaves it to the box. It can break down in the middle, or go
off line and send everything later. Simulators refuse to run on a production site.
"""

import asyncio
import hashlib
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import TypeVar

import msgspec

from appliance.base.errors import Corrupt, ExamError, NotFound, Refused, Stale, Unavailable
from appliance.base.sealing import unseal
from appliance.base.site import require_demo
from appliance.wire import station as wire
from station.client import BoxClient, SignInAgain

log = logging.getLogger("examsite.simulator")
BATCH = 200
Reply = TypeVar("Reply")


class Offline(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Off line after so many answers, for so many seconds; answering goes on meanwhile."""

    after: int
    seconds: float


class Person(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How a simulated candidate behaves."""

    last_four: str
    skill: float = 0.9
    """Chance of the right option when the right answers are known; else options are chosen at random."""
    answers: int = 1000
    """Stops after so many answers; default: answers everything."""
    hand_in: bool = True
    """False: leaves it to the automatic hand-in."""
    breaks_after: int | None = None
    """The station dies after so many answers (once; the person goes on elsewhere)."""
    offline: Offline | None = None


class Place(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One simulated station: the seat's fixed address, and its agent's key (no agent without one)."""

    seat: str
    address: str
    key: str = ""


class Told(msgspec.Struct, kw_only=True):
    """What became of a station, for the report."""

    seat: str
    state: str = "idle"
    """idle, signed_in, waiting, running, offline, broken, handed_in."""
    attempt: str = ""
    handed_in: str = ""
    made: int = 0
    acknowledged: int = 0
    answers: dict[int, str] = {}
    """Acknowledged answers of this station's attempt: position -> value."""
    refusals: dict[str, int] = {}
    outages: int = 0
    resent: int = 0
    pictures: int = 0
    """Of its paper, fetched whole."""


Lookup = Callable[[wire.Seat], Person | None]


class Pace(msgspec.Struct, kw_only=True):
    """Seconds: between two looks at the box, two answers (mean), two heartbeats, before a retry."""

    look: float = 3.0
    answer: float = 5.0
    heartbeat: float = 5.0
    retry: float = 1.0


class SimulatedStation:
    """One station; `run` lasts until it is cancelled."""

    def __init__(
        self,
        place: Place,
        url: str,
        context: ssl.SSLContext | bool,
        lookup: Lookup,
        *,
        pace: Pace,
        right: dict[str, str],
        broken: set[str],
        seed: int = 1,
    ) -> None:
        self.place = place
        self.told = Told(seat=place.seat)
        self._box = BoxClient(url, context, address=place.address, key=place.key)
        self._lookup = lookup
        self._pace = pace
        self._right = right
        self._broken = broken
        self._random = random.Random(f"{seed}:{place.seat}")
        self._started = monotonic()
        self._skew = timedelta(0)
        self._body = b""
        self._deadline = datetime.max.replace(tzinfo=UTC)

    async def run(self) -> None:
        """Live: agent beside page, one candidate after another."""
        agent = asyncio.create_task(self._agent()) if self.place.key else None
        try:
            while self.told.state != "broken":
                try:
                    await self._candidate()
                except SignInAgain:
                    self.told.state, self.told.attempt = "idle", ""
                except ExamError as error:
                    self._note(error)
                    await asyncio.sleep(self._pace.look)
        finally:
            if agent:
                agent.cancel()
                with suppress(asyncio.CancelledError):
                    await agent
            await self._box.close()

    async def _agent(self) -> None:
        reported = False
        hostname = f"sim-{self.place.seat.lower()}"
        while True:
            with suppress(ExamError):
                if not reported:
                    await self._box.inventory(_inventory(hostname, self.place.address))
                    reported = True
                uptime = monotonic() - self._started
                beat = wire.Heartbeat(hostname=hostname, uptime_s=uptime, browser_running=True, load=0.1)
                await self._box.heartbeat(beat)
            await asyncio.sleep(self._pace.heartbeat)

    async def _candidate(self) -> None:
        seat = await self._patient(self._box.seat)
        person = self._lookup(seat) if seat.phase != "free" else None
        if person is None or (seat.attempt and seat.attempt == self.told.attempt):
            await asyncio.sleep(self._pace.look)
            return
        attempt = await self._patient(partial(self._box.sign_in, person.last_four))
        self._hear(attempt.now)
        self.told = Told(
            seat=self.place.seat,
            state="signed_in",
            attempt=attempt.attempt,
            refusals=self.told.refusals,
            outages=self.told.outages,
        )
        if attempt.phase == "rules":
            attempt = await self._patient(partial(self._box.rules, attempt.attempt))
        await self._fetch()
        while attempt.phase in ("rules", "waiting"):
            self.told.state = "waiting"
            await asyncio.sleep(self._pace.look)
            attempt = await self._patient(self._box.attempt)
        if attempt.phase == "running":
            self.told.state = "running"
            await self._sit(person, attempt)
        if self.told.state == "broken":
            log.info("%s: broken down", self.place.seat)
            return
        await self._end(attempt)

    async def _fetch(self) -> None:
        """Fetch the sealed paper and its pictures, one after the other, as a page does while its candidate waits."""
        self.told.pictures, self._body = 0, b""
        with suppress(Refused, NotFound):  # handed in meanwhile, or no paper yet
            made_of = await self._patient(self._box.paper)
            self._body = await self._patient(partial(self._box.sealed, made_of.body))
            for name in made_of.pictures:
                content = await self._patient(partial(self._box.sealed, name))
                self.told.pictures += hashlib.sha256(content).hexdigest() == name

    async def _sit(self, person: Person, attempt: wire.Attempt) -> None:
        known = await self._patient(self._box.paper)
        body = self._body or await self._patient(partial(self._box.sealed, known.body))
        paper = msgspec.json.decode(unseal(attempt.key, body, wire.ABOUT_PAPER), type=wire.Paper)
        self.told.answers = dict(known.answers)
        open_ones = [q for q in paper.questions if q.position not in known.answers][: person.answers]
        unsent: list[wire.Answer] = []
        n, offline_until = attempt.saved_n, 0.0
        self._deadline = attempt.deadline
        for done, question in enumerate(open_ones):
            self._breaks(person, attempt.attempt, done)
            if self.told.state == "broken":
                return
            if datetime.now(UTC) + self._skew >= self._deadline:
                break
            if person.offline and done == person.offline.after:
                offline_until = monotonic() + person.offline.seconds
                self.told.state = "offline"
            n += 1
            self.told.made += 1
            value = self._choose(person, question)
            unsent.append(
                wire.Answer(n=n, position=question.position, value=value, at=datetime.now(UTC) + self._skew)
            )
            if monotonic() >= offline_until:
                self.told.state = "running"
                if not await self._send(attempt, unsent):
                    return
            await asyncio.sleep(self._random.expovariate(1 / self._pace.answer) if self._pace.answer else 0)
        await asyncio.sleep(max(0.0, offline_until - monotonic()))
        self.told.state = "running"
        if await self._send(attempt, unsent) and person.hand_in:
            done_with = wire.HandIn(attempt=attempt.attempt, lease=attempt.lease, n=n)
            with suppress(Refused):  # the box was quicker: time is up
                await self._patient(partial(self._box.hand_in, done_with))

    def _breaks(self, person: Person, attempt: str, done: int) -> None:
        if person.breaks_after is not None and done >= person.breaks_after and attempt not in self._broken:
            self._broken.add(attempt)
            self.told.state = "broken"

    async def _send(self, attempt: wire.Attempt, unsent: list[wire.Answer]) -> bool:
        """Deliver in order until nothing is unsent; False when the box takes no more of this attempt."""
        while unsent:
            batch = unsent[:BATCH]
            if len(batch) > 1:
                self.told.resent += len(batch) - 1
            sent = wire.Answers(attempt=attempt.attempt, lease=attempt.lease, answers=batch)
            try:
                saved = await self._patient(partial(self._box.answers, sent))
            except Stale as stale:
                if not unsent[0].n < stale.expected <= unsent[-1].n + 1:
                    raise
                upto = stale.expected - 1
            except (Refused, Corrupt) as refusal:
                self._note(refusal)
                return False
            else:
                self._hear(saved.now)
                self._deadline = saved.deadline
                upto = saved.n
            for answer in [a for a in unsent if a.n <= upto]:
                self.told.answers[answer.position] = answer.value
                self.told.acknowledged += 1
            unsent[:] = [a for a in unsent if a.n > upto]
        return True

    async def _end(self, attempt: wire.Attempt) -> None:
        while attempt.phase != "handed_in" and not attempt.moved:
            attempt = await self._patient(self._box.attempt)
            if attempt.phase != "handed_in" and not attempt.moved:
                await asyncio.sleep(self._pace.look)
        if attempt.handed_in == "time" and not attempt.moved:
            last = wire.HandIn(attempt=attempt.attempt, lease=attempt.lease, n=attempt.saved_n)
            attempt = await self._patient(partial(self._box.hand_in, last))
        self.told.state, self.told.handed_in = "handed_in", attempt.handed_in

    def _choose(self, person: Person, question: wire.Question) -> str:
        if question.kind == "multiple_choice":
            keys = [option.key for option in question.options]
            return "".join(sorted(self._random.sample(keys, self._random.randint(1, len(keys)))))
        wanted = self._right.get(question.stem) if isinstance(question.stem, str) else None
        right = next((option.key for option in question.options if option.text == wanted), "")
        if not right:
            return self._random.choice(question.options).key
        if self._random.random() < person.skill:
            return right
        return self._random.choice([o.key for o in question.options if o.key != right])

    async def _patient(self, question: Callable[[], Awaitable[Reply]]) -> Reply:
        """Ask until the box answers; silence is waited out, a refusal is raised."""
        silent = False
        while True:
            try:
                return await question()
            except Unavailable:
                if not silent:
                    self.told.outages += 1
                    log.info("%s: the box does not answer", self.place.seat)
                silent = True
                await asyncio.sleep(self._pace.retry * (0.5 + self._random.random()))

    def _hear(self, now: datetime) -> None:
        self._skew = now - datetime.now(UTC)

    def _note(self, error: ExamError) -> None:
        log.info("%s: %s", self.place.seat, error)
        self.told.refusals[error.code] = self.told.refusals.get(error.code, 0) + 1


def _inventory(hostname: str, address: str) -> wire.Inventory:
    return wire.Inventory(
        hostname=hostname,
        os="Debian GNU/Linux 12 (simulated)",
        cpu="simulated 3.0 GHz",
        cores=4,
        memory_mb=8192,
        disk_gb=256.0,
        addresses=[address],
        camera=True,
        browser="simulated",
        locked=False,
        detail={"simulated": True},
    )


class Stations:
    """Many simulated stations in one loop."""

    def __init__(
        self,
        places: Iterable[Place],
        url: str,
        context: ssl.SSLContext | bool,
        lookup: Lookup,
        *,
        pace: Pace | None = None,
        right: dict[str, str] | None = None,
        seed: int = 1,
    ) -> None:
        require_demo()
        broken: set[str] = set()
        self.stations = [
            SimulatedStation(
                place, url, context, lookup, pace=pace or Pace(), right=right or {}, broken=broken, seed=seed
            )
            for place in places
        ]

    async def run(self) -> None:
        """Until cancelled, or until every station has broken down."""
        async with asyncio.TaskGroup() as group:
            for station in self.stations:
                group.create_task(station.run())

    def report(self) -> list[Told]:
        """What became of every station so far."""
        return [station.told for station in self.stations]
