"""What station agents report: inventory (journaled when it changed) and heartbeats."""

import hashlib

import msgspec
from sqlmodel import Session, select

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.flow.box import Box
from appliance.flow.pauses import note_return
from appliance.records.journal import append
from appliance.records.site import Seat, Station
from appliance.wire.station import Heartbeat, Inventory


def _station(session: Session, key_hash: str, address: str) -> Station:
    """The station with this key; it speaks from its seat's address and no other."""
    station = session.exec(select(Station).where(Station.key_hash == key_hash)).first()
    if station is None:
        raise Refused("unknown_key", N_("This station's key is not known."), N_("Set the station up again."))
    seat = session.get_one(Seat, station.seat)
    if seat.address and address != seat.address:
        raise Refused(
            "wrong_address",
            N_("The station of seat {seat} speaks from another address than its own."),
            N_("Check the station's network settings."),
            seat=seat.id,
        )
    return station


def take_inventory(session: Session, box: Box, key_hash: str, address: str, sent: Inventory) -> str:
    """Keep what a machine says it is; returns its seat."""
    station = _station(session, key_hash, address)
    body = msgspec.json.encode(sent, order="sorted").decode()
    changed = body != station.inventory
    note_return(session, box, station.seat, station.heartbeat_at)
    station.inventory, station.inventory_at, station.heartbeat_at = body, box.now(), box.now()
    session.add(station)
    session.flush()
    if changed:
        digest = hashlib.sha256(body.encode()).hexdigest()
        facts = {"sha256": digest, "locked": sent.locked, "ruleset": sent.ruleset_sha256}
        append(session, "station.inventoried", station.seat, f"seat:{station.seat}", facts, at=box.now())
    return station.seat


def take_heartbeat(session: Session, box: Box, key_hash: str, address: str, sent: Heartbeat) -> str:
    """Note a sign of life; returns the seat."""
    station = _station(session, key_hash, address)
    note_return(session, box, station.seat, station.heartbeat_at)
    station.heartbeat, station.heartbeat_at = msgspec.json.encode(sent).decode(), box.now()
    session.add(station)
    return station.seat
