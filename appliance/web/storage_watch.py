"""Telling exam-archive of the sittings, and taking what it tells into the journal."""

import msgspec

from appliance.base.sockets import ask
from appliance.flow.box import Box
from appliance.flow.keep_recordings import events_noted, keep_orders, note_events
from appliance.wire.archive import Events, GetEvents, Taken

TIMEOUT = 10.0


class StorageWatch:
    """One round after the other; a silent exam-archive is asked again in the next one."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._told = b""

    async def look(self) -> None:
        """Send the orders when they are others than last time, fetch events until there are no more."""
        box = self._box
        if not box.settings.cameras:
            return
        socket = box.settings.socket("archive")
        orders = await box.db.read(keep_orders, box)
        told = msgspec.json.encode(orders)
        if told != self._told:
            await ask(socket, orders, Taken, TIMEOUT)
            self._told = told
        noted = await box.db.read(events_noted)
        while found := (await ask(socket, GetEvents(after=noted), Events, TIMEOUT)).events:
            noted = await box.db.write(note_events, box, found)
