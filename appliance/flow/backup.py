"""Backing a box up into a folder, and setting a new box up from it.

A backup holds the database (SQLite's own online copy, consistent while the box works), the kept files, the keys
and the identity. It holds the data key as well: it is worth as much as the box and belongs in a safe. Kept
files are named by their hash, so a backup that is refreshed adds only what is new. On PostgreSQL the database is
backed up with its own tools; this command says so instead of leaving it out.

A restored box gets a new epoch, so that numbers of parcels never repeat.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import create_engine
from sqlmodel import Session

from appliance.base.errors import Conflict, Corrupt, NotFound, Refused
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.settings import Settings
from appliance.base.site import FILE, read_site
from appliance.flow.box import Box
from appliance.flow.forget_faces import named_files
from appliance.flow.set_up import BEGUN, clear_begun, write_whole
from appliance.records.journal import append

DATABASE = "site.db"
FOLDERS = ("files", "keys")
CAMERAS = "cameras.toml"
"""What exam-recorder was told of the cameras; their passwords are sealed in it."""


class BackedUp(msgspec.Struct):
    """What a backup holds now: entries of the journal, files, bytes."""

    entries: int
    files: int
    bytes: int


def back_up(settings: Settings, target: Path, refresh: bool = True) -> BackedUp:
    """Write the backup in `target` (mode 0700), or bring one of this box up to date there when `refresh`.

    Raises Conflict when another backup lies there, or anything at all without `refresh`; Corrupt when the place
    cannot be written.
    """
    with _place(target):
        if not refresh and target.is_dir() and any(target.iterdir()):
            raise Conflict(
                "folder_in_use",
                N_("The folder {folder} is not empty."),
                N_("Name a new folder; --refresh brings a backup of this box up to date."),
                folder=str(target),
            )
        return _written(settings, target)


def _written(settings: Settings, target: Path) -> BackedUp:
    site = read_site(settings.state)
    source = Path(_sqlite(settings))
    source.open("rb").close()
    known = target / FILE
    if known.exists() and msgspec.json.decode(known.read_bytes())["epoch"] != site.epoch:
        raise Conflict(
            "other_backup",
            N_("The folder {folder} holds another box's backup."),
            N_("Name another folder."),
            folder=str(target),
        )
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o700)
    scratch = target / f"{DATABASE}.new"
    scratch.unlink(missing_ok=True)
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as live, sqlite3.connect(scratch) as copy:
        live.backup(copy, pages=2000, sleep=0.01)
        entries = int(copy.execute("SELECT seq FROM journal_head").fetchone()[0])
    copy.close()
    live.close()
    _sync(scratch)
    scratch.rename(target / DATABASE)
    for folder in FOLDERS:
        _copy_new(settings.state / folder, target / folder)
    _drop_deleted(settings.state / "files" / "sealed", target)
    if settings.cameras_file.exists():
        write_whole(target / CAMERAS, settings.cameras_file.read_bytes())
    write_whole(known, (settings.state / FILE).read_bytes())
    files = [path for path in target.rglob("*") if path.is_file()]
    return BackedUp(entries, len(files), sum(path.stat().st_size for path in files))


def restore(settings: Settings, source: Path, now: datetime) -> str:
    """Set this box up from a backup; returns the new epoch. Only into a state folder without a box."""
    target = Path(_sqlite(settings))
    if (settings.state / FILE).exists():
        raise Conflict(
            "already_set_up",
            N_("This box has already been set up."),
            N_("Restore into an empty state folder."),
        )
    if not (source / FILE).exists() or not (source / DATABASE).exists():
        raise NotFound(
            "no_backup",
            N_("There is no backup in {folder}."),
            N_("Name the backup's folder."),
            folder=str(source),
        )
    # Immutable: SQLite lays no -wal and -shm beside the backup, and reads one on a medium that cannot be written.
    whole = f"{(source / DATABASE).resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(whole, uri=True)) as copy:
        found = [row[0] for row in copy.execute("PRAGMA quick_check")]
    if found != ["ok"]:
        raise Corrupt("bad_backup", N_("The backup's database is damaged."), N_("Take an older backup."))
    settings.state.mkdir(parents=True, exist_ok=True)
    settings.state.chmod(0o750)
    clear_begun(settings)
    for folder in FOLDERS:
        _copy_new(source / folder, settings.state / folder)
    if (source / CAMERAS).exists():
        settings.cameras_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(settings.cameras_file, (source / CAMERAS).read_bytes())
    for log in ("-wal", "-shm"):  # of a database that lay here: SQLite would play it into the restored one
        target.with_name(target.name + log).unlink(missing_ok=True)
    scratch = target.with_name(f"{target.name}.new")
    shutil.copyfile(source / DATABASE, scratch)
    _sync(scratch)
    scratch.rename(target)
    site = msgspec.structs.replace(read_site(source), epoch=new_id())
    write_whole(settings.state / FILE, msgspec.json.format(msgspec.json.encode(site)))
    box = Box.open(settings)
    box.db.start()
    try:
        body = {"epoch": site.epoch}
        box.db.write_now(
            lambda session: append(session, "site.restored", site.code, "process:cli", body, at=now)
        )
    finally:
        box.db.stop()
    (settings.state / BEGUN).unlink(missing_ok=True)
    return site.epoch


@contextmanager
def _place(target: Path) -> Iterator[None]:
    """What the system says of the named place, as one of our errors."""
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        raise _unusable(target, errno.ENOSPC if full else None) from error
    except OSError as error:
        named = Path(str(error.filename)) if error.filename else target
        if named not in target.parents and not named.is_relative_to(target):  # it was read, not written
            raise Corrupt(
                "box_unreadable",
                N_("The box's file {path} cannot be read."),
                N_("Run the command as the user examsite."),
                path=str(named),
            ) from error
        raise _unusable(target, error.errno) from error


def _unusable(target: Path, number: int | None) -> Corrupt:
    if number in (errno.EEXIST, errno.ENOTDIR):
        message = N_("{folder} is no folder.")
    elif number in (errno.ENOSPC, errno.EDQUOT):
        message = N_("There is no room left for a backup in {folder}.")
    else:
        message = N_("The folder {folder} cannot be written.")
    return Corrupt(
        "unusable_folder", message, N_("Name a folder that this user may write."), folder=str(target)
    )


def _sqlite(settings: Settings) -> str:
    url = settings.database_url
    if not url.startswith("sqlite:///"):
        raise Refused(
            "not_sqlite",
            N_("This command backs up a box on SQLite."),
            N_("Back a PostgreSQL database up with pg_basebackup, and the state folder with it."),
        )
    return url.removeprefix("sqlite:///")


def _copy_new(source: Path, target: Path) -> None:
    """Copy what is not there yet: keys and kept files never change under their names."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir() or place.exists() or path.suffix == ".new":
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = place.with_name(f".{place.name}.new")
        shutil.copyfile(path, scratch)
        os.chmod(scratch, path.stat().st_mode & 0o777)
        _sync(scratch)
        scratch.rename(place)


def _drop_deleted(source: Path, target: Path) -> None:
    gone = [
        path
        for path in target.glob("files/sealed/??/*")
        if not (source / path.parent.name / path.name).exists()
    ]
    if not gone:
        return
    engine = create_engine(f"sqlite:///file:{target / DATABASE}?immutable=1&uri=true")
    try:
        with Session(engine) as session:
            named = named_files(session)
    finally:
        engine.dispose()
    for path in gone:
        if path.name not in named:
            path.unlink()
            _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
