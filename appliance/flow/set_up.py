"""examsite init: identity, site authority, keys, schema, first journal entry, first account."""

import os
import secrets
import shutil
from datetime import datetime
from pathlib import Path

import msgspec
from sqlmodel import Session, col, select

from appliance.base import crypto
from appliance.base.database import Database
from appliance.base.errors import Conflict
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.settings import Settings
from appliance.base.site import FILE, Site
from appliance.flow.accounts import add_account, hash_password, set_password
from appliance.flow.box import BEGUN as BEGUN
from appliance.flow.box import Box, authority, end_begun, keys, sync_folder
from appliance.records import migrate
from appliance.records.accounts import Account
from appliance.records.journal import Journal, JournalHead, append
from appliance.records.site import Room, Seat, Station

PROCESSES = ("web", "gate", "faces", "recorder", "clips", "sync")
FIRST = ("site.created", "account.added", "account.reset")
"""Kinds of entries that a set-up writes; any other was written by a box that works."""


class SetUp(msgspec.Struct):
    """What `examsite init` tells once: the first account, and the keys of the stations (seat -> key)."""

    login: str
    password: str


def set_up(settings: Settings, demo: bool, now: datetime) -> SetUp:
    """Make the box. Raises Conflict when it was set up before: a site's kind is decided once.

    A set-up that was interrupted is repeated: what it left is known by the file `BEGUN`, and nothing has been
    sealed with its keys yet.
    """
    state = settings.state
    if (state / FILE).exists():
        end_begun(state)
        raise Conflict(
            "already_set_up",
            N_("This box has already been set up."),
            N_("Use another state folder, or restore a backup with examsite restore."),
        )
    state.mkdir(parents=True, exist_ok=True)
    os.chmod(state, 0o750)
    site = Site(
        code=settings.site.code,
        name=settings.site.name,
        mode="demo" if demo else "production",
        epoch=new_id(),
        created=now,
    )
    site = _begin(settings, site)
    crypto.new_authority(authority(settings), f"{settings.site.code} site authority")
    folder = keys(settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "authority.pem").write_bytes((authority(settings) / "authority.pem").read_bytes())
    names = ["localhost", "127.0.0.1", *settings.web.names]
    crypto.new_leaf(authority(settings), folder, "tls", sorted(set(names)), server=True)
    for process in PROCESSES:
        crypto.new_leaf(authority(settings), folder, process)
    crypto.write_secret(folder / "cameras.key", os.urandom(32), mode=0o640)
    key = crypto.DataKey.create(folder / "data.key")
    box = Box(settings, site, key)
    migrate.upgrade(box.db)
    password = secrets.token_urlsafe(9)
    hashed = hash_password(password)
    box.db.start()
    try:
        box.db.write_now(_first_entries, box, now, hashed)
    finally:
        box.db.stop()
    _finish(state)
    return SetUp(login="admin", password=password)


def _begin(settings: Settings, site: Site) -> Site:
    """Note that a set-up begins, or clear away what an interrupted one left; returns the identity to use."""
    begun = settings.state / BEGUN
    if begun.exists():
        earlier = msgspec.json.decode(begun.read_bytes(), type=Site)
        if (earlier.code, earlier.mode) != (site.code, site.mode):
            raise Conflict(
                "other_set_up_begun",
                N_("Another set-up was begun here and interrupted: {site}, {mode}."),
                N_("Repeat it as it was, or use an empty state folder and an empty database."),
                site=earlier.code,
                mode=earlier.mode,
            )
        site = earlier
    elif keys(settings).exists() or authority(settings).exists():
        raise Conflict(
            "keys_without_site",
            N_("The folder {folder} holds the keys of a box, but not its site file."),
            N_("Restore the box with examsite restore, or use an empty state folder."),
            folder=str(settings.state),
        )
    _refuse_used(settings, site)  # before any key is removed or made, and before the schema is touched
    clear_begun(settings)
    write_whole(begun, msgspec.json.format(msgspec.json.encode(site)))
    return site


def _finish(state: Path) -> None:
    """The set-up is whole. One rename, so that a power cut leaves either a begun set-up or a box, never both."""
    (state / BEGUN).rename(state / FILE)
    sync_folder(state)


def _refuse_used(settings: Settings, site: Site) -> None:
    """Raises Conflict unless the database is empty or holds only what this very set-up wrote."""
    db = Database(settings.database_url, settings.database.batch)
    try:
        if migrate.current(db) is None:
            return
        if db.read_now(_foreign, site):
            raise Conflict(
                "database_in_use",
                N_("The database belongs to a box that was set up before."),
                N_("Name an empty database in database.url, or restore that box's state folder."),
            )
    finally:
        db.stop()


def _foreign(session: Session, site: Site) -> bool:
    """Did another set-up, or a box at work, write to this database?"""
    if session.get(JournalHead, 1) is None:
        return False
    first = session.get(Journal, 1)
    if (
        first is None
        or first.kind != "site.created"
        or msgspec.json.decode(first.body).get("epoch") != site.epoch
    ):
        return True
    later = select(Journal.seq).where(col(Journal.kind).not_in(FIRST)).limit(1)
    return session.exec(later).first() is not None


def clear_begun(settings: Settings) -> None:
    """Remove the keys of a set-up that was interrupted; nothing was sealed with them."""
    if (settings.state / BEGUN).exists():
        for folder in (keys(settings), authority(settings)):
            shutil.rmtree(folder, ignore_errors=True)


def _first_entries(session: Session, box: Box, now: datetime, hashed: str) -> None:
    if session.get(JournalHead, 1) is not None:  # an interrupted set-up came as far (see `_refuse_used`)
        set_password(session, box, "admin", hashed, "process:init")  # the first one nobody has seen
        account = session.exec(select(Account).where(Account.login == "admin")).one()
        account.must_change = True
        session.add(account)
        return
    session.add(JournalHead(mark="DEMO" if box.site.demo else ""))
    session.flush()
    append(
        session,
        "site.created",
        box.site.code,
        "process:init",
        {"epoch": box.site.epoch, "mode": box.site.mode},
        at=now,
    )
    add_account(session, box, "admin", "系统管理员", "admin", hashed, actor="process:init", must_change=True)


def add_room(session: Session, box: Box, room: Room, seats: list[Seat], station_keys: dict[str, str]) -> None:
    """Register a room with its seats; `station_keys`: seat id -> SHA-256 of the station's key."""
    session.add(room)
    session.flush()
    for seat in seats:
        session.add(seat)
    session.flush()
    for seat_id, key_hash in station_keys.items():
        session.add(Station(seat=seat_id, key_hash=key_hash))
    append(
        session,
        "room.registered",
        room.code,
        "process:init",
        {"kind": room.kind, "seats": len(seats), "spares": sum(seat.spare for seat in seats)},
        at=box.now(),
    )


def write_whole(path: Path, body: bytes) -> None:
    """Write a small file so that it is either whole or absent, and stays after a power cut."""
    scratch = path.with_suffix(".new")
    with open(scratch, "wb") as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())
    scratch.rename(path)
    sync_folder(path.parent)
