"""examsite recordings screen-codes: the codes in recorded pictures, held against the journal again."""

import asyncio
from datetime import datetime

import typer

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, _
from appliance.base.screen_code import digits
from appliance.base.settings import load
from appliance.cli.run import show, tell
from appliance.flow.box import Box
from appliance.flow.screen_codes import Look, judge_looks
from appliance.rules.screen_code import Judged, begins
from appliance.web.screens_seen import looks_at
from appliance.wire.recorder import CameraSpan

TIMES = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
VERDICTS = {
    "ok": N_("right code"),
    "late": N_("of an earlier time"),
    "other": N_("of another screen"),
    "unknown": N_("none of this site"),
    "missing": N_("cannot be read"),
}


def _line(box: Box, look: Look, judged: Judged) -> str:
    number = "–" if look.number is None else digits(look.number)
    words = _(VERDICTS[judged.verdict])
    if judged.shown and judged.verdict != "ok":
        of = box.local(begins(judged.shown.minute))
        words += f" ({judged.shown.screen} {of:%Y-%m-%d %H:%M})"
    entry = _("entry {seq}").format(seq=judged.shown.seq) if judged.shown else ""
    return f"{box.local(look.at):%Y-%m-%d %H:%M:%S}  {number}  {words}  {entry}".rstrip()


def screen_codes(
    camera: str = typer.Option(..., "--camera", help="Code of a camera with a screen in its view."),
    start: datetime = typer.Option(..., "--from", formats=TIMES, help="Local, e.g. 2026-11-21T09:00:00."),
    end: datetime = typer.Option(..., "--to", formats=TIMES, help="Local, as --from."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Read the screen in one recorded picture of each minute again and hold it against the journal; exit status 1
    when one is not right, or a minute has no picture.
    """
    box = Box.open(load())
    known = next((one for one in box.settings.cameras if one.code == camera and one.screen), None)
    if known is None:
        raise NotFound(
            "no_screen_in_view",
            N_("Camera {camera} has no screen in its view."),
            N_("Name the screen at the camera: screen in [[cameras]]."),
            camera=camera,
        )
    first, last = (moment.replace(tzinfo=box.zone) for moment in (start, end))
    looks, dark = asyncio.run(looks_at(box, CameraSpan(camera=camera, start=first, end=last), known.screen))
    judged = box.db.read_now(judge_looks, box, looks)
    box.db.stop()
    wrong = sum(one.verdict != "ok" for one in judged)
    if json:
        pictures = [
            {"at": look.at, "number": look.number, "verdict": one.verdict}
            | (
                {"seq": one.shown.seq, "screen": one.shown.screen, "minute": begins(one.shown.minute)}
                if one.shown
                else {}
            )
            for look, one in zip(looks, judged, strict=True)
        ]
        whole = bool(looks) and not wrong and not dark
        show({"ok": whole, "checked": len(looks), "no_picture": dark.total(), "pictures": pictures})
    else:
        for look, one in zip(looks, judged, strict=True):
            typer.echo(_line(box, look, one))
        tell(_("{count} pictures looked at, {wrong} not right.").format(count=len(looks), wrong=wrong))
        if dark:
            tell(_("No picture of {count} minutes.").format(count=dark.total()))
        if unread := dark.total() - dark[""]:
            tell(_("Of {count} of them the recording is missing or cannot be read.").format(count=unread))
    if wrong or dark or not looks:
        raise typer.Exit(1)
