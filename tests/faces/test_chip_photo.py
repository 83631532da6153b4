"""The site's photo decoder: whatever it does, an answer comes."""

import json
import os
import sys
import time
from pathlib import Path

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


async def test_a_decoder_that_hangs_is_ended() -> None:
    started = time.monotonic()
    photo = await chip_photo.decode(BLOCK, ["/bin/sleep", "60"], seconds=0.3)
    assert photo.cause == "decoder_slow" and time.monotonic() - started < 10


async def test_a_decoder_is_told_nothing_and_may_do_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMSITE_CONFIG", "/etc/examsite/examsite.toml")
    tell = """if True:
        import json, os, resource, sys
        limits = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))
                  for name in ("FSIZE", "NPROC", "NOFILE", "CORE", "AS")}
        try:
            with open(sys.argv[1], "wb") as file:
                file.write(b"stolen")
        except OSError as error:
            limits["written"] = error.strerror
        sys.stdout.write("BM" + json.dumps([limits, sorted(os.environ)]))
    """
    target = tmp_path / "target"
    photo = await chip_photo.decode(BLOCK, [*python(tell), str(target)])
    limits, names = json.loads(photo.picture.removeprefix(b"BM"))
    written = limits.pop("written")
    assert limits == {
        "FSIZE": [0, 0],
        "NPROC": [0, 0],
        "NOFILE": [chip_photo.OPEN_FILES] * 2,
        "CORE": [0, 0],
        "AS": [chip_photo.MEMORY_KB * 1024] * 2,
    }
    assert written and target.read_bytes() == b"" and not any("EXAMSITE" in name for name in names)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="drops from root to somebody: the kernel lets root fork whatever"
)
async def test_a_decoder_starts_no_process() -> None:
    nobody = "import os; os.setgid(65534); os.setuid(65534); {}; print('BM', flush=True)"
    for does, cause in (("pass", ""), ("os.fork()", "decoder_failed")):
        assert (
            await chip_photo.decode(BLOCK, ["/usr/bin/python3", "-c", nobody.format(does)])
        ).cause == cause


async def test_a_card_without_a_photograph() -> None:
    assert (await chip_photo.decode(bytes(1024), ["/bin/cat"])).cause == "no_photo"
