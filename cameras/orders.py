"""The orders of exam-web as exam-recorder keeps them: one file, replaced whole, obeyed after a restart."""

import logging
import os

import msgspec

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.base.settings import Settings
from appliance.wire.orders import Orders
from cameras.chain.files import sync_folder

log = logging.getLogger("examsite.recorder")


class OrderBook:
    """`current`: what was last told; None when nothing ever was, or the file cannot be read (all cameras record)."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.cameras_file.with_name("orders.json")
        self.current: Orders | None = None
        try:
            self.current = msgspec.json.decode(self.path.read_bytes(), type=Orders)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            log.error("the orders in %s cannot be read, every camera records: %s", self.path, error)

    def keep(self, orders: Orders) -> None:
        """Obey them from now on. Raises Unavailable, and obeys them all the same, when the disk does not take them."""
        self.current = orders
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(fresh, "wb") as target:
                target.write(msgspec.json.encode(orders))
                target.flush()
                os.fsync(target.fileno())
            os.replace(fresh, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise Unavailable(
                "orders_not_kept",
                N_("The recorder's orders cannot be kept in {path}: {detail}"),
                N_(
                    "They are obeyed until it is restarted. The system administrator looks at the disk of the box."
                ),
                path=str(self.path),
                detail=error.strerror or str(error),
            ) from error
