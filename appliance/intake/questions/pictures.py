"""Pictures of questions: known by their bytes, whole, and of a size a page can show."""

import base64
import binascii
import io
import warnings

from PIL import Image

from appliance.intake.questions.question import Picture
from appliance.intake.questions.rich_text import Unusable

MAX_BYTES = 4 << 20
MAX_PIXELS = 40_000_000
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
_STARTS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WEBP"}


def picture(content: bytes, name: str) -> Picture:
    """Check the bytes of a picture called `name`. Raises Unusable. Anything but four kinds is refused, SVG too."""
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
    return Picture(_FORMATS[kind], content)


def from_data_address(reference: str) -> Picture:
    """A picture written into the text itself (`data:image/png;base64,...`). Raises Unusable."""
    head, _, body = reference.partition(",")
    if not head.endswith(";base64"):
        raise Unusable("picture_unsupported", head)
    return picture(from_base64(body, head), head)


def from_base64(text: str, name: str) -> bytes:
    """Bytes written in base64. Raises Unusable."""
    if len(text) > MAX_BYTES * 3 // 2:
        raise Unusable("picture_too_large", name[-60:])
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unusable("picture_damaged", name[-60:]) from error
