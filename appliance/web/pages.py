"""Templates: one Jinja environment, the language from the request's context."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from appliance.base.i18n import LANGUAGES, _, language, translate
from appliance.base.ids import new_id
from appliance.base.journal_words import kind_word
from appliance.flow.box import Box
from appliance.web import words
from appliance.web.entry_words import happened

TEMPLATES = Path(__file__).parent / "templates"


def environment(box: Box) -> Environment:
    """The Jinja environment with the filters every page uses."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def clock(moment: datetime | None) -> str:
        return box.local(moment).strftime("%H:%M:%S") if moment else "–"

    def hour(moment: datetime | None) -> str:
        return box.local(moment).strftime("%H:%M") if moment else "–"

    def day(moment: datetime | None) -> str:
        return box.local(moment).strftime("%Y-%m-%d") if moment else "–"

    def duration(seconds: float) -> str:
        hours, rest = divmod(int(seconds), 3600)
        minutes, secs = divmod(rest, 60)
        if hours:
            return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
        return _("{count} min").format(count=minutes) if minutes else _("{count} s").format(count=secs)

    def exactly(seconds: int) -> str:
        minutes, rest = divmod(seconds, 60)
        if minutes >= 60 and rest:
            return " ".join((duration(seconds), _("{count} s").format(count=rest)))
        if minutes and rest:
            return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
        return duration(seconds)

    def points(value: Decimal | None) -> str:
        return f"{value.normalize():f}" if value is not None else "–"

    jinja.filters.update(
        clock=clock,
        hour=hour,
        day=day,
        duration=duration,
        exactly=exactly,
        points=points,
        said=translate,
        word=words.word,
    )
    jinja.globals.update(
        _=_,
        site=box.site,
        site_name=lambda: box.site_name,
        zone=box.settings.site.timezone,
        language=language,
        languages=LANGUAGES,
        now=box.now,
        new_id=new_id,
        happened=lambda at, recorded: happened(at, recorded, box.zone),
        kind_word=kind_word,
        field_words=lambda: {name: translate(text) for name, text in words.FIELDS.items()},
    )
    return jinja


def template_config(box: Box) -> TemplateConfig[JinjaTemplateEngine]:
    """For Litestar."""
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment(box)))


def page(request: Request[Any, Any, Any], name: str, /, **context: Any) -> Template:
    """A page with what every page needs: the request (CSRF), who is signed in."""
    return Template(name, context={"who": request.user, "request": request, **context})


DONE = {"hx-retarget": "#done", "hx-reswap": "innerHTML", "hx-trigger": "changed"}
"""Headers of a note after an order."""


def done(request: Request[Any, Any, Any], text: str, more: str = "", kind: str = "go") -> Template:
    """The note after an order was carried out; the page's parts are read again at once."""
    return Template(
        "done.html",
        context={"who": request.user, "request": request, "text": text, "more": more, "kind": kind},
        headers=DONE,
    )
