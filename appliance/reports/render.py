"""From a template and facts to a PDF: Jinja, then WeasyPrint. Nothing is fetched from anywhere."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from appliance.base.errors import Refused
from appliance.base.i18n import N_, _, language
from appliance.wire.evidence import PlainHeading
from appliance.wire.sheets import Heading

FOLDER = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """The Jinja environment of the sheets; text comes in the current language."""
    jinja = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals.update(_=_, language=language)
    jinja.filters.update(points=points, css=css)
    return jinja


def css(text: str) -> Markup:
    """`text` as a CSS string (CSS Syntax 3, 4.3.5): every character that could end it is escaped."""
    plain = "".join(c if c.isalnum() or c in " -–·:/()" else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{plain}"')


def points(value: Decimal | None) -> str:
    """A decimal without needless zeros; a dash for None."""
    return "–" if value is None else f"{value.normalize():f}"


def times(zone: ZoneInfo) -> dict[str, Callable[[datetime | None], str]]:
    """Filters that show a moment in the site's zone."""

    def shown(pattern: str) -> Callable[[datetime | None], str]:
        return lambda moment: moment.astimezone(zone).strftime(pattern) if moment else "–"

    return {"clock": shown("%H:%M:%S"), "hour": shown("%H:%M"), "day": shown("%Y-%m-%d")}


def html(name: str, heading: Heading | PlainHeading, title: str, **context: Any) -> str:
    """The sheet as HTML. `title`: a message id."""
    zone = ZoneInfo(heading.timezone)
    with_zone = environment().overlay()
    with_zone.filters = {**environment().filters, **times(zone)}
    made = heading.made_at.astimezone(zone).isoformat(timespec="seconds")
    return with_zone.get_template(name).render(heading=heading, title=_(title), made=made, **context)


def pdf(name: str, heading: Heading | PlainHeading, title: str, **context: Any) -> bytes:
    """The sheet as PDF; its dates are those of the facts, so that the same facts give the same bytes."""
    from weasyprint import HTML  # slow to load: only when a sheet is printed

    page = HTML(string=html(name, heading, title, **context), base_url=str(FOLDER), url_fetcher=_fetch)
    body: bytes = page.write_pdf(pdf_identifier=False)
    return body


def _fetch(url: str, *_args: Any, **_more: Any) -> Any:
    """Only what lies in the template folder, or in the page itself."""
    from weasyprint.urls import URLFetcher

    if url.startswith(("data:", f"file://{FOLDER}/")):
        return URLFetcher().fetch(url)
    raise Refused("sheet_reaches_out", N_("A sheet may not load {url}."), url=url)
