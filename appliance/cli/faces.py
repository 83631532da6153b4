"""examsite faces: compare two photographs, and set the bands from the site's own pairs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from appliance.base.errors import Corrupt, NotFound
from appliance.base.i18n import N_, _
from appliance.base.settings import FaceSettings, config_path, load
from appliance.cli.run import show, tell
from appliance.rules.facecheck import band

if TYPE_CHECKING:
    from appliance.faces.curve import Bands, Pairs
    from appliance.faces.pairs import Distances

app = typer.Typer(no_args_is_help=True, help="The face check.")

BANDS = {
    "admit": N_("the same person: admit"),
    "review": N_("unclear: a person must look"),
    "mismatch": N_("not the same person"),
}


def _settings() -> FaceSettings:
    """The site's bands, or the defaults on a machine that is no site."""
    return load().faces if config_path().exists() else FaceSettings()


def _described(engine: Any, file: Path) -> tuple[Any, int]:
    from appliance.faces import pictures
    from appliance.faces.port import single

    try:
        picture = pictures.decode(file.read_bytes())
    except OSError as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(file)
        ) from error
    except Corrupt as error:
        raise Corrupt(
            error.code,
            N_("The file {path} is no picture that can be used."),
            N_("Use a JPEG, PNG, WebP or BMP file."),
            path=str(file),
        ) from error
    boxes = engine.detect(picture)
    largest = boxes[0] if len(boxes) > 1 else single(boxes)
    return engine.describe(picture, largest), len(boxes)


@app.command(no_args_is_help=True)
def compare(
    one: Path = typer.Argument(..., metavar="A", help="A photograph."),
    other: Path = typer.Argument(..., metavar="B", help="Another one."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Tell how far the largest faces of two photographs are apart and in which band that lies."""
    from appliance.faces.engines import load as load_engine

    settings = _settings()
    engine = load_engine(settings.engine, settings.detector, settings.recogniser)
    (first, in_one), (second, in_other) = _described(engine, one), _described(engine, other)
    distance = round(engine.compare(first, second), 4)
    found = band(distance, settings.admit_below, settings.review_below)
    if json:
        show(
            {
                "engine": f"{engine.name} {engine.version}",
                "distance": distance,
                "band": found,
                "faces": [in_one, in_other],
            }
        )
    else:
        typer.echo(
            _("Distance {distance}: {band}. Faces: {one} and {other}. Engine: {engine}.").format(
                distance=distance, band=_(BANDS[found]), one=in_one, other=in_other, engine=engine.name
            )
        )


@app.command(no_args_is_help=True)
def calibrate(
    pairs: Path = typer.Argument(..., metavar="PAIRS.csv", help="Columns: file_a,file_b,same (1 or 0)."),
    picture: Path = typer.Option(None, "--picture", metavar="FILE", help="Draw the curve into a PNG file."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Measure how often the engine errs on the site's own pairs, and suggest the bands."""
    from appliance.faces.curve import Bands, Pairs, careful
    from appliance.faces.engines import load as load_engine
    from appliance.faces.pairs import measure, read
    from appliance.faces.roc_picture import draw

    settings = _settings()
    try:
        rows = read(pairs.read_bytes())
    except OSError as error:
        raise NotFound(
            "no_such_file", N_("The file {path} cannot be read."), N_("Check the name."), path=str(pairs)
        ) from error
    engine = load_engine(settings.engine, settings.detector, settings.recogniser)
    found = measure(engine, rows, pairs.parent)
    try:
        curve = Pairs(found.same, found.different)
    except ValueError as error:
        raise Corrupt(
            "too_few_pairs",
            N_("Too few pairs: {same} of the same person and {different} of different people were compared."),
            N_("Give pairs of both kinds; thousands of different people for FAR 0.1 %."),
            same=len(found.same),
            different=len(found.different),
        ) from error
    present = Bands(settings.admit_below, settings.review_below)
    suggested = careful(curve.suggest(), present, curve.enough_same, curve.enough_different)
    if picture:
        picture.write_bytes(draw(curve, f"{engine.name} {engine.version}"))
    if json:
        show(_document(f"{engine.name} {engine.version}", curve, suggested, found))
    else:
        _print_curve(curve, suggested)
    _say_what_lacks(curve, found)
    if found.skipped:
        raise typer.Exit(1)


def _document(engine: str, curve: "Pairs", suggested: "Bands", found: "Distances") -> dict[str, Any]:
    equal, strict = curve.equal_error(), curve.at_far()
    return {
        "engine": engine,
        "pairs": {"same": len(curve.same), "different": len(curve.different)},
        "skipped": found.skipped,
        "enough": {"same": curve.enough_same, "different": curve.enough_different},
        "thresholds": curve.table(),
        "eer": (equal.frr + equal.far) / 2,
        "eer_threshold": equal.threshold,
        "far_0_1_percent": strict,
        "suggested": suggested,
    }


def _print_curve(curve: "Pairs", suggested: "Bands") -> None:
    equal, strict = curve.equal_error(), curve.at_far()
    line = _("Below {threshold:.3f}: FRR {frr:.2%}, FAR {far:.2%}. {name}")
    for point, name in ((equal, _("Equal error.")), (strict, _("FAR at most 0.1 %."))):
        typer.echo(line.format(threshold=point.threshold, frr=point.frr, far=point.far, name=name))
    typer.echo(
        _("Suggested: faces.admit_below = {admit}, faces.review_below = {review}").format(
            admit=suggested.admit_below, review=suggested.review_below
        )
    )


def _say_what_lacks(curve: "Pairs", found: "Distances") -> None:
    """Plainly, whatever the form of the output: few pairs prove little."""
    from appliance.faces.curve import ENOUGH_DIFFERENT, ENOUGH_SAME

    for one in found.skipped:
        tell(_("Line {row} was left out: {code}.").format(row=one.row, code=one.code))
    if not curve.enough_different:
        tell(
            _(
                "Too few pairs of different people for FAR 0.1 %: {have} of {need}. The suggestion does not "
                "widen the band in which the machine admits."
            ).format(have=len(curve.different), need=ENOUGH_DIFFERENT)
        )
    if not curve.enough_same:
        tell(
            _(
                "Too few pairs of the same person for FRR 5 %: {have} of {need}. The suggestion does not "
                "widen the band of mismatches."
            ).format(have=len(curve.same), need=ENOUGH_SAME)
        )


@app.command()
def forget(
    do: bool = typer.Option(False, "--do", help="Delete them now; without it they are only counted."),
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Delete the pictures of face checks and papers that have been kept long enough; done every night."""
    from appliance.flow.box import Box
    from appliance.flow.forget_faces import Forgotten, count_due, forget_faces

    box = Box.open(load())
    box.db.start()
    days, count = box.settings.faces.keep_days, box.db.read_now(count_due, box)
    try:
        done = forget_faces(box) if do else Forgotten()
    finally:
        box.db.stop()
    if json:
        show({"keep_days": days, "due": count, "deleted": done.count, "left_over": done.left_over})
    elif do:
        tell(_("The pictures of {count} face checks and papers were deleted.").format(count=done.count))
        if done.left_over:
            tell(_("{count} left-over pictures were deleted.").format(count=done.left_over))
    else:
        sentence = _(
            "{count} face checks and papers are older than {days} days: their pictures can be deleted."
        )
        tell(sentence.format(count=count, days=days))
