"""Files made to do harm: each is refused by a clear code, and nothing of it is done."""

import contextlib
import io
import struct
import time
import zipfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from appliance.base.errors import Corrupt
from appliance.intake.questions import safe_zip
from appliance.intake.questions.pictures import MAX_PIXELS_OF_FILE, kept, looked_at
from appliance.intake.questions.question import Found
from appliance.intake.questions.read import FORMATS, read_questions
from appliance.intake.questions.rich_text import Unusable
from appliance.intake.questions.safe_zip import Package, within
from appliance.intake.questions.sentences import SENTENCES
from tests.intake.questions.samples import EXAMPLES, folder, png, workbook, zipped

MANIFEST = b"<manifest/>"


def refused(content: bytes) -> str:
    with pytest.raises(Corrupt) as caught:
        read_questions(content, "题目")
    return caught.value.code


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE quiz [<!ENTITY a "b">]>',
        '<!DOCTYPE quiz SYSTEM "file:///etc/passwd">',
        "<!-- x --><!DOCTYPE quiz>",
        '<?xml version="1.0"?>\n<?pi x?>\n<!DOCTYPE quiz>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_document_types_and_entities(head: str, encoding: str) -> None:
    assert refused(f"{head}<quiz>&a;</quiz>".encode(encoding)) == "xml_with_dtd"


def test_an_undeclared_entity_and_encodings_that_hide() -> None:
    assert refused(b"<quiz>&a;</quiz>") == "bad_xml"
    assert refused(b'<?xml version="1.0" encoding="utf-7"?><quiz/>') == "bad_xml"
    assert refused(b'<?xml version="1.0" encoding="utf-8"?><quiz>\xff</quiz>') == "bad_xml"


def test_a_document_type_in_an_item_or_in_the_list() -> None:
    files = folder("qti30")
    files["items/entry.xml"] = b"<!DOCTYPE x>" + b"<qti-assessment-item/>"
    read = read_questions(zipped(files), "")
    assert [one.code for one in read.rejected] == ["bad_xml"] and len(read.accepted) == 1
    files["imsmanifest.xml"] = b"<!DOCTYPE x><manifest/>"
    assert refused(zipped(files)) == "xml_with_dtd"


def test_deep_and_wide_xml() -> None:
    assert refused(b"<quiz>" + b"<a>" * 150 + b"</a>" * 150 + b"</quiz>") == "bad_xml"
    assert refused(b"<quiz>" + b"<a>" * 100_000) == "bad_xml"
    assert refused(b"<quiz>" + b"<a/>" * 500_001 + b"</quiz>") == "bad_xml"


def test_xinclude_reads_no_file() -> None:
    item = (EXAMPLES / "qti21/single.xml").read_text("utf-8")
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    read = read_questions(item.replace("<p>", include + "<p>").encode(), "")
    assert [(one.code, one.detail) for one in read.rejected] == [("unsupported_content", "include")]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/a.png", "file:///etc/passwd", "//host/a.png", "../../a.png", "/etc/passwd"]
)
def test_pictures_from_elsewhere(address: str) -> None:
    files = folder("qti22")
    name = "items/multiple.xml"
    files[name] = files[name].replace(b"../pictures/torch.png", address.encode())
    read = read_questions(zipped({**files, "a.png": png()}), "")
    assert read.rejected[0].code == "picture_missing"


@pytest.mark.parametrize("name", ["../a.xml", "/a.xml", "a/../../b.xml", "..\\a.xml", "C:\\a.xml"])
def test_names_outside_the_package(name: str) -> None:
    assert refused(zipped({"imsmanifest.xml": MANIFEST, name: b"x"})) == "unsafe_path"


def test_a_wrong_checksum() -> None:
    content = bytearray(zipped({**folder("qti22"), "pictures/torch.png": png()}))
    place = content.rfind(b"PK\x01\x02")
    content[place + 16] ^= 1
    assert refused(bytes(content)) == "damaged_package"


def test_a_package_cut_short() -> None:
    content = zipped(folder("qti22"))
    assert refused(content[: len(content) // 2]) == "damaged_package"
    assert refused(b"PK\x03\x04") == "damaged_package"


def test_a_package_with_a_password() -> None:
    content = bytearray(zipped(folder("qti22")))
    place = content.find(b"PK\x01\x02")
    content[place + 8] |= 1
    assert refused(bytes(content)) == "encrypted_package"


def test_bombs() -> None:
    assert refused(zipped({"imsmanifest.xml": MANIFEST, "a.xml": bytes(30 << 20)})) == "too_large"
    content = bytearray(zipped({"imsmanifest.xml": MANIFEST, "a.xml": bytes(900_000)}))
    place = content.rfind(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 1000)  # claims to be small
    assert refused(bytes(content)) == "damaged_package"


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_zip, "MAX_MEMBERS", 3)
    assert refused(zipped({f"{n}.xml": b"" for n in range(4)})) == "too_many_files"


def test_one_name_twice() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("imsmanifest.xml", MANIFEST)
        archive.writestr("imsmanifest.xml", b"<other/>")
    assert refused(out.getvalue()) == "damaged_package"


def test_a_link_in_a_package_is_only_text() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("imsmanifest.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refused(out.getvalue()) == "bad_xml"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg onload='x'/>", "picture_unsupported"),
        (b"", "picture_unsupported"),
        (png()[:40], "picture_damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "picture_damaged"),
        (b"RIFF" + bytes(30), "picture_damaged"),
        (png() + bytes(5 << 20), "picture_too_large"),
    ],
)
def test_pictures_that_are_none(content: bytes, code: str) -> None:
    with pytest.raises(Unusable) as caught:
        looked_at(content, "a.png")
    assert caught.value.code == code


def test_a_picture_that_unpacks_to_too_much() -> None:
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(Unusable) as caught:
        looked_at(bomb, "a.png")
    assert caught.value.code == "picture_too_large"


def test_too_many_pictures() -> None:
    found = Found(format="gift", pixels=MAX_PIXELS_OF_FILE - 4)
    assert kept(found, png(1), "a") == kept(found, png(1), "b")
    with pytest.raises(Corrupt) as caught:
        kept(found, png(2), "c")
    assert caught.value.code == "too_large"


def test_one_item_listed_a_thousand_times() -> None:
    files = folder("qti30")
    listed = b'<resource identifier="x" type="imsqti_item_xmlv3p0" href="items/height.xml"/>' * 1000
    files["imsmanifest.xml"] = files["imsmanifest.xml"].replace(b"</resources>", listed + b"</resources>")
    read = read_questions(zipped(files), "")
    assert len(read.accepted) == 1 and {one.code for one in read.rejected[1:]} == {"id_twice"}


def test_text_that_looks_endless() -> None:
    started = time.monotonic()
    for content in (
        b"{" * 200_000,
        b"::" * 100_000 + b"{T}",
        b"a{~%" + b"%" * 100_000 + b"}",
        b"A. x\n" * 50_000 + b"ANSWER: A\n",
        b"<!--" * 50_000,
        b"<?xml" + b" " * 200_000,
        b"x{T}\n\n" * 20_000,
        b"\\" * 200_000 + b"{T}",
        ("题干,答案\n" + "甲|" * 60_000 + ",A").encode(),
    ):
        with contextlib.suppress(Corrupt):
            read_questions(content, "x")
    assert time.monotonic() - started < 20


def test_too_many_questions() -> None:
    assert refused(b"x{T}\n\n" * 20_001) == "too_large"


def accounted(content: bytes) -> None:
    """Reading ends in a report whose codes are all known, or in one of our own errors."""
    try:
        read = read_questions(content, "x")
    except Corrupt as error:
        assert error.text("zh_CN") and error.next_text("zh_CN")
        return
    assert read.format in FORMATS
    for one in read.rejected:
        assert SENTENCES[one.code].format(detail=one.detail)
        assert one.item and one.line >= 0


SOURCES = [path.read_bytes() for path in sorted(EXAMPLES.rglob("*")) if path.is_file()]
SOURCES += [
    zipped({**folder("qti22"), "pictures/torch.png": png()}),
    zipped(folder("qti30")),
    workbook({"题": [("题干", "A", "B", "答案"), ("问", "甲", "乙", "A")]}),
]
calm = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@calm
@given(st.binary(max_size=300))
@example(b"<")
@example(b"PK")
def test_any_bytes(content: bytes) -> None:
    accounted(content)


@calm
@given(st.sampled_from(SOURCES), st.data())
def test_any_damage(source: bytes, data: st.DataObject) -> None:
    content = bytearray(source)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["set", "cut", "double"])):
            case "set":
                content[place] = data.draw(st.integers(0, 255))
            case "cut":
                del content[place : place + data.draw(st.integers(1, 40))]
            case _:
                content[place:place] = content[place : place + data.draw(st.integers(1, 40))]
        if not content:
            return
    accounted(bytes(content))


@calm
@given(st.text("{}=~#%:\\ \n甲乙TF/$[html]->.0A5", max_size=120))
def test_any_gift(text: str) -> None:
    accounted(f"问 {{T}}\n\n{text}".encode())


@calm
@given(st.text("<>/!&;#-[]pbisrcuotale=\"' 甲\n", max_size=120))
def test_any_html(text: str) -> None:
    body = text.replace("]]>", "")
    accounted(
        f'<quiz><question type="truefalse"><questiontext format="html"><text><![CDATA[{body}]]></text></questiontext>'
        f"<answer fraction='100'><text>true</text></answer></question></quiz>".encode()
    )


@calm
@given(st.lists(st.lists(st.text(max_size=8), min_size=5, max_size=5), min_size=1, max_size=5))
def test_any_cells(rows: list[list[str]]) -> None:
    from tests.intake.questions.samples import comma_separated

    body = comma_separated(
        ("题干", "A", "B", "答案", "题型"), *[tuple(row) for row in rows if "\x00" not in "".join(row)]
    )
    accounted(body)


@given(st.text("./\\a%2eC:#?", max_size=20), st.sampled_from(["", "items", "a/b"]))
def test_references_stay_inside(href: str, base: str) -> None:
    place = within(base, href)
    assert not place.startswith("/") and ".." not in place.split("/")


def test_a_good_package_is_read_whole() -> None:
    package = Package(zipped({"a/b.txt": b"x"}))
    package.check()
    assert (package.names, package.read("a/b.txt"), package.read("none")) == (["a/b.txt"], b"x", None)
