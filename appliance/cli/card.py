"""examsite card: take frames of an ID-card reader apart, or read one card."""

import codecs
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_, _
from appliance.cli.run import show, tell
from appliance.cli.usage import WANTED, wrong_value
from appliance.devices.cardreader import driver, layouts, protocol
from appliance.devices.cardreader.link import BAUDS, UNSTABLE, stable
from appliance.devices.cardreader.protocol import BadFrame, Command, Decoder, Event, Request

app = typer.Typer(no_args_is_help=True, help="ID-card readers.")

BAD = {
    "bad_checksum": N_("The check byte of the frame is wrong."),
    "bad_length": N_("The length of the frame is impossible."),
    "truncated": N_("The frame is cut off."),
    "bad_data": N_("The frame's content has a size no answer has."),
    **layouts.FINDINGS,
}
VALIDITY = {
    "valid": N_("The card is valid today."),
    "expired": N_("The ID card has expired."),
    "not_yet_valid": N_("The ID card is not valid yet."),
}
CHINA = ZoneInfo("Asia/Shanghai")
"""Cards carry days of China's clock, wherever the technician's computer stands."""
_HEX = re.compile(r"(?:0x)?[0-9a-f]+", re.IGNORECASE)
MAX_FILE = 4 * 1024 * 1024


def raw(body: bytes) -> bytes:
    """The bytes of a file of frames: raw, or hex text with blanks, commas, colons and # comments.

    Hex text may be saved by an editor that puts a byte order mark in front.
    """
    try:
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = body.decode("utf-16")
        else:
            text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body
    words = re.split(r"[\s,;:]+", re.sub(r"#.*", "", text).strip())
    if not words or not all(_HEX.fullmatch(word) for word in words if word):
        return body
    digits = "".join(word[2:] if word[:2] in ("0x", "0X") else word for word in words)
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def card_frame(blocks: protocol.CardData) -> dict[str, Any]:
    """A card as the command shows it; one that contradicts itself is not ok. `validity`: that of today."""
    try:
        card = layouts.read(blocks.text)
    except Corrupt as error:
        return {"ok": False, "code": error.code, "field": str(error.params.get("field", ""))}
    found = layouts.findings(card)
    head: dict[str, Any] = {"ok": not found, "kind": card.kind, "status": "ok"}
    if found:
        head |= {"code": found[0], "findings": found}
    fields: dict[str, Any] = msgspec.to_builtins(card)
    head |= {"valid_to": None, "long_term": card.long_term} | fields
    head["validity"] = layouts.validity(card, datetime.now(CHINA).date())
    head["photo_bytes"] = len(blocks.photo) if any(blocks.photo) else 0
    if blocks.fingerprint:
        head["fingerprint_bytes"] = len(blocks.fingerprint)
    return head


def frame(event: Event) -> dict[str, Any]:
    """One frame as the command shows it."""
    if isinstance(event, BadFrame):
        return {"ok": False, "code": event.code, "bytes": event.size}
    if isinstance(event, Request):
        name = next((c.name.lower() for c in Command if c == event.command), f"{event.command:04x}")
        return {"ok": True, "kind": "command", "command": name}
    shown: dict[str, Any] = {"ok": True, "kind": "status", "status": event.cause.code}
    if event.cause is protocol.UNNAMED:
        shown["bytes"] = f"{event.sw1:02X}{event.sw2:02X}{event.status:02X}"
    if not event.cause.ok or not event.data:
        return shown
    blocks = protocol.card_data(event.data)
    if blocks:
        return card_frame(blocks)
    if number := protocol.sam_id(event.data):
        shown["sam_id"] = number
    elif len(event.data) == protocol.ADDRESS_BYTES:
        shown["address"] = protocol.appended_address(event.data)
    elif len(event.data) > 64:
        return {"ok": False, "code": "bad_data"}
    return shown


def _print(one: dict[str, Any]) -> None:
    """One frame for a reader's eyes."""
    if not one["ok"]:
        sentence = BAD.get(one["code"], N_("The card's text cannot be understood (field: {field})."))
        typer.echo("✗ " + _(sentence).format(**{"field": "", **one}))
    if one.get("kind") == "status":
        causes = [*protocol.CAUSES.values(), protocol.UNNAMED]
        sentence = next(cause.sentence for cause in causes if cause.code == one["status"])
        typer.echo("✓ " + _(sentence))
    if one.get("validity"):
        typer.echo(_(VALIDITY[one["validity"]]))
    for key, value in one.items():
        if key not in ("ok", "status"):
            typer.echo(f"  {key}: {value}")


@app.command()
def decode(
    file: Path = typer.Argument(..., help="Frames as hex text or raw bytes; - for standard input."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Take the frames in a file apart and print what they say."""
    decoder = Decoder()
    body = raw(_content(file))
    frames = [frame(event) for event in decoder.feed(body) + decoder.end()]
    if not frames:
        frames = [{"ok": False, "code": "truncated", "bytes": 0}]
    if json:
        show({"frames": frames, "skipped_bytes": decoder.skipped})
    else:
        for one in frames:
            _print(one)
        if decoder.skipped:
            typer.echo(_("{count} bytes belonged to no frame.").format(count=decoder.skipped))
    if not all(one["ok"] for one in frames):
        raise typer.Exit(1)


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return typer.get_binary_stream("stdin").read(MAX_FILE)
    try:
        if file.stat().st_size > MAX_FILE:
            raise Corrupt(
                "file_too_large",
                N_("The file {path} is too large to be a record of card frames."),
                path=str(file),
            )
        return file.read_bytes()
    except OSError as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(file)
        ) from error


@app.command()
def read(
    port: str = typer.Option(..., "--port", help="Stable device path, e.g. /dev/serial/by-path/..."),
    baud: int = typer.Option(115200, "--baud", help="Speed of the port, bits a second."),
    timeout: float = typer.Option(10.0, "--timeout", min=0.1, max=600.0, help="Seconds to wait for a card."),
    address: bool = typer.Option(False, "--address", help="Ask for the appended address too."),
    fingerprint: bool = typer.Option(
        False, "--fingerprint", help="Try the longer read; only its size is shown."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Read one card."""
    if baud not in BAUDS:
        raise wrong_value("--baud", baud, WANTED["choice"], ", ".join(map(str, BAUDS)))
    if not stable(port):
        tell(_(UNSTABLE).format(port=port))
    if not json:
        tell(_("Put the card on the reader."))
    found = driver.read_once(port, baud, timeout, fingerprint, address)
    if isinstance(found, BadFrame):
        shown = frame(found)
    else:
        shown = card_frame(found.data) | {"sam_id": found.sam_id}
        if found.address:
            shown["appended_address"] = found.address
    if json:
        show(shown)
    else:
        _print(shown)
    if not shown["ok"]:
        raise typer.Exit(1)
