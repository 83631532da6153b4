"""examsite recordings verify-clip and verify-package: what was taken away, checked on any machine."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from appliance.base.crypto import fingerprint, read_secret
from appliance.base.errors import NotFound
from appliance.base.evidence_words import gap_cause, unended, unsealed, wrong
from appliance.base.i18n import N_, _
from appliance.base.settings import load
from appliance.wire.recorder import Kept, Sealing

if TYPE_CHECKING:
    from cameras.clips.package_proof import PackageVerified
    from cameras.clips.proof import ClipVerified


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def verify_clip(
    file: Path = typer.Argument(..., help="A clip or a package downloaded from the inspector's page."),
    authority: Path = typer.Option(
        None, "--authority", help="Certificate of the site's authority (PEM); default: this box's own."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Is this clip as the site gave it out? Needs the file and the site's certificate only; exit status 1 when
    not.
    """
    from cameras import tell
    from cameras.clips import package_proof, proof

    if file.is_file() and package_proof.is_package(file):
        _package(file, authority, json)
        return
    trusted = authority_of(authority)
    found = proof.verify_clip(file, trusted)
    if json:
        tell.document(found)
    else:
        _tell_clip(found)
        _tell_authority(trusted)
    if not found.ok:
        raise typer.Exit(1)


def verify_package(
    file: Path = typer.Argument(..., help="An evidence package (ZIP) from the inspector's page."),
    authority: Path = typer.Option(
        None, "--authority", help="Certificate of the site's authority (PEM); default: this box's own."
    ),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Is this evidence package as the site gave it out, and every recording in it? Exit status 1 when not."""
    _package(file, authority, json)


def _package(file: Path, authority: Path | None, json: bool) -> None:
    from cameras import tell
    from cameras.clips import package_proof

    trusted = authority_of(authority)
    found = package_proof.verify_package(file, trusted)
    if json:
        tell.document(found)
    else:
        _tell_package(found)
        _tell_authority(trusted)
    if not found.ok:
        raise typer.Exit(1)


def authority_of(named: Path | None) -> bytes:
    """The site's root certificate: the named file, or on a box its own."""
    try:
        return read_secret(named or load().state / "keys" / "authority.pem")
    except NotFound as error:
        if named:
            raise NotFound(
                "no_such_file",
                N_("The file {path} cannot be read."),
                N_("Check the name."),
                path=str(named),
            ) from error
        raise NotFound(
            "no_authority",
            N_("There is no root certificate of a site on this machine."),
            N_("Name the site's root certificate with --authority; the province has it on record."),
        ) from error


def _tell_authority(trusted: bytes) -> None:
    words = _(
        "Fingerprint of authority.pem (SHA-256), to be compared with the one the province has on record:"
    )
    typer.echo(f"{words} {fingerprint(trusted)}")


def _clip_words() -> dict[str, str]:
    return {
        "no_proof": _("It carries no proof that can be read. Download it again."),
        "altered": _("The film is not the one that was given out."),
        "bad_signature": _("The signature does not fit."),
        "bad_certificate": _("It was not signed by this site."),
        "source_altered": _("When it was cut, the recording {path} was no longer as recorded."),
        "source_row_altered": _(
            "When it was cut, what the index said of the recording {path} was not what the chain of recordings says."
        ),
        "source_missing": _("When it was cut, the recording {path} was missing."),
        "source_unreadable": _(
            "When it was cut, the recording {path} or its place in the chain of recordings could not be read."
        ),
    }


def _tell_clip(found: "ClipVerified") -> None:
    for finding in found.findings:
        typer.echo(_clip_words()[finding.code].format(path=finding.path))
    clip = found.clip
    if clip is None:
        return
    name = f"{clip.mark} {clip.site} {clip.site_name}".strip()
    start, end, made = (_there(clip.zone, at) for at in (clip.start, clip.end, clip.made_at))
    stretch = f"{start:%Y-%m-%d %H:%M:%S} – {end:%H:%M:%S %z}"
    typer.echo(f"{name}  {clip.camera} {clip.camera_name}  {stretch}")
    asked = [_there(clip.zone, at) for at in (clip.asked_start, clip.asked_end)]
    typer.echo(
        _("Asked for: {start} – {end}").format(start=f"{asked[0]:%H:%M:%S}", end=f"{asked[1]:%H:%M:%S}")
    )
    if clip.form == "examsite-copy 1":
        typer.echo(
            _(
                "It is a copy with the time in the picture, encoded anew. Hash of its original's picture data:"
                " SHA-256 {sha256}"
            ).format(sha256=clip.original)
        )
    else:
        typer.echo(_("Hash of the picture data: SHA-256 {sha256}").format(sha256=clip.film))
    _tell_lost(clip.lost if clip.form == "examsite-copy 1" else 0)
    _tell_kept([one.state for one in clip.sources] if clip.form == "examsite-clip 1" else [])
    if found.ok and clip.form == "examsite-copy 1":
        _tell(
            _(
                "This site made the copy on {day}, and it is unaltered. It proves nothing: its original does."
            ).format(day=f"{made:%Y-%m-%d %H:%M %z}")
        )
    elif found.ok:
        _tell(
            _("The clip is whole and was signed by this site on {day}.").format(
                day=f"{made:%Y-%m-%d %H:%M %z}"
            )
        )
    _tell_held(clip.zone, made, found.sealing, [one.code for one in found.findings])


def _tell_held(zone: str, made: datetime, sealing: Sealing | None, codes: list[str]) -> None:
    """What was given out is as it was: say so where only its recordings were not, and what seals lay over them."""
    if not all(code.startswith("source_") for code in codes):
        return
    if codes:
        words = _(
            "It is itself as it was given out on {day}, and its signature fits; but what it was cut from was not"
            " found as recorded, see above."
        )
        _tell(words.format(day=f"{made:%Y-%m-%d %H:%M %z}"))
    if sealing and sealing.unsealed:
        _tell(unsealed(sealing.unsealed, sealing.sources))
    elif sealing and sealing.newest and not codes:
        words = _(
            "Source recordings sealed by the recorder when this was given out: all ({sources}). Newest seal: {day}"
        )
        day = f"{_there(zone, sealing.newest):%Y-%m-%d %H:%M %z}"
        _tell(words.format(sources=sealing.sources - sealing.open, day=day))
    if sealing and sealing.open:
        _tell(unended(sealing.open))


def _tell_lost(count: int) -> None:
    if count:
        words = _("Pictures of the original that could not be decoded and are not in the copy: {count}")
        typer.echo(words.format(count=count))


def _tell_kept(states: list[Kept]) -> None:
    """What was not simply recorded: its hash proves nothing about the time before."""
    words = {
        "filled": _(
            "{count} of its recordings were put into a gap later, out of a camera's card or a film somebody brought:"
            " their times are as that one or the person stated them."
        ),
        "recovered": _(
            "{count} of its recordings were ended by a crash and hashed at the restart: not before."
        ),
        "adopted": _(
            "{count} of its recordings were unknown to the index and hashed when they were found: not before."
        ),
    }
    for kept, count in Counter(states).items():
        if kept in words:
            typer.echo(words[kept].format(count=count))


def _tell_package(found: "PackageVerified") -> None:
    words = {
        "no_manifest": _("It has no list that can be read."),
        "bad_signature": _("The signature of the list does not fit."),
        "bad_certificate": _("The list was not signed by this site."),
        "altered": _("altered"),
        "missing": _("missing"),
        "added": _("added"),
        "twice": _("twice in it"),
        "bad_clip": _("Its own proof does not hold."),
    }
    for finding in found.findings:
        more = _clip_words().get(finding.clip, "").format(path=finding.source) if finding.clip else ""
        what = "" if finding.source else f"{words[finding.code]} "  # of the recording: the clip itself holds
        typer.echo(f"{finding.path}  {what}{more}".rstrip())
    stated = found.package
    if stated is None:
        return
    start, end, made = (
        _there(stated.zone, at) for at in (stated.asked_start, stated.asked_end, stated.made_at)
    )
    site = f"{stated.mark} {stated.site} {stated.site_name}".strip()
    inside = dict.fromkeys(one.camera for one in stated.files if one.kind in ("clip", "copy"))
    typer.echo(f"{site}  {' '.join(inside)}  {start:%Y-%m-%d %H:%M:%S} – {end:%H:%M:%S %z}")
    _tell_kept([way for one in stated.files for way in one.kept])
    _tell_lost(sum(one.lost for one in stated.files))
    if stated.gaps:
        typer.echo(_("Gaps in the recordings: {count}.").format(count=len(stated.gaps)))
    for gap in stated.gaps:
        line = _("Nothing on record: {camera} {time}, {cause}")
        time, cause = _stretch(stated.zone, gap.start, gap.end), gap_cause(gap.cause)
        typer.echo(line.format(camera=gap.camera, time=time, cause=cause))
    for one in stated.left_out:
        path = f"{one.camera} {_stretch(stated.zone, one.start, one.end)}" if one.camera else one.path
        line = _("Could not be had when it was made: {path} ({code})")
        typer.echo(line.format(path=path, code=wrong(one.code)))
    _tell(_("{count} files checked.").format(count=found.checked))
    if found.ok:
        _tell(
            _("The package is whole and was signed by this site on {day}.").format(
                day=f"{made:%Y-%m-%d %H:%M %z}"
            )
        )
    _tell_held(stated.zone, made, stated.sealing, [one.clip or one.code for one in found.findings])


def _stretch(zone: str, start: datetime | None, end: datetime | None) -> str:
    first, last = (_there(zone, at) if at else None for at in (start, end))
    return f"{first:%Y-%m-%d %H:%M:%S} – {last:%H:%M:%S}" if first and last else ""


def _there(zone: str, at: datetime) -> datetime:
    """As the clocks at the site showed it; UTC when this machine does not know the zone."""
    try:
        return at.astimezone(ZoneInfo(zone))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return at.astimezone(UTC)
