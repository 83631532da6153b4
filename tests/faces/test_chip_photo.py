"""The site's photo decoder: whatever it does, an answer comes."""

import sys
import time

import pytest

from appliance.faces import chip_photo, demo_people, demo_photo

BLOCK = demo_photo.pack(demo_people.portrait("hopper"))


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_the_demo_decoder() -> None:
    photo = await chip_photo.decode(BLOCK, [sys.executable, "-m", "appliance.faces.demo_photo"])
    assert photo.cause == "" and photo.picture == demo_photo.unpack(BLOCK)
    other = await chip_photo.decode(
        b"WLf\0" + bytes(1020), [sys.executable, "-m", "appliance.faces.demo_photo"]
    )
    assert other.cause == "decoder_failed"


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ([], "no_decoder"),
        (["/nowhere/decoder"], "decoder_missing"),
        (python("import os; os.abort()"), "decoder_failed"),
        (python("raise SystemExit(3)"), "decoder_failed"),
        (python("x = bytearray(3 << 30)"), "decoder_failed"),
        (python("print('hello')"), "bad_output"),
        (python("import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 20))"), "decoder_failed"),
        (python("import sys; sys.stdin.close()"), "bad_output"),
    ],
)
async def test_a_decoder_that_fails_is_named_and_stops_nothing(command: list[str], cause: str) -> None:
    assert (await chip_photo.decode(BLOCK, command, memory_kb=512 * 1024)).cause == cause


async def test_a_decoder_that_hangs_is_ended_with_its_children() -> None:
    started = time.monotonic()
    photo = await chip_photo.decode(BLOCK, ["/bin/sh", "-c", "sleep 60 & sleep 60"], seconds=0.3)
    assert photo.cause == "decoder_slow" and time.monotonic() - started < 2


async def test_a_card_without_a_photograph() -> None:
    assert (await chip_photo.decode(bytes(1024), ["/bin/cat"])).cause == "no_photo"
