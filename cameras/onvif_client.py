"""onvif-zeep's camera without its PullPoint subscription and its trust in addresses."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from cameras.address import rewritten, shown_host
from cameras.onvif_faults import kind_of

MEDIA = "http://www.onvif.org/ver10/media/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"


def client(
    host: str,
    port: int,
    login: tuple[str, str],
    wsdl: str,
    sender: Any,
    offset: Callable[[], float],
    empty: Callable[[str], Exception],
) -> Any:
    """The library's camera; nothing is asked yet. `offset`: seconds the camera is ahead; `empty`: the error of an
    answer without content.
    """
    from onvif import ONVIFCamera

    class Client(ONVIFCamera):
        """`ask_addresses` asks; `xaddrs` then holds them by namespace."""

        def update_xaddrs(self) -> None:
            self.dt_diff = dt.timedelta(seconds=offset())
            self.xaddrs: dict[str, str] = {}
            self.devicemgmt = self.create_devicemgmt_service()

        def ask_addresses(self) -> None:
            """Which services lie where. GetServices and GetCapabilities can disagree: both are looked at."""
            try:
                for told in self.devicemgmt.GetServices({"IncludeCapability": False}) or []:
                    self.place(told.Namespace, told.XAddr)
            except Exception as error:
                if kind_of(error) not in ("unsupported", "refused", "unreadable"):
                    raise
            if MEDIA not in self.xaddrs:
                told = self._capabilities()
                if told is not None and told.Media is not None:
                    self.place(MEDIA, told.Media.XAddr)
                if told is not None and told.Events is not None and EVENTS not in self.xaddrs:
                    self.place(EVENTS, told.Events.XAddr)
            if not self.xaddrs:
                raise empty("GetServices")

        def _capabilities(self) -> Any:
            """None of a camera that knows its services and not this older question."""
            try:
                return self.devicemgmt.GetCapabilities({"Category": "All"})
            except Exception as error:
                if not self.xaddrs or kind_of(error) not in ("unsupported", "refused", "unreadable"):
                    raise
                return None

        def place(self, namespace: str, address: str) -> None:
            if namespace and address:
                self.xaddrs[namespace] = rewritten(address, host)

    return Client(shown_host(host), port, *login, wsdl, transport=sender)
