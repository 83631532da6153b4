"""examsite cameras, examsite simulate camera, examsite recordings verify, and the two processes of this
package.

Found by entry points: `examsite.cli`, `examsite.simulate`, `examsite.recordings`, `examsite.units`.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import typer

from appliance.base.errors import Corrupt, ExamError, NotFound
from appliance.base.i18n import N_, _
from appliance.base.settings import Settings, load
from appliance.base.sockets import ask
from appliance.base.terminal import person
from appliance.wire.cameras import CheckReport, KeepReports, Saved
from cameras import set_up_cli, wizard
from cameras.simulator.kinds import Authentication, Codec, Media, Scene, Sound
from cameras.verify_cli import authority_of

app = typer.Typer(no_args_is_help=True, help="Cameras.")


def _show(document: Any) -> None:
    from cameras import tell

    tell.document(document)


def _tell(text: str) -> None:
    typer.echo(text, err=True)


@app.callback()
def group() -> None:
    """Cameras."""


@app.command(name="discover")
def discover_cameras(
    seconds: float = typer.Option(3.0, "--seconds", min=0.1, max=60, help="How long to listen."),
    host: list[str] = typer.Option([], "--host", help="Ask this address directly as well; repeatable."),
    addresses: Path = typer.Option(
        None, "--list", help="Ask every address of this text file as well, one a line."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Find cameras on every network of this machine; exit status 3 when a named address stays silent."""
    from cameras import discovery, tell

    named = [*host, *(discovery.read_list(addresses) if addresses else [])]
    found = asyncio.run(discovery.find_all(seconds, named))
    if json:
        _show(found)
    else:
        tell.discovered(found)
    _tell(_("Cameras found: {count}.").format(count=len(found.cameras)))
    if found.silent:
        raise typer.Exit(3)


@app.command(name="probe")
def probe_camera(
    host: str = typer.Argument(..., help="HOST[:PORT] of the camera's ONVIF service."),
    user: str = typer.Option("admin", "--user", help="The camera's account."),
    password_file: Path = typer.Option(..., "--password-file", help="A file with the password only."),
    try_factory: bool = typer.Option(
        False,
        "--try-factory-passwords",
        help="Try a few factory passwords for this account; a camera may lock itself for a while.",
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Ask one camera everything and measure its picture; exit status 1 when a check does not hold."""
    from cameras import tell
    from cameras.probe import probe

    found = probe(host, user, set_up_cli.read_password(password_file), try_factory=try_factory)
    if json:
        _show(found)
    else:
        tell.probed(found)
    if not found.ok:
        raise typer.Exit(1)


@app.command(name="check")
def check_cameras(
    camera: list[str] = typer.Option(
        [], "--camera", help="Only the camera with this code; repeatable. Default: all of the configuration."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Ask and measure every camera of the configuration; exit status 1 when a check does not hold."""
    from cameras import tell
    from cameras.check import check

    settings = load()
    found = check(settings, camera)
    if not camera:
        found.coverage = set_up_cli.rooms_seen(settings)
        found.ok = found.ok and all(one.ok is not False for one in found.coverage)
    if json:
        _show(found)
    else:
        tell.checked(found)
    _keep(settings, tell.reports(found, person()))
    if not found.ok:
        raise typer.Exit(1)


def _keep(settings: Settings, reports: list[CheckReport]) -> None:
    """Hand the reports to exam-recorder, which keeps them for the page; its silence is no fault of the check."""
    try:
        asyncio.run(ask(settings.socket("recorder"), KeepReports(reports=reports), Saved))
    except ExamError:
        _tell(_("The recorder is silent: these reports are not on the page /cameras/report."))


@app.command(name="reference")
def take_references(
    camera: list[str] = typer.Option(
        [], "--camera", help="Only the camera with this code; repeatable. Default: all of the configuration."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Keep what every camera shows now as its reference still, once the room is as it should be."""
    from cameras import tell
    from cameras.check import take

    settings = load()
    found = take(settings, camera)
    if taken := [one.camera for one in found.cameras if one.ok]:
        set_up_cli.tell_done(settings, "reference_taken", taken)
    if json:
        _show(found)
    else:
        tell.checked(found)
    if not found.ok:
        raise typer.Exit(1)


set_up_cli.mount(app)
wizard.mount(app)


def verify(
    context: typer.Context,
    sample: int = typer.Option(0, "--sample", min=0, help="Check this many, chosen at random; 0 = all."),
    media: Path = typer.Option(None, "--media", help="Folder of the recordings; default from the settings."),
    authority: Path = typer.Option(
        None, "--authority", help="Certificate of the site's authority (PEM); default: this box's own."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Read the recordings again, follow their chain and its seals: is anything missing, altered or added? Exit status 1
    when something is.
    """
    from cameras import integrity
    from cameras.archive.locate import Locator

    settings = None if media else load()
    known = context.obj(settings) if settings and context.obj else None
    found = integrity.verify(
        media or Path(settings.recorder.media if settings else ""),
        sample or None,
        # A box knows its authority: what cannot be read there is no reason to look away.
        authority_of(authority) if known else _authority_if_any(authority),
        locator=Locator(settings) if settings else None,
        known=known,
    )
    if json:
        _show(found)
    else:
        words = {
            "missing": _("missing"),
            "altered": _("altered"),
            "unreadable": _("unreadable"),
            "left_open": _("left open, never checked by a hash"),
            "added": _("added"),
            "chain_altered": _("link of the chain altered"),
            "link_missing": _("link of the chain missing"),
            "row_altered": _("row of the index altered"),
            "row_missing": _("row of the index missing"),
            "row_added": _("row of the index without a link"),
            "backdated": _("put into the past later"),
            "seal_altered": _("seal does not fit"),
            "seal_missing": _("seal missing"),
            "unsealed": _("without a seal since"),
            "cut_off": _("cut off, the journal knows links up to"),
            "not_as_journaled": _("another chain than the journal knows, from"),
        }
        for finding in found.findings:
            typer.echo(f"{words[finding.code]}  {finding.path}")
        _tell(_("{count} recordings checked.").format(count=found.checked))
        if found.links:
            _tell(_("{count} links of the chain checked.").format(count=found.links))
        if found.journaled is not None:
            _tell(_("{count} seals of the journal are found in the chain.").format(count=found.journaled))
        else:
            _tell(_("Without the box's journal it is not checked whether the newest links were cut off."))
        if found.elsewhere:
            _tell(
                _("{count} lie on a disk or in a place not readable here now.").format(count=found.elsewhere)
            )
        if found.deleted:
            _tell(_("{count} were deleted by order after their date.").format(count=found.deleted))
        if found.never:
            _tell(
                _("{count} were only begun when power or recorder went, and are gaps.").format(
                    count=found.never
                )
            )
        if found.open:
            _tell(_("{count} are being written now and have no hash yet.").format(count=found.open))
        if found.ok and found.checked and found.elsewhere:
            _tell(_("Those that were read are as they were recorded, and none was added."))
        elif found.ok and found.checked:
            _tell(_("All of them are as they were recorded; none is missing and none was added."))
    if not found.ok:
        raise typer.Exit(1)


def _authority_if_any(named: Path | None) -> bytes | None:
    """As `authority_of`; None on a machine that has none: then it is not checked who sealed."""
    try:
        return authority_of(named)
    except NotFound:
        if named:
            raise
        _tell(_("Without the site's root certificate (--authority) it is not checked who made the seals."))
        return None


def simulate_camera(
    port: int = typer.Option(
        0, "--port", min=0, max=65535, help="Port of the ONVIF service; 0 = a free one."
    ),
    user: str = typer.Option("admin", "--user", help="Empty: no password is asked for."),
    password: str = typer.Option("", "--password", help="Of the simulated camera."),
    name: str = typer.Option(
        "SIM", "--name", help="Code of the camera; it is part of the picture's time code."
    ),
    title: str = typer.Option("", "--title", help="What is written on the wall of the room."),
    scene: Scene = typer.Option("theory", "--scene", help="What the picture shows."),
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on; 0.0.0.0 = every one."),
    rtsp_port: int = typer.Option(
        0, "--rtsp-port", min=0, max=65535, help="Port of the stream; 0 = a free one."
    ),
    authentication: Authentication = typer.Option("both", "--auth", help="How it asks for the password."),
    codec: Codec = typer.Option("h264", "--codec", help="How the picture is coded."),
    sound: Sound = typer.Option("none", "--sound", help="What is heard beside the picture."),
    media: Media = typer.Option("both", "--media", help="Which of ONVIF's media services it has."),
    empty_options: bool = typer.Option(
        False, "--empty-options", help="Say nothing about what the encoder can do."
    ),
    second: bool = typer.Option(False, "--second", help="It has a second, smaller stream."),
    card: float = typer.Option(
        0.0, "--card", help="Minutes of pictures its own card holds (ONVIF Profile G); 0 = it has none."
    ),
    skew: float = typer.Option(0.0, "--skew", help="Seconds the camera's clock is ahead."),
    fps: int = typer.Option(10, "--fps", min=1, max=30, help="Pictures in a second."),
    advertise: str = typer.Option("", "--advertise", help="Host named in ONVIF answers instead of its own."),
    control: Path = typer.Option(
        None, "--control", help="Control socket: orders for every kind of misbehaviour."
    ),
    message_id: str = typer.Option(
        "", "--message-id", help="One message id for every answer to discovery, as some cameras send."
    ),
    misbehave: list[str] = typer.Option(
        [], "--misbehave", help="What it does badly: NAME, or NAME:SECONDS for again and again; repeatable."
    ),
) -> None:
    """A camera (ONVIF, RTSP, H.264 or H.265, 1080p) whose picture carries its time. Runs until stopped."""
    from cameras.simulator.camera import SimulatedCamera, Traits
    from cameras.simulator.misbehave import misbehave as do_badly
    from cameras.simulator.misbehave import read_order

    badly = [read_order(one) for one in misbehave]
    traits = Traits(
        code=name,
        title=title,
        scene=scene,
        host=host,
        port=port,
        rtsp_port=rtsp_port,
        user=user,
        password=password,
        authentication=authentication,
        codec=codec,
        sound=sound,
        media=media,
        empty_options=empty_options,
        second=second,
        card=card,
        skew=skew,
        fps=fps,
        advertise=advertise,
        control=control,
        fixed_message=message_id,
    )
    camera = SimulatedCamera(traits)

    async def run() -> None:
        stop = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        try:
            await camera.start()
        except OSError as error:
            raise Corrupt(
                "cannot_start",
                N_(
                    "The simulated device cannot start: its address, port or file is taken, or not this machine's."
                ),
                N_("Choose another one."),
            ) from error
        _tell(
            _("Simulated camera {name}: ONVIF on {address}, stream on port {port}.").format(
                name=name, address=camera.address, port=camera.rtsp.port
            )
        )
        if not camera.discovered:
            _tell(_("UDP port 3702 is taken: this camera is not found by discovery, only by address."))
        doing = [asyncio.create_task(do_badly(camera, one)) for one in badly]
        try:
            await stop.wait()
        finally:
            for one in doing:
                one.cancel()
            await camera.stop()

    asyncio.run(run())


async def recorder(settings: Settings) -> None:
    """`examsite run recorder`."""
    from cameras.recorder import main

    await main(settings)


async def clips(settings: Settings) -> None:
    """`examsite run clips`."""
    from cameras.clips import main

    await main(settings)
