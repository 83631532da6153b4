"""Pictures that lie on the cells of a workbook: which sheet, row and column each begins in."""

import posixpath
from typing import NamedTuple

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.intake.questions import safe_xml
from appliance.intake.questions.safe_xml import Element, attribute, below, first, words_of
from appliance.intake.questions.safe_zip import Package, within

MAX_PICTURES = 5000
CELL_IMAGES = "xl/cellimages.xml"

Rows = dict[int, dict[int, list[bytes]]]
"""Row number (from 1) -> column index (from 0) -> pictures."""


class Placed(NamedTuple):
    """The pictures of a workbook: those that lie on cells, by the sheet's name; those inside cells, by their id.

    The second sort is what WPS makes (嵌入单元格): the cell holds `=DISPIMG("ID_...",1)`, xl/cellimages.xml the rest.
    """

    on_cells: dict[str, Rows]
    in_cells: dict[str, bytes]


def pictures_in(content: bytes) -> Placed:
    """Every picture of a workbook by its place. Raises Corrupt."""
    package = Package(content)
    placed: dict[str, Rows] = {}
    inside = _inside_cells(package)
    count = len(inside)
    if not any(name.startswith("xl/drawings/") for name in package.names):
        return Placed({}, inside)
    for name, sheet in _sheets(package):
        for drawing in _related(package, sheet, "/drawing").values():
            for row, at, body in _anchored(package, drawing):
                count += 1
                if count > MAX_PICTURES:
                    raise Corrupt(
                        "too_many_files", N_("The package holds too many files."), N_("Split the package.")
                    )
                placed.setdefault(name, {}).setdefault(row, {}).setdefault(at, []).append(body)
    return Placed(placed, inside)


def _inside_cells(package: Package) -> dict[str, bytes]:
    root = _parsed(package, CELL_IMAGES)
    media = _related(package, CELL_IMAGES, "/image") if root is not None else {}
    found: dict[str, bytes] = {}
    for picture in () if root is None else below(root, "cellImage"):
        name = next((attribute(one, "name") for one in below(picture, "cNvPr")), "")
        for blip in below(picture, "blip"):
            body = package.read(media.get(attribute(blip, "embed"), ""))
            if body is not None:
                found[name] = body
    return found


def _parsed(package: Package, name: str) -> Element | None:
    content = package.read(name)
    return None if content is None else safe_xml.parse(content)


def _related(package: Package, part: str, kind: str) -> dict[str, str]:
    """Relation id -> part, of the relations of a part whose type ends so."""
    folder, name = posixpath.split(part)
    root = _parsed(package, f"{folder}/_rels/{name}.rels")
    found: dict[str, str] = {}
    for relation in () if root is None else below(root, "Relationship"):
        if relation.get("Type", "").endswith(kind) and relation.get("TargetMode", "") != "External":
            target = relation.get("Target", "")
            found[relation.get("Id", "")] = (
                within("", target.lstrip("/")) if target.startswith("/") else within(folder, target)
            )
    return found


def _sheets(package: Package) -> list[tuple[str, str]]:
    """Name and part of every sheet."""
    root = _parsed(package, "xl/workbook.xml")
    parts = _related(package, "xl/workbook.xml", "/worksheet")
    sheets = [] if root is None else list(below(root, "sheet"))
    return [(sheet.get("name", ""), parts.get(attribute(sheet, "id"), "")) for sheet in sheets]


def _anchored(package: Package, drawing: str) -> list[tuple[int, int, bytes]]:
    root = _parsed(package, drawing)
    media = _related(package, drawing, "/image")
    found: list[tuple[int, int, bytes]] = []
    for anchor in () if root is None else root:
        row, at = words_of(first(anchor, "from", "row")), words_of(first(anchor, "from", "col"))
        for blip in below(anchor, "blip"):
            body = package.read(media.get(attribute(blip, "embed"), ""))
            if body is not None and row.isdecimal() and at.isdecimal() and len(row) < 8 and len(at) < 6:
                found.append((int(row) + 1, int(at), body))
    return found
