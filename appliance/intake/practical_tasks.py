"""The practical tasks that ship with the box: one data file per trade."""

from decimal import Decimal
from functools import cache

import msgspec

from appliance.base.errors import NotFound
from appliance.base.i18n import N_
from appliance.intake.catalogue import data
from appliance.rules.practical import Task


class TaskFile(msgspec.Struct, kw_only=True, frozen=True):
    """`practical_<trade>.json`. `weights` add up to 100; `minutes` for the whole practical exam."""

    trade: str
    source: str
    note: str
    minutes: int
    pass_mark: Decimal
    weights: dict[str, Decimal]
    tasks: tuple[Task, ...]

    def task(self, code: str) -> Task:
        """One task by its code."""
        return next(task for task in self.tasks if task.code == code)


@cache
def practical_tasks(trade: str) -> TaskFile:
    """The tasks of a trade. Raises NotFound for trades whose practical exam is not described yet."""
    try:
        return msgspec.json.decode(data(f"practical_{trade}.json"), type=TaskFile)
    except FileNotFoundError:
        raise NotFound(
            "no_tasks",
            N_("There are no practical tasks for {trade}."),
            N_("The office adds the trade's task file first."),
            trade=trade,
        ) from None
