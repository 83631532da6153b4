"""Telling exam-archive of the sittings, and taking what it tells into the journal."""

from appliance.base.sockets import ask
from appliance.flow.box import Box
from appliance.flow.keep_recordings import events_noted, keep_orders, note_events
from appliance.wire.archive import Events, GetEvents, Taken

TIMEOUT = 10.0


class StorageWatch:
    """One round after the other; a silent exam-archive is asked again in the next one."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._archive = ""

    async def look(self) -> None:
        """Send the orders, whatever was sent before: exam-archive deletes only under orders of the last minutes. Then
        fetch events until there are no more.
        """
        box = self._box
        if not box.settings.cameras:
            return
        await tell_orders(box)
        while True:
            noted = await box.db.read(events_noted, self._archive)
            asked = GetEvents(after=noted, archive=self._archive)
            found = await ask(box.settings.socket("archive"), asked, Events, TIMEOUT)
            if found.archive != self._archive:
                self._archive = found.archive  # its list was made anew: its numbers count for themselves
            elif not found.events:
                return
            else:
                await box.db.write(note_events, box, found.archive, found.events)


async def tell_orders(box: Box) -> None:
    """Tell exam-archive of the sittings and the holds as they are now. Raises Unavailable."""
    orders = await box.db.read(keep_orders, box)
    await ask(box.settings.socket("archive"), orders, Taken, TIMEOUT)
