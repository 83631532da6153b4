"""`examsite tui`: the technician's terminal."""

import asyncio
from pathlib import Path

import typer

from appliance.base.errors import ExamError
from appliance.base.i18n import set_language
from appliance.base.settings import load

app = typer.Typer(help="The technician's terminal (needs a terminal of at least 80x24).")


def defaults() -> tuple[str, Path | None]:
    """Address and authority of the box whose configuration this machine can read."""
    try:
        settings = load()
    except (ExamError, PermissionError):
        return "https://127.0.0.1:8443", None
    authority = settings.state / "keys" / "authority.pem"
    return f"https://127.0.0.1:{settings.web.port}", authority


@app.callback(invoke_without_command=True)
def tui(
    url: str = typer.Option(None, "--url", help="Address of the box; default: the box of this machine."),
    ca: Path = typer.Option(None, "--ca", help="The site authority's certificate (keys/authority.pem)."),
    login: str = typer.Option("", "--login", help="Your login; the password is asked for."),
    lang: str = typer.Option(None, "--lang", help="zh_CN or en; default from the environment."),
    every: float = typer.Option(
        5.0, "--every", min=1.0, help="Seconds between two questions on a quiet day."
    ),
) -> None:
    """Show the exam day: sittings, lanes, stations, cameras, backlog, disks, journal, people, processes."""
    from ops_tui.app import OpsApp  # Textual is slow to load: only for this command
    from ops_tui.client import Client

    if lang:
        set_language(lang)
    found, authority = defaults()

    async def run() -> None:
        client = Client(url or found, ca or (authority if url is None else None))
        try:
            await OpsApp(client, login=login, every=every).run_async()
        finally:
            await client.close()

    asyncio.run(run())
