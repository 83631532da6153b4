"""A photo block of our own for simulated cards, and its decoder: `python -m appliance.faces.demo_photo`.

The makers' coding is secret. A simulated card carries instead the mark `DEMO`, a two-byte length and a WebP
picture of 102 x 126 pixels, so that in the demo the photograph from the chip is what is compared. Real
cards never look like this.
"""

import io
import sys

MARK = b"DEMO"
SIZE = 1024
WIDTH, HEIGHT = 102, 126
LIMIT = 1000


def pack(picture: bytes) -> bytes:
    """The 1024-byte block holding `picture` (any format Pillow reads), at the best quality that fits."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(picture)) as image:
        small = ImageOps.fit(image.convert("RGB"), (WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    for quality in range(90, 0, -2):
        target = io.BytesIO()
        small.save(target, "WEBP", quality=quality, method=6)
        if target.tell() <= LIMIT:
            body = target.getvalue()
            return (MARK + len(body).to_bytes(2) + body).ljust(SIZE, b"\0")
    raise ValueError("the picture does not fit into a photo block")


def unpack(block: bytes) -> bytes:
    """The WebP picture in a block. Raises ValueError when it is not one of ours."""
    length = int.from_bytes(block[4:6])
    if len(block) != SIZE or not block.startswith(MARK) or not 0 < length <= LIMIT:
        raise ValueError("not a photo block of a simulated card")
    return block[6 : 6 + length]


def main() -> int:
    """Block on standard input, picture on standard output."""
    try:
        picture = unpack(sys.stdin.buffer.read(SIZE + 1))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
