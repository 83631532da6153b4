"""Pictures as questions show them, drawn at run time: a circuit, warning signs, a large plan."""

import hashlib
import io

from PIL import Image, ImageDraw


def circuit(width: int = 900, height: int = 560) -> bytes:
    """A drawing of a mains circuit, PNG."""
    drawn = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((width * 0.1, height * 0.15, width * 0.9, height * 0.85), outline="black", width=6)
    pen.ellipse(
        (width * 0.42, height * 0.02, width * 0.58, height * 0.28), fill="white", outline="black", width=6
    )
    for place in range(3):
        left = width * (0.2 + 0.25 * place)
        pen.rectangle(
            (left, height * 0.78, left + width * 0.12, height * 0.92), fill="white", outline="black", width=6
        )
    pen.line((width * 0.1, height * 0.5, width * 0.9, height * 0.5), fill="black", width=6)
    return _png(drawn)


def warning(colour: str, corners: int, size: int = 260) -> bytes:
    """A safety sign: a filled shape with `corners`, PNG."""
    drawn = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(drawn)
    pen.regular_polygon((size / 2, size / 2, size / 2 - 8), corners, fill=colour, outline="black")
    return _png(drawn)


def name_of(picture: bytes) -> str:
    """SHA-256 (hex)."""
    return hashlib.sha256(picture).hexdigest()


def _png(drawn: Image.Image) -> bytes:
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
