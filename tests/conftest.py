"""Fixtures shared by all tests: both databases, and a box that was set up for real."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from appliance.base.clock import FakeClock
from appliance.base.i18n import set_language
from appliance.base.settings import (
    CaptureSettings,
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


def run_sql(server: str, *statements: str) -> None:
    """Statements about whole databases, outside any transaction."""
    engine = create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for one in statements:
            connection.execute(text(one))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'site.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"t{abs(hash(str(tmp_path))):x}"
    if "box" not in request.fixturenames:  # a box brings its own
        run_sql(server, f"CREATE DATABASE {name}")
    yield server.format(database=name)
    run_sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


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
        captures=CaptureSettings(every=0),  # a test whose seats have cameras turns them on
    )


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 08:00 of the exam day."""
    return FakeClock(START)


class SetUpSites:
    """A site of each kind of database is set up once and copied for every test: keys and schema take their time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    def copy(self, settings: Settings, server: str) -> None:
        """Make `settings` a site that was just set up. `server`: PostgreSQL's URL with `{database}`; empty = SQLite."""
        kind = "postgres" if server else "sqlite"
        if kind not in self._made:
            folder = self._folder / kind
            folder.mkdir()
            url = server.format(database="set_up") if server else f"sqlite:///{folder / 'site.db'}"
            if server:
                run_sql(server, "CREATE DATABASE set_up")
            set_up(site_settings(folder, url), demo=True, now=START)
            self._made[kind] = folder
        made = self._made[kind]
        shutil.copytree(made / "state", settings.state, dirs_exist_ok=True)
        if server:
            name = make_url(settings.database_url).database
            run_sql(server, f"CREATE DATABASE {name} TEMPLATE set_up")
        else:
            for file in made.glob("site.db*"):
                shutil.copy(file, settings.state.parent)


@pytest.fixture(scope="session")
def set_up_sites(tmp_path_factory: pytest.TempPathFactory) -> SetUpSites:
    """Sites that were set up once."""
    return SetUpSites(tmp_path_factory.mktemp("set-up"))


@pytest.fixture
def box(
    request: pytest.FixtureRequest,
    database_url: str,
    tmp_path: Path,
    clock: FakeClock,
    set_up_sites: SetUpSites,
) -> Iterator[Box]:
    """A demo site on each kind of database, its writer running."""
    settings = site_settings(tmp_path, database_url)
    sqlite = database_url.startswith("sqlite")
    set_up_sites.copy(settings, "" if sqlite else request.getfixturevalue("postgres_server"))
    box = Box.open(settings, clock)
    box.db.start()
    yield box
    box.db.stop()
