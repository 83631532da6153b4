"""The practical exam: tasks drawn per subject K1..K4, sheets scored with deductions and vetoes.

Source: practical-exam standard, 安监总宣教〔2014〕139号; electricians 安监总人事〔2018〕18号.
One task is drawn from each of K1..K4; each sheet totals 100 and is scaled by the subject's weight; 80 of 100
pass; a veto has one of two effects: it zeroes and stops its task, or it fails the whole practical exam.
Points are decimals: half points and steps of 1.2 occur.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from appliance.rules.chance import Stream

VERSION = "practical-1"
"""Name of this scorer: kept with every mark."""

SUBJECTS = ("K1", "K2", "K3", "K4")
Per = Literal["once", "each"]
Effect = Literal["task_zero_stop", "practical_fail"]
Scale = Literal["raw100", "preweighted"]
MOST_TIMES = 99
"""So often one deduction may be marked on a sheet, where it may be marked more than once at all."""
DECIMALS = 2
"""Points have at most so many decimals."""


@dataclass(frozen=True, kw_only=True)
class Deduction:
    """Something that costs points: `points` each time, or from `points` to `most` as the examiner sees it."""

    id: str
    text: str
    points: Decimal
    most: Decimal | None = None
    per: Per = "once"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One row of a sheet: never loses more than `most`."""

    id: str
    text: str
    most: Decimal
    deductions: tuple[Deduction, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Veto:
    """A veto item (否决项)."""

    id: str
    text: str
    effect: Effect = "task_zero_stop"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A practical task (考题). `minutes` allowed; `mode`: how it is done (实际操作, 口述 ...)."""

    code: str
    subject: str
    name: str
    minutes: int
    mode: tuple[str, ...]
    items: tuple[Item, ...]
    vetoes: tuple[Veto, ...] = ()
    scale: Scale = "raw100"
    verified: bool = False
    """False: the figures still have to be checked against the printed standard."""

    @property
    def total(self) -> Decimal:
        """The most points of the sheet."""
        return sum((item.most for item in self.items), Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What the examiner marked: a deduction of an item, `points` each, `count` times.

    A deduction that costs different points each time stands in several losses.
    """

    item: str
    deduction: str
    points: Decimal
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A filled sheet."""

    subject: str
    losses: tuple[Loss, ...] = ()
    vetoes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetScore:
    """`raw` out of the sheet's total; `zeroed` by a veto; `fails` the whole practical exam."""

    raw: Decimal
    zeroed: bool
    fails: bool


@dataclass(frozen=True)
class Scored:
    """The practical exam: weighted points out of 100 by subject and in all."""

    raw: Mapping[str, Decimal]
    weighted: Mapping[str, Decimal]
    total: Decimal
    passed: bool
    vetoed: tuple[str, ...] = field(default=())


class BadSheet(ValueError):
    """The sheet names something its task does not have, or more than it allows; `code` says which."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code
        self.what = what


def draw(tasks: Iterable[Task], seed: bytes | str) -> dict[str, Task]:
    """One task per subject; ValueError when a subject has none."""
    everything = sorted(tasks, key=lambda task: task.code)
    drawn = {}
    for subject in SUBJECTS:
        here = [task for task in everything if task.subject == subject]
        drawn[subject] = Stream(seed, "task", subject).choose(here)
    return drawn


def score_sheet(task: Task, sheet: Sheet) -> SheetScore:
    """Score one sheet: losses are capped per item, the result never goes below 0. Raises BadSheet."""
    vetoes = {veto.id: veto for veto in task.vetoes}
    unknown = [one for one in sheet.vetoes if one not in vetoes]
    if unknown:
        raise BadSheet("unknown_veto", unknown[0])
    lost = {item.id: Decimal(0) for item in task.items}
    times: Counter[tuple[str, str]] = Counter()
    for loss in sheet.losses:
        deduction = _checked(task, loss)
        times[loss.item, loss.deduction] += loss.count
        if times[loss.item, loss.deduction] > (1 if deduction.per == "once" else MOST_TIMES):
            raise BadSheet("bad_count", loss.deduction)
        lost[loss.item] += loss.points * loss.count
    raw = sum((item.most - min(item.most, lost[item.id]) for item in task.items), Decimal(0))
    if sheet.vetoes:
        return SheetScore(
            Decimal(0), True, any(vetoes[one].effect == "practical_fail" for one in sheet.vetoes)
        )
    return SheetScore(max(raw, Decimal(0)), False, False)


def _checked(task: Task, loss: Loss) -> Deduction:
    item = next((one for one in task.items if one.id == loss.item), None)
    if item is None:
        raise BadSheet("unknown_item", loss.item)
    deduction = next((one for one in item.deductions if one.id == loss.deduction), None)
    if deduction is None:
        raise BadSheet("unknown_deduction", loss.deduction)
    if loss.count < 1:
        raise BadSheet("bad_count", loss.deduction)
    odd = not loss.points.is_finite() or loss.points != round(loss.points, DECIMALS)
    if odd or not deduction.points <= loss.points <= (deduction.most or deduction.points):
        raise BadSheet("bad_points", loss.deduction)
    return deduction


def marked_at(at: int, sent: int, drawn: datetime, signed: datetime) -> datetime | None:
    """When something was marked, by the box's clock: as long before the signature as the page's clock says, and not
    before its task was drawn. `at`, `sent` (the signature): milliseconds of the page's clock, whatever it shows.
    None where the page does not know.
    """
    if not 0 < at <= sent:
        return None
    whole = max(signed - drawn, timedelta(0)) // timedelta(milliseconds=1)
    return signed - timedelta(milliseconds=min(sent - at, whole))


def score(
    tasks: Mapping[str, Task], sheets: Sequence[Sheet], weights: Mapping[str, Decimal], pass_mark: Decimal
) -> Scored:
    """Combine one sheet per subject: sum of weight x raw / 100, or raw where the sheet is pre-weighted.

    A vetoed task that is not passed fails the whole exam; so does a missing sheet.
    """
    raw: dict[str, Decimal] = {}
    weighted: dict[str, Decimal] = {}
    vetoed: list[str] = []
    fails = False
    for sheet in sheets:
        task = tasks[sheet.subject]
        found = score_sheet(task, sheet)
        raw[sheet.subject] = found.raw
        share = found.raw if task.scale == "preweighted" else found.raw * weights[sheet.subject] / 100
        weighted[sheet.subject] = share
        fails = fails or found.fails
        if found.zeroed:
            vetoed.append(sheet.subject)
    total = sum(weighted.values(), Decimal(0))
    whole = set(raw) == set(weights)
    return Scored(raw, weighted, total, whole and total >= pass_mark and not fails, tuple(vetoed))
