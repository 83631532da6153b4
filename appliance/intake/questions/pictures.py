"""Pictures of questions: known by their bytes, whole, and of a size a page can show."""

import base64
import binascii
import hashlib
import io
import warnings

from PIL import Image

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.intake.questions.question import Found, Picture
from appliance.intake.questions.rich_text import Unusable

MAX_BYTES = 4 << 20
MAX_PIXELS = 16_000_000
MAX_PIXELS_OF_FILE = 600_000_000
"""Looking at pictures takes time: about ten seconds for so many."""
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
_STARTS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WEBP"}


def kept(found: Found, content: bytes, name: str) -> str:
    """Check a picture and keep it, once; returns its SHA-256. Raises Unusable, and Corrupt when there are too many."""
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 in found.pictures:
        return sha256
    checked, pixels = looked_at(content, name)
    found.pixels += pixels
    if found.pixels > MAX_PIXELS_OF_FILE:
        raise Corrupt("too_large", N_("The file is too large."), N_("Split it into several files."))
    found.pictures[sha256] = checked
    return sha256


def looked_at(content: bytes, name: str) -> tuple[Picture, int]:
    """Check the bytes of a picture called `name`. Raises Unusable. Anything but four kinds is refused, SVG too.

    The second value is its number of pixels.
    """
    shown = name[-60:]
    if len(content) > MAX_BYTES:
        raise Unusable("picture_too_large", shown)
    kind = next((kind for start, kind in _STARTS.items() if content.startswith(start)), "")
    if not kind:
        raise Unusable("picture_unsupported", shown)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=[kind]) as opened:
                width, height = opened.size
                if width * height > MAX_PIXELS:
                    raise Unusable("picture_too_large", shown)
                opened.load()
    except Unusable:
        raise
    except Image.DecompressionBombError as error:
        raise Unusable("picture_too_large", shown) from error
    except Exception as error:  # the decoders raise whatever they like on damaged bytes
        raise Unusable("picture_damaged", shown) from error
    return Picture(_FORMATS[kind], content), width * height


def kept_from_address(found: Found, reference: str) -> str:
    """Keep a picture written into the text itself (`data:image/png;base64,...`). Raises as `kept` does."""
    head, _, body = reference.partition(",")
    if not head.endswith(";base64"):
        raise Unusable("picture_unsupported", head)
    return kept(found, from_base64(body, head), head)


def from_base64(text: str, name: str) -> bytes:
    """Bytes written in base64. Raises Unusable."""
    if len(text) > MAX_BYTES * 3 // 2:
        raise Unusable("picture_too_large", name[-60:])
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unusable("picture_damaged", name[-60:]) from error
