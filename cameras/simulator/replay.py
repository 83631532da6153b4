"""A simulated camera's card over RTSP: its pictures with their times in the RTP header, as fast as they are read."""

import asyncio

from cameras import rtp
from cameras.card.packets import Stamp, write_stamp
from cameras.card.ranges import read_range
from cameras.simulator.card import Card, shown

PATH = "/card"


def wanted_range(headers: dict[str, str]) -> bool:
    """Is a PLAY's Range one that a replay can obey?"""
    return read_range(headers.get("range", "")) is not None


async def send(
    card: Card,
    headers: dict[str, str],
    packetiser: rtp.Packetiser,
    transport: asyncio.Transport,
    room: asyncio.Event,
    channel: int,
) -> None:
    """Send what a PLAY with these headers asked for. In mode `stops` only half of it, then the line is cut.

    `room`: set while whoever reads keeps up.
    """
    asked = read_range(headers.get("range", ""))
    if asked is None:
        return
    number = int(headers.get("cseq", "0")) & 0xFF
    fast = headers.get("rate-control", "").lower() == "no"
    keys_only = headers.get("frames", "").lower().startswith("intra")
    last = None
    for coded, ends in await asyncio.to_thread(card.pictures, *asked):
        if keys_only and not coded.key:
            continue
        if last and not fast:
            await asyncio.sleep(max(0.0, (coded.at - last).total_seconds()))
        last = coded.at
        await room.wait()
        if transport.is_closing():
            return
        at = shown(card.mode, coded.at)
        stamp = Stamp(at=at, clean=coded.key, ends=ends and card.mode != "stops", asked=number)
        packets = packetiser.picture(coded.units, coded.ticks, write_stamp(stamp))
        transport.write(b"".join(rtp.interleaved(channel, one) for one in packets))
    if card.mode == "stops":
        transport.close()
