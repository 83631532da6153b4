"""examsite room: the rooms of the site with their seats, fixed addresses and station keys."""

import hashlib
import ipaddress
import secrets
from pathlib import Path

import typer
from sqlmodel import col, select

from appliance.base.crypto import write_secret
from appliance.base.errors import Conflict, Corrupt
from appliance.base.i18n import N_, _
from appliance.base.settings import load
from appliance.cli.run import show, tell
from appliance.flow.box import Box
from appliance.flow.name_doors import doors_of, name_doors
from appliance.flow.set_up import add_room
from appliance.records.site import Room, Seat

app = typer.Typer(no_args_is_help=True, help="Rooms, seats, station keys.")

KINDS = ("theory", "practical", "waiting")


def seats_of(code: str, count: int, spares: int, columns: int, first: str) -> list[Seat]:
    """Seats in rows of `columns`; the last `spares` are spares; addresses run on from `first` (empty: none)."""
    try:
        start = ipaddress.ip_address(first) if first else None
    except ValueError as error:
        raise Corrupt(
            "bad_address", N_("{address} is not an address."), N_("Write it as 192.168.10.11."), address=first
        ) from error
    return [
        Seat(
            id=f"{code}-{number:02d}",
            room=code,
            number=number,
            row=(number - 1) // columns + 1,
            column=(number - 1) % columns + 1,
            address=str(start + number - 1) if start else None,
            spare=number > count,
        )
        for number in range(1, count + spares + 1)
    ]


@app.command()
def add(
    code: str = typer.Argument(..., help="Short code, e.g. T1."),
    name: str = typer.Option(..., "--name", help="Name on pages and sheets."),
    kind: str = typer.Option(..., "--kind", help="theory, practical or waiting."),
    seats: int = typer.Option(0, "--seats", min=0, max=500, help="Seats or workplaces."),
    spares: int = typer.Option(0, "--spares", min=0, max=100, help="Spare stations, after the seats."),
    columns: int = typer.Option(8, "--columns", min=1, max=50, help="Seats in a row, seen from the front."),
    first: str = typer.Option("", "--first-address", help="Fixed address of station 1; the others run on."),
    keys: Path = typer.Option(
        None, "--keys", help="Folder for the stations' keys, one file a seat (theory rooms)."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Register a room. Each station's key is written once; copy it to its computer and delete the folder."""
    if kind not in KINDS:
        raise Corrupt(
            "bad_kind",
            N_("There is no kind of room {kind}."),
            N_("Choose theory, practical or waiting."),
            kind=kind,
        )
    made = seats_of(code, seats, spares, columns, first)
    secrets_by_seat = {seat.id: secrets.token_urlsafe(24) for seat in made} if keys else {}
    box = Box.open(load())
    box.db.start()
    try:
        taken = box.db.read_now(
            lambda session: session.exec(
                select(Seat.address).where(
                    col(Seat.address).in_([seat.address for seat in made if seat.address])
                )
            ).all()
        )
        known = box.db.read_now(lambda session: session.get(Room, code))
        if known or taken:
            raise Conflict(
                "room_known",
                N_("The room or one of its addresses is registered already."),
                N_("Choose another code or address."),
            )
        for seat_id, secret in secrets_by_seat.items():
            write_secret(keys / f"{seat_id}.key", f"{secret}\n".encode())
        hashes = {
            seat: hashlib.sha256(secret.encode()).hexdigest() for seat, secret in secrets_by_seat.items()
        }
        box.db.write_now(add_room, box, Room(code=code, name=name, kind=kind), made, hashes)
    finally:
        box.db.stop()
    if json:
        show({"room": code, "seats": len(made), "keys": str(keys) if keys else ""})
    else:
        tell(_("Registered {code} with {count} seats.").format(code=code, count=len(made)))


@app.command()
def doors(
    code: str = typer.Argument(..., help="Code of the room."),
    names: list[str] = typer.Argument(None, help="Names of all its doors; none: it has no named door."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Name the doors of a room: each has to be seen by a camera, on whose picture it is marked."""
    box = Box.open(load())
    box.db.start()
    try:
        named = box.db.write_now(name_doors, box, code, names or [], "process:cli")
    finally:
        box.db.stop()
    if json:
        show({"room": code, "doors": named})
    else:
        tell(_("Doors of {room}: {doors}.").format(room=code, doors=_(", ").join(named) or "–"))


@app.command(name="list")
def list_rooms(json: bool = typer.Option(False, "--json")) -> None:
    """All rooms with their seats."""
    box = Box.open(load())
    try:
        rooms = box.db.read_now(lambda session: session.exec(select(Room).order_by(Room.code)).all())
        seats = box.db.read_now(lambda session: session.exec(select(Seat).order_by(Seat.id)).all())
    finally:
        box.db.stop()
    document = [
        {
            "code": room.code,
            "name": room.name,
            "kind": room.kind,
            "doors": doors_of(room),
            "seats": [
                {"seat": one.id, "address": one.address, "spare": one.spare}
                for one in seats
                if one.room == room.code
            ],
        }
        for room in rooms
    ]
    if json:
        show({"rooms": document})
    else:
        for room in rooms:
            count = sum(one.room == room.code for one in seats)
            typer.echo(f"{room.code:6} {room.kind:10} {count:4}  {room.name}")
