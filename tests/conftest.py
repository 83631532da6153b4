"""Fixtures shared by all tests: both databases, and a box that was set up for real."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from appliance.base.clock import FakeClock
from appliance.base.i18n import set_language
from appliance.base.settings import (
    DatabaseSettings,
    GateSettings,
    LaneSettings,
    ReaderSettings,
    Settings,
    SiteSettings,
)
from appliance.flow.box import Box
from appliance.flow.set_up import set_up
from tests import postgres

START = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
"""08:00 in China."""


@pytest.fixture(autouse=True)
def chinese() -> None:
    """Every test begins in the default language, whatever the one before it chose."""
    set_language("zh_CN")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL with a `{database}` field."""
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'site.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"t{abs(hash(str(tmp_path))):x}"
    engine = create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.format(database=name)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def site_settings(folder: Path, url: str = "") -> Settings:
    """Settings of a small site with two lanes."""
    lanes = [
        LaneSettings(
            code=code,
            name=name,
            kind=kind,
            reader=ReaderSettings(port=str(folder / f"reader-{code}")),
            gate=GateSettings(port=str(folder / f"gate-{code}"), coil=coil),
            camera=f"sim:{folder / f'face-{code}.jpg'}",
        )
        for code, name, kind, coil in (("L1", "理论通道", "theory", 0), ("P1", "实操通道", "practical", 1))
    ]
    return Settings(
        site=SiteSettings(
            code="999999-01", name="示范考点", state=str(folder / "state"), run=str(folder / "run")
        ),
        database=DatabaseSettings(url=url),
        lanes=lanes,
    )


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 08:00 of the exam day."""
    return FakeClock(START)


@pytest.fixture
def box(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Box]:
    """A demo site on each kind of database, its writer running."""
    settings = site_settings(tmp_path, database_url)
    set_up(settings, demo=True, now=START)
    box = Box.open(settings, clock)
    box.db.start()
    yield box
    box.db.stop()
