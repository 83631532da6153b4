"""The queue ticket's slip as a picture of dots, drawn with the Chinese font the sheets are printed with."""

from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageFont

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_, _
from appliance.wire.sheets import TicketSlip

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
FAMILY = "Noto Sans CJK SC"
FACES = 10
"""Most faces in one collection file."""
FULL = 576
"""Dots for which the sizes below are meant."""
MARGIN = 8
BLACK = 128
"""Grey from which a dot is black."""


@cache
def font_file(bold: bool) -> tuple[Path, int]:
    """File of the font and the number of its face there. Raises Unavailable when the box has none."""
    names = ("NotoSansCJK-Bold.*", "NotoSansCJKsc-Bold.*") if bold else ("NotoSansCJK-Regular.*",)
    names = (*names, "NotoSansCJKsc-Regular.*")
    for path in (path for name in names for folder in FOLDERS for path in sorted(folder.rglob(name))):
        for face in range(FACES):
            try:
                found = ImageFont.truetype(path, 10, index=face)
            except OSError:
                break
            if found.getname()[0] == FAMILY:
                return path, face
    raise Unavailable(
        "no_font",
        N_("The Chinese font {family} is missing on the box."),
        N_("Install the package fonts-noto-cjk, or print the ticket as PDF."),
        family=FAMILY,
    )


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    path, face = font_file(bold)
    return ImageFont.truetype(path, size, index=face)


def slip(facts: TicketSlip, dots: int) -> Image.Image:
    """The slip, one bit a dot, `dots` wide, in the current language. Raises Unavailable without the font."""
    sitting = facts.heading
    starts = sitting.starts_at.astimezone(ZoneInfo(sitting.timezone))
    subject = _("Theory") if sitting.subject == "theory" else _("Practical")
    lines = [
        (sitting.site_name, 30, False, 4),
        (_("Queue ticket, printed again") if facts.again else _("Queue ticket"), 28, False, 0),
        (facts.ticket, 150, True, 0),
        (facts.name, 52, True, 10),
        (starts.strftime("%Y-%m-%d %H:%M"), 34, False, 0),
        (f"{sitting.trade} {subject}", 30, False, 0),
        (sitting.room, 40, True, 0),
        (_("Locker {locker}").format(locker=facts.locker) if facts.locker else "", 40, True, 6),
        (_("Please wait in the waiting room until this number is called."), 26, False, 14),
        (_("Demonstration: nothing here counts as an exam.") if sitting.demo else "", 26, True, 8),
    ]
    page = Image.new("L", (dots, 1600), 255)
    draw = ImageDraw.Draw(page)
    top = MARGIN
    for text, size, bold, above in lines:
        font = _font(max(20, size * dots // FULL), bold)
        top += above * dots // FULL
        for part in _broken(text, font, dots - 2 * MARGIN):
            draw.text((dots / 2, top), part, font=font, fill=0, anchor="ma")
            top += sum(font.getmetrics()) - size // 8
    page = page.crop((0, 0, dots, min(top + 2 * MARGIN, page.height)))
    return page.point(lambda grey: 255 if grey >= BLACK else 0).convert("1", dither=Image.Dither.NONE)


def _broken(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """`text` in lines of at most `width` dots: between words where there are any, else between characters."""
    lines, rest = [], text
    while rest:
        end = len(rest)
        while end > 1 and font.getlength(rest[:end]) > width:
            end -= 1
        if end < len(rest) and (space := rest.rfind(" ", 1, end + 1)) > 0:
            end = space
        lines.append(rest[:end].strip())
        rest = rest[end:].strip()
    return lines
