"""A terminal screen as a PNG, every character in its own cell as a terminal draws it."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len
from rich.color import Color
from textual.app import App

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-{weight}.ttc"
MONO_SC = 7
"""Index of Noto Sans Mono CJK SC in Debian's collection."""
WIDTH, HEIGHT, SIZE = 9, 20, 16


def rgb(color: Color | None, default: tuple[int, int, int]) -> tuple[int, int, int]:
    return tuple(color.get_truecolor()) if color and not color.is_default else default  # type: ignore[return-value]


def draw(app: App[object], path: Path) -> None:
    """Save the screen as it stands."""
    fonts = {
        bold: ImageFont.truetype(FONT.format(weight="Bold" if bold else "Regular"), SIZE, index=MONO_SC)
        for bold in (False, True)
    }
    columns, rows = app.size
    picture = Image.new("RGB", (columns * WIDTH, rows * HEIGHT), "white")
    pen = ImageDraw.Draw(picture)
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            style = segment.style
            front = rgb(style.color if style else None, (17, 20, 24))
            back = rgb(style.bgcolor if style else None, (255, 255, 255))
            if style and style.reverse:
                front, back = back, front
            for char in segment.text:
                wide = cell_len(char)
                place = (x * WIDTH, y * HEIGHT, (x + wide) * WIDTH, (y + 1) * HEIGHT)
                pen.rectangle(place, fill=back)
                if not char.isspace():
                    pen.text(
                        (x * WIDTH, y * HEIGHT - 2), char, font=fonts[bool(style and style.bold)], fill=front
                    )
                x += wide
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
