"""G.711 (ITU-T, 1988), what most cameras send as sound: eight bits a sample, A-law or µ-law. Pure.

Decoding loses nothing: each of the 256 codes is a level of its own (but for the two zeros of µ-law, which sound alike).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
"""Signed 16 bits a sample."""


def _a_law() -> Samples:
    code = np.arange(256) ^ 0x55
    low, segment = (code & 0x0F) << 4, (code & 0x70) >> 4
    level = np.where(segment == 0, low + 8, (low + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, level, -level).astype(np.int16)


def _mu_law() -> Samples:
    code = ~np.arange(256) & 0xFF
    level = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -level, level).astype(np.int16)


LEVELS: dict[str, Samples] = {"pcm_alaw": _a_law(), "pcm_mulaw": _mu_law()}
"""The level of each code, by FFmpeg's name of the law."""


def decode(body: Any, law: str) -> Samples:
    """Levels of coded bytes (anything with a buffer)."""
    return LEVELS[law][np.frombuffer(body, np.uint8)]


def encode(samples: Samples, law: str) -> bytes:
    """The nearest codes."""
    order = np.argsort(LEVELS[law], kind="stable")
    levels = LEVELS[law][order].astype(np.int32)
    borders = (levels[1:] + levels[:-1]) / 2
    return bytes(order[np.searchsorted(borders, samples)].astype(np.uint8).tobytes())
