"""examsite faces: compare two photographs with the site's face engine and bands."""

from pathlib import Path
from typing import Any

import typer

from appliance.base.errors import NotFound
from appliance.base.i18n import N_, _
from appliance.base.settings import FaceSettings, config_path, load
from appliance.cli.run import show
from appliance.rules.facecheck import band

app = typer.Typer(no_args_is_help=True, help="The face check. 人证核验。")

BANDS = {
    "admit": N_("the same person: admit"),
    "review": N_("unclear: a person must look"),
    "mismatch": N_("not the same person"),
}


@app.callback()
def faces() -> None:
    """Keep the subcommand's name even while it is the only one."""


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
    engine = load_engine(settings.engine)
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
