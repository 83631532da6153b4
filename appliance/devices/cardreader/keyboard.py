"""The last resort: a document read by a person and typed at the desk, behind the same port as a reader.

The desk's page sends what was typed to the entry process (`wire.gate.TypeCard`); here it becomes a tap like any
other, with its own id, and goes the same way: rule, face, decision, record. It carries no chip photograph, so
the decision is never an admission by the machine alone.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Self

from appliance.base.clock import Clock, SystemClock
from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.devices.cardreader.layouts import FINDINGS
from appliance.devices.cardreader.port import ReaderEvent, Tap, TypedCard
from appliance.rules import idnumber

CHECK = N_("Compare what you typed with the document and type it again.")


class KeyboardCardReader:
    """The keyboard implementation of `CardReader`: always there, silent until somebody types."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._queue: asyncio.Queue[ReaderEvent] = asyncio.Queue()
        self._typed: dict[str, str] = {}

    def events(self) -> AsyncIterator[ReaderEvent]:
        """See `CardReader`."""
        return _Events(self._queue)

    def close(self) -> None:
        """See `CardReader`: nothing to free."""

    def type_in(self, name: str, number: str, by: str, tap_id: str = "", valid_to: date | None = None) -> str:
        """One document as `by` typed it. Returns the tap's id: `tap_id` of whoever may ask twice, else a new one.

        Raises Refused when the number cannot be one (its check character tells a slip of the finger) or the name is
        missing. The same `tap_id` again is no second tap.
        """
        number, name = idnumber.normalise(number), name.strip()
        code = (
            idnumber.fault(number, self._clock.now().date()) if _resident(number) else _foreign_fault(number)
        )
        if code:
            raise Refused(code, FINDINGS[code], CHECK)
        if not name:
            raise Refused("empty_field", N_("The name is missing."), CHECK)
        tap_id = tap_id or new_id()
        if tap_id not in self._typed:
            self._typed = {**dict(list(self._typed.items())[-99:]), tap_id: number}
            card = TypedCard(name=name, number=number, typed_by=by, valid_to=valid_to)
            self._queue.put_nowait(Tap(tap_id=tap_id, at=self._clock.now(), card=card, sam_id=""))
        return tap_id


def _resident(number: str) -> bool:
    """Whether the number is one of GB 11643: foreigners' cards begin with letters (2017) or a 9 (2023)."""
    return (not number[:3].isalpha() and not number.startswith("9")) or number.startswith("999999")


def _foreign_fault(number: str) -> str:
    """Why a foreigner's number cannot be one; empty when it can."""
    if not number.isascii():
        return "bad_shape"
    if number[:3].isalpha():
        return "" if len(number) == 15 and number[3:].isdigit() else "bad_shape"
    if len(number) != 18 or not number[:17].isdigit():
        return "bad_shape"
    return "" if idnumber.check_character(number[:17]) == number[17] else "bad_check_digit"


class _Events:
    """What was typed, in order."""

    def __init__(self, queue: asyncio.Queue[ReaderEvent]) -> None:
        self._queue = queue

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReaderEvent:
        return await self._queue.get()
