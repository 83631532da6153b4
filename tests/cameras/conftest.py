"""A simulated camera and a recorder for it, on loopback and free ports."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.base.settings import CameraSettings, RecorderSettings, Settings, SiteSettings
from cameras.recorder import Recorder
from cameras.simulator.camera import SimulatedCamera, Traits
from tests.cameras.sealed_store import World

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def nobodys_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a configuration file a machine may simulate."""
    monkeypatch.setenv("EXAMSITE_CONFIG", str(tmp_path / "none.toml"))


@pytest.fixture
async def camera() -> AsyncIterator[SimulatedCamera]:
    """One camera, not found by discovery."""
    async with SimulatedCamera(Traits(code="C1", password=PASSWORD, discovery_port=0)) as made:
        yield made


def site(folder: Path, *cameras: SimulatedCamera, segment: float = 3.0, fragment: float = 1.0) -> Settings:
    """Settings of a site with these cameras and short segments."""
    (folder / "password").write_text(PASSWORD + "\n")
    return Settings(
        site=SiteSettings(
            code="999999-01", name="示范考点", state=str(folder / "state"), run=str(folder / "run")
        ),
        cameras=[
            CameraSettings(
                code=one.traits.code,
                name=one.traits.code,
                address=one.address,
                password_file=str(folder / "password"),
                room="T1",
            )
            for one in cameras
        ],
        recorder=RecorderSettings(media=str(folder / "media"), segment=segment, fragment=fragment),
    )


@contextlib.asynccontextmanager
async def recording(settings: Settings) -> AsyncIterator[Recorder]:
    """A recorder in this process, stopped at the end."""
    made = Recorder(settings)
    await asyncio.to_thread(made.start)
    try:
        yield made
    finally:
        await asyncio.to_thread(made.stop)


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for `condition`, not longer than `seconds`."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    while not condition():
        if datetime.now(UTC) > end:
            raise AssertionError("it did not come true in time")
        await asyncio.sleep(0.05)


async def recorded(recorder: Recorder, seconds: float) -> None:
    """Wait until the first camera has recorded so long."""
    await until(lambda: recorder.status().cameras[0].recorded_s >= seconds, seconds + 60)


@pytest.fixture(scope="module")
def object_storage() -> Iterator[str]:
    """An S3 server on loopback: HOST:PORT."""
    from moto.server import ThreadedMotoServer  # takes a second, and few ask for it

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    World(folder).index.close()
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> World:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return World(tmp_path)
