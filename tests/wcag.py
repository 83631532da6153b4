"""A page as it stands now, held against WCAG 2.1 level A and AA by axe-core (the rules a program can decide)."""

from functools import cache

from playwright.sync_api import Page

from tests.house.tree import TOP

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@cache
def _axe() -> str:
    return (TOP / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def faults(page: Page) -> list[str]:
    """One line per fault: the rule, the element, and what axe-core says of it; empty = none."""
    page.evaluate(_axe())
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", TAGS
    )
    assert found["passes"], "axe-core looked at nothing"
    return [
        f"{rule['id']}: {node['html'][:120]} ({' '.join(node['failureSummary'].split())[:200]})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
