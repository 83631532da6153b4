"""What the entry process knows of a ticket printer, whoever made it."""

from typing import Protocol

import msgspec
from PIL import Image

from appliance.base.i18n import N_

SENTENCES = {
    "ok": "",
    "missing": N_("It cannot be reached. Check its power and its cable, then press P."),
    "several": N_(
        "The box has several printers of this kind. Name the USB socket of this one in the settings."
    ),
    "silent": N_("It does not answer. Switch it off and on, then press P."),
    "unsure": N_("The ticket was sent, but nobody knows whether it came out. Look; if not, press P."),
    "paper_end": N_("It has no paper. Put in a new roll, then press P."),
    "cover_open": N_("Its cover is open. Close it, then press P."),
    "fault": N_(
        "It reports a fault (cutter or head). Look for jammed paper, switch it off and on, then press P."
    ),
    "stopped": N_("The entry process was stopped meanwhile. Press P again."),
    "no_font": N_(
        "The Chinese font is missing on the box. Install the package fonts-noto-cjk, then press P."
    ),
}
"""Code of what came of a slip -> what staff do next (message id); empty when all is well."""


class Printed(msgspec.Struct, frozen=True):
    """What came of one slip, or of one look at the printer."""

    code: str
    """ok, or another one of `SENTENCES`."""

    @property
    def ok(self) -> bool:
        """Did the slip come out, or is the printer ready?"""
        return self.code == "ok"

    @property
    def sentence(self) -> str:
        """Message id for staff: what to do; empty when all is well."""
        return SENTENCES[self.code]


class SlipPrinter(Protocol):
    """One ticket printer; one slip at a time comes out of it, whoever asks."""

    @property
    def dots(self) -> int:
        """Width of a line in dots."""
        ...

    async def print_slip(self, picture: Image.Image) -> Printed:
        """Print `picture` (1 bit, `dots` wide) once and cut. Never raises for the device, never repeats."""
        ...

    async def look(self) -> Printed:
        """Ask it how it is, and print nothing."""
        ...

    async def close(self) -> None:
        """Give up what is under way."""
        ...
