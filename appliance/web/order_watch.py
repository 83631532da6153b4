"""Tells exam-recorder of the sittings whenever something changed, and once an hour that nothing did."""

from datetime import timedelta

from msgspec.structs import replace

from appliance.base.sockets import ask
from appliance.flow.box import Box
from appliance.flow.recording_orders import recording_orders
from appliance.wire.orders import Orders, OrdersKept

RENEW = timedelta(hours=1)
TIMEOUT = 5.0


class OrderWatch:
    """`told`: what the recorder has."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.told: Orders | None = None

    async def look(self) -> None:
        """Send the orders when they are other ones, or old. Raises Unavailable while exam-recorder is silent."""
        box = self._box
        if not box.settings.cameras:
            return
        orders = await box.db.read(recording_orders, box)
        told = self.told
        if (
            told
            and abs(orders.made_at - told.made_at) < RENEW
            and replace(orders, made_at=told.made_at) == told
        ):
            return
        self.told = None  # until it has said that it keeps them
        await ask(box.settings.socket("recorder"), orders, OrdersKept, TIMEOUT)
        self.told = orders
