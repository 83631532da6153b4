"""examsite init: identity, site authority, keys, schema, first journal entry, first account."""

import os
import secrets
from datetime import datetime
from pathlib import Path

import msgspec
from sqlmodel import Session

from appliance.base import crypto
from appliance.base.errors import Conflict
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.settings import Settings
from appliance.base.site import FILE, Site
from appliance.flow.accounts import add_account, hash_password
from appliance.flow.box import Box, authority, keys
from appliance.records import migrate
from appliance.records.journal import JournalHead, append
from appliance.records.site import Room, Seat, Station

PROCESSES = ("web", "gate", "faces", "recorder", "clips", "sync")


class SetUp(msgspec.Struct):
    """What `examsite init` tells once: the first account, and the keys of the stations (seat -> key)."""

    login: str
    password: str


def set_up(settings: Settings, demo: bool, now: datetime) -> SetUp:
    """Make the box. Raises Conflict when it was set up before: a site's kind is decided once."""
    state = settings.state
    if (state / FILE).exists():
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
    crypto.new_authority(authority(settings), f"{settings.site.code} site authority")
    folder = keys(settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "authority.pem").write_bytes((authority(settings) / "authority.pem").read_bytes())
    names = ["localhost", "127.0.0.1", *settings.web.names]
    crypto.new_leaf(authority(settings), folder, "tls", sorted(set(names)), server=True)
    for process in PROCESSES:
        crypto.new_leaf(authority(settings), folder, process)
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
    write_whole(state / FILE, msgspec.json.format(msgspec.json.encode(site)))
    return SetUp(login="admin", password=password)


def _first_entries(session: Session, box: Box, now: datetime, hashed: str) -> None:
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
    """Write a small file so that it is either whole or absent."""
    scratch = path.with_suffix(".new")
    with open(scratch, "wb") as target:
        target.write(body)
        target.flush()
        os.fsync(target.fileno())
    scratch.rename(path)
