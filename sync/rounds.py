"""One round of exam-sync: seal what is due, deliver in order, fetch what waits."""

import asyncio
import logging
from datetime import datetime

from appliance.base.errors import Corrupt, ExamError, NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.records.sync import Parcel
from appliance.wire.sync import Trouble
from sync import inbox, outbox
from sync.carriers.https import Https, Turned
from sync.contact import note_lost, note_reached
from sync.outbox import Keys

LONGEST = 4
"""An outage stretches the pause between rounds up to this many intervals."""

log = logging.getLogger("examsite.sync")


class Rounds:
    """The state between rounds: how long the line has failed, and what needs a person."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.failures = 0
        self._troubles: dict[str, Trouble] = {}
        self._turn = asyncio.Lock()

    @property
    def troubles(self) -> list[Trouble]:
        """What needs a person, oldest first."""
        return sorted(self._troubles.values(), key=lambda one: one.since)

    @property
    def pause(self) -> float:
        """Seconds until the next round: the interval, doubled per failure in a row up to `LONGEST`
        intervals."""
        interval: float = self.box.settings.province.interval
        return interval * float(min(LONGEST, 2 ** min(self.failures, 8)))

    async def round(self) -> None:
        """Seal, deliver, fetch. Errors end up where a person sees them; only bugs are raised."""
        async with self._turn:
            try:
                held = await asyncio.to_thread(Keys.load, self.box)
            except ExamError as error:  # the box goes on without its line; the next round looks again
                self._trouble("keys", "", error)
                return
            self._clear("keys")
            await self._try("seal", outbox.seal(self.box, held))
            if not self.box.settings.province.url:
                return
            try:
                if not held.province:
                    self._trouble("province key", "", _no_key(self.box))
                    raise _no_key(self.box)
                self._clear("province key")
                async with Https(self.box.settings.province, self.box.site.code) as line:
                    await self._deliver(line, held)
                    await self._fetch(line, held)
                await note_reached(self.box)
                self.failures = 0
            except (Unavailable, NotFound) as error:
                self.failures += 1
                await note_lost(self.box, error.code, str(error))

    async def _deliver(self, line: Https, held: Keys) -> None:
        box = self.box
        while parcels := await box.db.read(outbox.pending):
            for parcel in parcels:
                if not await self._deliver_one(line, held, parcel):
                    return

    async def _deliver_one(self, line: Https, held: Keys, parcel: Parcel) -> bool:
        """True when the parcel is acknowledged."""
        box, about = self.box, f"parcel {parcel.number}"
        try:
            file = await asyncio.to_thread(box.files.get, parcel.body, True)
        except (Corrupt, NotFound) as error:
            self._trouble("parcel", about, error)
            return False
        try:
            signed = await line.deliver(parcel.epoch, parcel.number, file)
            receipt = outbox.check_receipt(parcel, box, signed, held.province)
        except Turned as turned:
            await box.db.write(outbox.refuse, box, parcel.id, turned.code, turned.detail)
            log.error("the province refused parcel %d: %s %s", parcel.number, turned.code, turned.detail)
            return False
        except (Unavailable, Corrupt) as error:
            await box.db.write(outbox.failed, parcel.id, str(error))
            if isinstance(error, Corrupt):
                raise Unavailable(error.code, error.message, error.next_step, **error.params) from error
            raise
        self._clear("parcel")
        if await box.db.write(outbox.acknowledge, box, parcel.id, signed, receipt):
            log.info("parcel %d acknowledged", parcel.number)
        return True

    async def _fetch(self, line: Https, held: Keys) -> None:
        waiting = await line.messages()
        seen = set()
        for signed in waiting:
            about = signed.signature[:16]
            seen.add(f"message {about}")
            try:
                taken = await inbox.take_in(self.box, signed, held.province, line.file)
            except Unavailable:
                raise
            except ExamError as error:
                self._trouble("message", about, error)
                continue
            if not taken.wanted:
                await line.taken(taken.id)
            self._clear("message", about)
            if taken.new:
                log.info("message %s (%s) taken in", taken.id, taken.kind)
        for key in [key for key in self._troubles if key.startswith("message ") and key not in seen]:
            del self._troubles[key]

    async def _try(self, what: str, work: object) -> None:
        try:
            await work  # type: ignore[misc]
        except ExamError as error:
            self._trouble(what, "", error)
        else:
            self._clear(what)

    def _trouble(self, what: str, about: str, error: ExamError) -> None:
        """Remember it, and log it once."""
        key = f"{what} {about}".strip()
        known = self._troubles.get(key)
        if known and known.code == error.code:
            return
        log.error("%s: %s", key, error)
        self._troubles[key] = Trouble(
            code=error.code,
            message=error.message,
            next_step=error.next_step,
            params={name: str(value) for name, value in error.params.items()},
            since=self._now(),
            about=about,
        )

    def _clear(self, what: str, about: str = "") -> None:
        for key in [key for key in self._troubles if key == what or key.startswith(f"{what} {about}")]:
            del self._troubles[key]

    def _now(self) -> datetime:
        return self.box.now()


def _no_key(box: Box) -> NotFound:
    return NotFound(
        "no_province_key",
        N_("The key of the province cannot be read: {path}"),
        N_("Put the file there that the province gave you."),
        path=box.settings.province.key,
    )
