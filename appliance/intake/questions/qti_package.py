"""QTI content packages: the list of contents (imsmanifest.xml), its items and their pictures. Single items too."""

import posixpath
from collections.abc import Iterator

from appliance.base.errors import Corrupt
from appliance.base.i18n import N_
from appliance.intake.questions import safe_xml
from appliance.intake.questions.pictures import kept, kept_from_address
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
    found.add(read_item(root, found, _fetch(found, None, "", {}), name))
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
    reader = _Reader(package, root, posixpath.dirname(manifest), found)
    for resource, version in _items(root):
        found.format = found.format or version
        reader.read(resource)
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


class _Reader:
    """Reads the items of one package. No file twice, so that the work is bounded by the package's size."""

    def __init__(self, package: Package, root: Element, folder: str, found: Found) -> None:
        self._package, self._found = package, found
        self._base = posixpath.join(folder, _base(root), _base(first(root, "resources")))
        self._read: set[str] = set()
        self._pictures: dict[str, str] = {}

    def read(self, resource: Element) -> None:
        """Read the item of a resource, or say why not."""
        found, href = self._found, attribute(resource, "href")
        identifier = attribute(resource, "identifier") or href
        draft = Draft(item=identifier, line=int(resource.sourceline or 0))
        place = within(posixpath.join(self._base, _base(resource)), href)
        content = self._package.read(place) if place and place not in self._read else None
        if content is None:
            twice = place in self._read
            found.add(draft.refuse("id_twice" if twice else "file_missing", href[:80] or identifier))
            return
        self._read.add(place)
        try:
            item = safe_xml.parse(content)
        except Corrupt as error:
            detail = str(error.params.get("detail", "DOCTYPE"))
            found.add(Draft(item=identifier, line=1).refuse("bad_xml", detail))
            return
        if not found.drafts and local(item) == "assessmentItem":
            found.format = version_of(item)  # what the items are counts, not what the list calls them
        fetch = _fetch(found, self._package, posixpath.dirname(place), self._pictures)
        draft = read_item(item, found, fetch, identifier)
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


def _fetch(found: Found, package: Package | None, folder: str, known: dict[str, str]) -> FetchPicture:
    """`known`: names of pictures of this package that were kept before -> SHA-256."""

    def fetch(reference: str) -> str:
        if reference.startswith("data:"):
            return kept_from_address(found, reference)
        name = within(folder, reference)
        if name in known:
            return known[name]
        content = package.read(name) if package is not None and name else None
        if content is None:
            raise Unusable("picture_missing", reference[-60:])
        known[name] = kept(found, content, name)
        return known[name]

    return fetch
