"""Templates: one Jinja environment, the language from the request's context."""

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from appliance.base.i18n import LANGUAGES, _, language
from appliance.flow.accounts import Who
from appliance.flow.box import Box

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

    def day(moment: datetime | None) -> str:
        return box.local(moment).strftime("%Y-%m-%d") if moment else "–"

    def duration(seconds: float) -> str:
        hours, rest = divmod(int(seconds), 3600)
        minutes, secs = divmod(rest, 60)
        if hours:
            return f"{hours} h {minutes} min"
        return f"{minutes} min" if minutes else f"{secs} s"

    jinja.filters.update(clock=clock, day=day, duration=duration)
    jinja.globals.update(_=_, site=box.site, language=language, languages=LANGUAGES, now=box.now)
    return jinja


def template_config(box: Box) -> TemplateConfig[JinjaTemplateEngine]:
    """For Litestar."""
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment(box)))


def page(request: Request[Who | None, Any, Any], name: str, **context: Any) -> Template:
    """A page with what every page needs: the request (CSRF), who is signed in."""
    return Template(name, context={"who": request.user, "request": request, **context})
