"""Photographs for demo candidates.

Two real faces that come inside Python packages, and live pictures made of them.

scikit-image ships an astronaut's portrait, matplotlib one of Grace Hopper, both in the public domain.
Nothing is copied into the project.
"""

import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageEnhance

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_

PLACES = {
    "astronaut": ("skimage", "data/astronaut.png", (152, 34, 287, 201)),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (133, 52, 412, 397)),
}
"""Name -> package, file in it, and the part of the picture that makes an identity photograph."""
PEOPLE = tuple(PLACES)
SIZE = (358, 441)
"""Pixels of a roster photograph."""


def _open(person: str) -> Image.Image:
    package, place, _ = PLACES[person]
    spec = find_spec(package)
    path = Path(spec.origin).parent / place if spec and spec.origin else None
    if path is None or not path.exists():
        raise Unavailable(
            "no_demo_pictures",
            N_("The package {package} with the demo photograph is not installed."),
            N_("Install the demo extra: pip install exam-site-appliance[demo]."),
            package=package,
        )
    with Image.open(path) as image:
        return image.convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=92)
    return target.getvalue()


def portrait(person: str) -> bytes:
    """The identity photograph of `person` (JPEG), as on a roster or a card."""
    return _jpeg(_open(person).crop(PLACES[person][2]).resize(SIZE, Image.Resampling.LANCZOS))


def _frame(image: Image.Image, height: int, light: float) -> Image.Image:
    """The person before a plain wall in a camera's 1280 x 720 picture."""
    width = image.width * height // image.height
    frame = Image.new("RGB", (1280, 720), (168, 172, 176))
    frame.paste(image.resize((width, height), Image.Resampling.LANCZOS), ((1280 - width) // 2, 720 - height))
    return ImageEnhance.Brightness(frame).enhance(light)


LIVE: tuple[Callable[[Image.Image], Image.Image], ...] = (
    lambda image: _frame(image, 720, 1.0),
    lambda image: _frame(image, 720, 0.75),
    lambda image: _frame(image, 600, 1.15),
    lambda image: _frame(image.crop((10, 0, image.width, image.height - 20)), 680, 0.9),
    lambda image: _frame(image.rotate(3, Image.Resampling.BICUBIC, fillcolor=(168, 172, 176)), 720, 1.05),
)


def live(person: str, variant: int = 0) -> bytes:
    """A camera's picture of `person` (JPEG, 1280 x 720); `variant` 0..4 differs in light, size and cut."""
    return _jpeg(LIVE[variant % len(LIVE)](_open(person)))


def nobody() -> bytes:
    """A camera's picture of the empty lane."""
    return _jpeg(Image.new("RGB", (1280, 720), (168, 172, 176)))


def two_people() -> bytes:
    """A camera's picture of two people side by side."""
    frame = Image.new("RGB", (1280, 720), (168, 172, 176))
    for index, person in enumerate(PEOPLE):
        image = Image.open(io.BytesIO(portrait(person))).resize((560, 690), Image.Resampling.LANCZOS)
        frame.paste(image, (40 + index * 640, 30))
    return _jpeg(frame)
