"""Item analysis (试题分析) of one sitting, or of a bank over a span of days: reads marked attempts, writes nothing.

Attempts are read a hundred at a time, so memory holds the counts of the items and one line per attempt.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

import msgspec
from sqlmodel import Session, col, select

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.flow.blueprints import blueprint_of
from appliance.flow.box import Box
from appliance.flow.freeze_bank import read_frozen
from appliance.flow.paper_needs import Layout, open_layout
from appliance.flow.voided import voided_attempts
from appliance.records.questions import FrozenBank
from appliance.records.sitting import Sitting
from appliance.records.theory import Answer, Attempt, Mark, Paper
from appliance.rules import item_analysis as rule
from appliance.rules.paper import EXAMS, KINDS, Blueprint, Kind
from appliance.rules.theory import Rule

HANDFUL = 100
"""Attempts read at a time."""

Key = tuple[str, int, str]
"""Item, version (0 = a bank that ships with the box), SHA-256 of the bank file where that alone tells the version."""


class Scope(msgspec.Struct, kw_only=True, frozen=True):
    """What is analysed: a sitting; or a bank (or the bank of `trade` that ships with the box) from day to day."""

    sitting: str = ""
    bank: str = ""
    trade: str = ""
    first: date | None = None
    last: date | None = None


class ItemLine(msgspec.Struct, kw_only=True, frozen=True):
    """An item and its figures. `version` is 0 for items of banks the site does not edit."""

    item: str
    version: int
    figures: rule.ItemFigures


class Analysis(msgspec.Struct, kw_only=True, frozen=True):
    """What came of it; items by urgency. Attempts voided for a violation tell nothing of an item and are not in it.

    `left_out`: papers of which nobody noted what stands where. `unequal`: papers whose answers no longer give the
    points of their mark. `sets`: how many different sets of items the papers had. Points out of 100.
    """

    attempts: int
    left_out: int
    unequal: int
    passed: int
    mean: float | None
    deviation: float | None
    sets: int
    reliability: tuple[rule.Reliability, ...]
    items: tuple[ItemLine, ...]


class _Marked(msgspec.Struct):
    """A marked attempt. `points` in hundredths; `items` = name of its set of items, empty when not known."""

    attempt: str
    sitting: str
    points: int
    passed: bool
    items: str = ""


def sittings_of(session: Session, box: Box, scope: Scope) -> list[Sitting]:
    """The theory sittings of a scope by their start. NotFound for an unknown sitting."""
    wanted = select(Sitting).where(Sitting.subject == "theory").order_by(col(Sitting.starts_at))
    if scope.sitting:
        wanted = wanted.where(Sitting.id == scope.sitting)
    elif scope.bank:
        wanted = wanted.where(Sitting.bank == scope.bank)
    else:
        wanted = wanted.where(col(Sitting.bank).is_(None), Sitting.trade == scope.trade)
    if scope.first:
        wanted = wanted.where(Sitting.starts_at >= _midnight(box, scope.first))
    if scope.last:
        wanted = wanted.where(Sitting.starts_at < _midnight(box, scope.last + timedelta(days=1)))
    found = list(session.exec(wanted).all())
    if scope.sitting and not found:
        raise NotFound("no_sitting", N_("There is no such sitting."), N_("Reload the page."))
    return found


def _midnight(box: Box, day: date) -> datetime:
    return datetime.combine(day, time(), box.zone)


def analyse(session: Session, box: Box, scope: Scope) -> Analysis:
    """Count every marked attempt of the scope and say what that tells of its items."""
    sittings = sittings_of(session, box, scope)
    terms: dict[tuple[str, str], _Terms] = {
        (one.id, exam): _Terms.of(blueprint_of(one, exam)) for one in sittings for exam in EXAMS
    }
    marked = _marked(session, box, [one.id for one in sittings])
    for handful in _handfuls(marked):
        for one, paper in _papers(session, handful):
            one.items = _set_name(open_layout(box, paper.layout), paper.bank, terms[one.sitting, paper.exam])
    known = [one for one in marked if one.items]
    sets = Counter(one.items for one in known)
    tally = rule.Tally(
        rule.bounds(one.points for one in known), {name for name, n in sets.items() if n >= rule.FEW}
    )
    counting = _Counting(session, box)
    unequal = 0
    for handful in _handfuls(known):
        answers = _answers(session, handful)
        for one, paper in _papers(session, handful):
            given = counting.read(paper, terms[one.sitting, paper.exam], answers[one.attempt])
            unequal += tally.add(given, one.items) != one.points
    n = tally.count
    spread = tally.squares - tally.total**2 / n if n else 0.0
    return Analysis(
        attempts=n,
        left_out=len(marked) - n,
        unequal=unequal,
        passed=sum(one.passed for one in known),
        mean=tally.total / n / 100 if n else None,
        deviation=(max(0.0, spread) / (n - 1)) ** 0.5 / 100 if n > 1 else None,
        sets=len(sets),
        reliability=rule.reliability(tally, len(sets)) if n else (),
        items=counting.lines(),
    )


class _Terms(msgspec.Struct, frozen=True):
    """How a sitting's papers are marked: kind, worth (hundredths) and rule of each position; `name` of all that."""

    name: str
    places: tuple[tuple[Kind, int, Rule], ...]

    @classmethod
    def of(cls, blueprint: Blueprint) -> "_Terms":
        """As the marker reads the blueprint (rules/paper.py `key_lines`)."""
        places: list[tuple[Kind, int, Rule]] = []
        for kind in KINDS:
            how = blueprint.multiple if kind == "multiple_choice" else "all_or_nothing"
            if count := blueprint.counts.get(kind, 0):
                places += [(kind, int(blueprint.points[kind] * 100), how)] * count
        return cls(repr(places), tuple(places))


class _Paper(msgspec.Struct, frozen=True):
    """What is read of a paper."""

    bank: str
    layout: bytes
    key_sealed: bytes
    exam: str


def _handfuls(marked: Sequence[_Marked]) -> Iterator[Sequence[_Marked]]:
    for start in range(0, len(marked), HANDFUL):
        yield marked[start : start + HANDFUL]


def _marked(session: Session, box: Box, sittings: Sequence[str]) -> list[_Marked]:
    """Marked attempts that count, with their newest mark, by id."""
    found: dict[str, _Marked] = {}
    for sitting in sittings:
        voided = voided_attempts(session, box, sitting)
        rows = session.exec(
            select(col(Attempt.id), col(Mark.points), col(Mark.passed))
            .join(Mark, col(Mark.attempt) == col(Attempt.id))
            .where(Attempt.sitting == sitting)
            .order_by(col(Mark.marked_at))
        )
        for attempt, points, passed in rows:
            if attempt in voided:
                continue
            found[attempt] = _Marked(attempt, sitting, int(points * 100), passed)
    return sorted(found.values(), key=lambda one: one.attempt)


def _papers(session: Session, handful: Sequence[_Marked]) -> Iterator[tuple[_Marked, _Paper]]:
    rows = session.exec(
        select(Attempt.id, Paper.bank, Paper.layout, Paper.key_sealed, Paper.exam)  # type: ignore[call-overload]
        .join(Paper, col(Paper.id) == col(Attempt.paper))
        .where(col(Attempt.id).in_([one.attempt for one in handful]))
    )
    papers = {attempt: _Paper(*fields) for attempt, *fields in rows}
    for one in handful:
        if one.attempt in papers:
            yield one, papers[one.attempt]


def _answers(session: Session, handful: Sequence[_Marked]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {one.attempt: {} for one in handful}
    rows = session.exec(
        select(Answer.attempt, Answer.position, Answer.value).where(col(Answer.attempt).in_(list(found)))
    )
    for attempt, position, value in rows:
        found[attempt][position] = value
    return found


def _set_name(layout: Layout, bank: str, terms: _Terms) -> str:
    """The same for papers with the same items, worth the same; empty when the layout is not this sitting's."""
    if not layout or len(layout) != len(terms.places):
        return ""
    words = [bank, terms.name, *sorted(item for item, _order in layout)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


class _Counting:
    """The tallies of items while papers are read."""

    def __init__(self, session: Session, box: Box) -> None:
        self._session, self._box = session, box
        self._known: dict[tuple[str, str], dict[str, rule.ItemTally]] = {}
        """Terms and bank file -> item -> its tally there."""
        self._tallies: dict[Key, list[rule.ItemTally]] = {}
        self._versions: dict[str, dict[str, int]] = {}
        self._numbers: dict[tuple[str, str], str] = {}

    def read(
        self, paper: _Paper, terms: _Terms, answers: Mapping[int, str]
    ) -> list[tuple[rule.ItemTally, str]]:
        """The items of a paper in order, each with the bank's options that were chosen."""
        found = []
        numbers, known = self._numbers, self._known.setdefault((terms.name, paper.bank), {})
        for position, (item, order) in enumerate(open_layout(self._box, paper.layout), 1):
            tally = known.get(item)
            if tally is None:
                tally = known[item] = self._first(paper, terms, position, item, order)
            value = answers.get(position, "")
            chosen = numbers.get((order, value))
            if chosen is None:
                chosen = numbers[order, value] = as_numbers(order, value)
            found.append((tally, chosen))
        return found

    def _first(self, paper: _Paper, terms: _Terms, position: int, item: str, order: str) -> rule.ItemTally:
        """The tally of an item that was not met before."""
        right: list[str] = msgspec.json.decode(self._box.key.decrypt(paper.key_sealed))
        kind, worth, how = terms.places[position - 1]
        tally = rule.ItemTally(
            kind=kind,
            options=len(order),
            right=as_numbers(order, right[position - 1]),
            worth=worth,
            rule=how,
        )
        versions = self._versions_of(paper.bank)
        key = (item, versions[item], "") if item in versions else (item, 0, paper.bank)
        self._tallies.setdefault(key, []).append(tally)
        return tally

    def _versions_of(self, bank: str) -> dict[str, int]:
        """Item -> version of a frozen own bank; nothing for banks that ship with the box."""
        if bank not in self._versions:
            own = self._session.get(FrozenBank, bank) is not None
            items = read_frozen(self._box, bank).items if own else ()
            self._versions[bank] = {one.item: one.version for one in items}
        return self._versions[bank]

    def lines(self) -> tuple[ItemLine, ...]:
        """Every item with its figures, by urgency."""
        found = [
            ItemLine(item=item, version=version, figures=rule.figures(tallies))
            for (item, version, _file), tallies in self._tallies.items()
        ]
        return tuple(sorted(found, key=lambda one: (*rule.urgency(one.figures), one.item, one.version)))


def as_numbers(order: str, letters: str) -> str:
    """Letters as shown -> numbers of the bank's options, ascending: order `2013`, `AB` -> `02`."""
    return "".join(sorted(order[ord(letter) - ord("A")] for letter in letters))
