"""QTI content packages: the list of contents (imsmanifest.xml), its items and their pictures. Single items too."""

import posixpath
from collections.abc import Iterator

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.intake.questions import safe_xml
from appliance.intake.questions.pictures import from_data_address, picture
from appliance.intake.questions.qti_item import read_item, version_of
from appliance.intake.questions.question import Draft, Found
from appliance.intake.questions.rich_text import FetchPicture, Unusable
from appliance.intake.questions.safe_xml import Element, attribute, below, first, local, words_of
from appliance.intake.questions.safe_zip import Package, within
from appliance.intake.questions.words import difficulty

MANIFEST = "imsmanifest.xml"
_VERSIONS = {"v2p0": "qti_2.1", "v2p1": "qti_2.1", "v2p2": "qti_2.2", "v3p0": "qti_3.0"}


def read_single(root: Element, name: str) -> Found:
    """A file that is one item. Its pictures must be written into the text: there is no package around it."""
    found = Found(format=version_of(root))
    found.add(read_item(root, found, _fetch(found, None, ""), name))
    return found


def read_package(package: Package) -> Found:
    """Every item of a package. Raises Corrupt for a package that cannot be used at all."""
    package.check()
    manifests = [name for name in package.names if posixpath.basename(name) == MANIFEST]
    manifest = min(manifests, key=lambda name: name.count("/"), default="")
    if not manifest:
        raise no_manifest()
    root = safe_xml.parse(package.read(manifest) or b"")
    found = Found(format="")
    for resource, version in _items(root):
        found.format = found.format or version
        _read_resource(resource, root, package, posixpath.dirname(manifest), found)
    if not found.drafts:
        if any(
            attribute(one, "type").casefold().startswith("imsqti_xmlv1") for one in below(root, "resource")
        ):
            raise old_qti()
        raise Corrupt(
            "no_items",
            N_("The package lists no questions."),
            N_("Export the questions themselves, not only a test."),
        )
    return found


def old_qti() -> Corrupt:
    """The refusal of QTI 1.x, another format by the same name."""
    return Corrupt(
        "old_qti",
        N_("This is QTI 1.2, which the box does not read."),
        N_("Export the questions as QTI 2.1, 2.2 or 3.0."),
    )


def no_manifest() -> Corrupt:
    """The refusal of a zip that is no package."""
    return Corrupt(
        "no_manifest",
        N_("The package has no list of contents (imsmanifest.xml)."),
        N_("Export the questions again as a QTI content package."),
    )


def _items(root: Element) -> Iterator[tuple[Element, str]]:
    for resource in below(root, "resource"):
        kind = attribute(resource, "type").casefold()
        if kind.startswith(("imsqti_item_xml", "imsqti_apipitem_xml")):
            yield resource, next((one for mark, one in _VERSIONS.items() if mark in kind), "qti_2.1")


def _read_resource(resource: Element, root: Element, package: Package, folder: str, found: Found) -> None:
    base = posixpath.join(folder, _base(first(root, "resources")), _base(resource))
    href = attribute(resource, "href")
    identifier = attribute(resource, "identifier") or href
    place = within(base, href)
    content = package.read(place) if place else None
    if content is None:
        draft = Draft(item=identifier, line=int(resource.sourceline or 0))
        found.add(draft.refuse("file_missing", href[:80] or identifier))
        return
    try:
        item = safe_xml.parse(content)
    except Corrupt as error:
        found.add(Draft(item=identifier, line=1).refuse("bad_xml", error.text("en")[:120]))
        return
    if not found.drafts and version_of(item) != found.format and local(item) == "assessmentItem":
        found.format = version_of(item)  # what the items are counts, not what the list calls them
    draft = read_item(item, found, _fetch(found, package, posixpath.dirname(place)), identifier)
    _described(resource, draft)
    found.add(draft)


def _base(element: Element | None) -> str:
    return attribute(element, "base") if element is not None else ""


def _described(resource: Element, draft: Draft) -> None:
    """Topic, difficulty and source from the item's metadata (LOM)."""
    lom = next(below(resource, "lom"), None)
    if lom is None:
        return
    draft.topic = words_of(first(lom, "general", "keyword"))[:100]
    draft.difficulty = difficulty(words_of(first(lom, "educational", "difficulty", "value"))) or 0
    draft.source = words_of(first(lom, "relation", "resource", "description"))[:200]


def _fetch(found: Found, package: Package | None, folder: str) -> FetchPicture:
    def fetch(reference: str) -> str:
        if reference.startswith("data:"):
            return found.keep(from_data_address(reference))
        name = within(folder, reference)
        content = package.read(name) if package is not None and name else None
        if content is None:
            raise Unusable("picture_missing", reference[-60:])
        return found.keep(picture(content, name))

    return fetch
