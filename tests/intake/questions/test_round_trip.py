"""What is exported is read again as it was, and what other programs should find in a package is there."""

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from appliance.base.errors import Refused
from appliance.intake.questions import shipped
from appliance.intake.questions.check import one_line
from appliance.intake.questions.excel_export import write_excel
from appliance.intake.questions.qti_export import write_qti
from appliance.intake.questions.question import (
    Mapping,
    Passage,
    Picture,
    PictureRef,
    Question,
    Wording,
    compared,
    passage,
    tidy,
)
from appliance.intake.questions.read import read_questions
from appliance.intake.questions.shipped import shipped_questions
from appliance.intake.questions.words import is_true_false
from tests.command import examsite
from tests.intake.questions.samples import png

PICTURES = {one.sha256: one for one in (Picture("image/png", png(red)) for red in range(3))}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def passages(draw: st.DrawFn, pictures: bool = True) -> Passage:
    parts: list[str | PictureRef] = [draw(WORDS)]
    if pictures and draw(st.booleans()):
        alt = draw(st.sampled_from(["", "图 1"]))
        parts.append(PictureRef(draw(st.sampled_from(sorted(PICTURES))), alt))
        if draw(st.booleans()):
            parts.append(draw(WORDS))
    return passage(*parts)


@st.composite
def questions(draw: st.DrawFn, pictures: bool = True) -> Question:
    kind = draw(st.sampled_from(["true_false", "single_choice", "multiple_choice"]))
    count = 0 if kind == "true_false" else draw(st.integers(2, 8))
    languages = draw(
        st.lists(st.sampled_from(["zh_CN", "en", "ru", "zh_TW"]), min_size=1, max_size=3, unique=True)
    )
    texts = passages(pictures).filter(compared)
    options = st.lists(texts, min_size=count, max_size=count, unique_by=compared)
    wordings = {
        language: Wording(stem=draw(texts), options=tuple(draw(options)))
        for language in sorted(languages, key=lambda x: x != "zh_CN")
    }
    places = st.integers(0, max(1, count - 1))
    right = draw(st.sets(places, min_size=1, max_size=8 if kind == "multiple_choice" else 1))
    values = st.decimals(-9, 9, places=3)
    mapping = st.builds(
        Mapping,
        values=st.tuples(*[values] * count),
        default=values,
        lower=st.none() | values,
        upper=st.none() | values,
    )
    return Question(
        id=one_line(draw(WORDS)) or "x",
        kind=kind,
        wordings=wordings,
        right=tuple(sorted(right)),
        fixed=tuple(sorted(draw(st.sets(places)))) if count else (),
        topic=one_line(draw(st.just("") | WORDS)),
        difficulty=draw(st.integers(0, 3)),
        source=one_line(draw(st.just("") | WORDS)),
        mapping=draw(st.none() | mapping) if count else None,
    )


def sound(question: Question) -> bool:
    return not any(is_true_false(wording.options) for wording in question.wordings.values())


def distinct(listed: list[Question]) -> list[Question]:
    """No two with the same words or identifier."""
    kept: dict[object, Question] = {}
    for one in listed:
        key = (
            compared(one.wording.stem),
            *sorted(compared(words) for words in one.wording.options),
        )
        kept.setdefault(key, one)
    return list({one.id: one for one in kept.values()}.values())


@calm
@given(st.lists(questions().filter(sound), min_size=1, max_size=4).map(distinct))
def test_qti_there_and_back(listed: list[Question]) -> None:
    content = write_qti(listed, PICTURES)
    read = read_questions(content, "题.zip")
    assert (read.format, read.rejected, read.dropped) == ("qti_2.2", [], {})
    assert read.accepted == listed
    assert write_qti(listed, PICTURES) == content
    assert write_qti(read.accepted, read.pictures) == content


@st.composite
def sheet_questions(draw: st.DrawFn) -> Question:
    """What a sheet can hold: Chinese there, no weights, no fixed places, no picture inside a text."""
    one = draw(questions(pictures=False).filter(sound).filter(lambda q: "zh_CN" in q.wordings))
    wording = one.wording
    if draw(st.booleans()):
        ref = PictureRef(draw(st.sampled_from(sorted(PICTURES))))
        wording = msgspec.structs.replace(wording, stem=passage(*wording.stem, ref))
    return msgspec.structs.replace(
        one, wordings={**one.wordings, "zh_CN": wording}, fixed=(), mapping=None, id=one_line("T" + one.id)
    )


def starts_like_an_option(question: Question) -> bool:
    """`A. ...` in an option's cell is the option's letter, DISPIMG a picture: such words are read otherwise."""
    return any(
        str(words[0])[1:2] in ".\uff0e、:\uff1a)\uff09 "
        for w in question.wordings.values()
        for words in w.options
        if words
    )


@calm
@given(
    st.lists(sheet_questions().filter(lambda q: not starts_like_an_option(q)), min_size=1, max_size=3).map(
        distinct
    )
)
def test_excel_there_and_back(listed: list[Question]) -> None:
    read = read_questions(write_excel(listed, PICTURES), "题.xlsx")
    assert (read.format, read.rejected, read.dropped) == ("excel", [], {})
    assert read.accepted == listed


def test_a_formula_in_a_question_is_only_text() -> None:
    one = Question(
        id="=1", kind="true_false", wordings={"zh_CN": Wording(stem=("=HYPERLINK(1)",))}, right=(0,)
    )
    sheet = load_workbook(io.BytesIO(write_excel([one], {}))).active
    assert sheet is not None
    assert [cell.data_type for cell in sheet[2]][:3] == ["s", "s", "s"]


@pytest.mark.parametrize("text", ["a\r\nb", " a \n\n b ", "\x00a\x1f", "a\u3000b", "\ufeffa", "a\u00a0\tb"])
def test_tidied_text_stays_as_it_is(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


def test_a_question_can_be_kept() -> None:
    """The neutral shape survives JSON, which is what a table holds."""
    one = Question(
        id="1",
        kind="multiple_choice",
        wordings={"zh_CN": Wording(stem=("看图", PictureRef("ab", "图")), options=(("甲",), ("乙",)))},
        right=(0, 1),
        mapping=Mapping(values=(Decimal("0.5"), Decimal(1)), lower=Decimal(0)),
    )
    assert msgspec.json.decode(msgspec.json.encode(one), type=Question) == one


CP = "{http://www.imsglobal.org/xsd/imscp_v1p1}"
QTI = "{http://www.imsglobal.org/xsd/imsqti_v2p2}"


def test_a_package_as_the_specification_asks() -> None:
    """Read with another parser: manifest, resources, files and references fit together, elements in their order."""
    ref = next(iter(PICTURES))
    one = Question(
        id="动火 1",
        kind="multiple_choice",
        wordings={
            "zh_CN": Wording(
                stem=("看图\n选择", PictureRef(ref, "焊炬")), options=(("甲",), ("乙",), ("以上都对",))
            ),
            "en": Wording(stem=("Look",), options=(("a",), ("b",), ("all of these",))),
        },
        right=(0, 1),
        fixed=(2,),
        mapping=Mapping(values=(Decimal(1), Decimal(1), Decimal(-1)), upper=Decimal(2)),
    )
    with zipfile.ZipFile(io.BytesIO(write_qti([one], PICTURES))) as archive:
        names = set(archive.namelist())
        assert archive.testzip() is None and archive.namelist()[0] == "imsmanifest.xml"
        manifest = ElementTree.fromstring(archive.read("imsmanifest.xml"))
        items = {
            name: ElementTree.fromstring(archive.read(name)) for name in names if name.startswith("items/")
        }
    assert [child.tag for child in manifest] == [CP + "metadata", CP + "organizations", CP + "resources"]
    assert manifest.findtext(f"{CP}metadata/{CP}schema") == "QTIv2.2 Package"
    resources = manifest.findall(f"{CP}resources/{CP}resource")
    identifiers = [one.get("identifier", "") for one in resources]
    assert len(set(identifiers)) == len(identifiers) == 3
    assert all(
        name[0].isalpha() and name.replace("-", "").isalnum() and name.isascii() for name in identifiers
    )
    files = {file.get("href") for one in resources for file in one.findall(CP + "file")}
    assert files | {"imsmanifest.xml"} == names
    assert all(one.get("href") in files for one in resources)
    assert {need.get("identifierref") for need in manifest.iter(CP + "dependency")} <= set(identifiers)
    item = items["items/Q00001.xml"]
    assert [child.tag.removeprefix(QTI) for child in item] == [
        "responseDeclaration",
        "outcomeDeclaration",
        "itemBody",
        "responseProcessing",
    ]
    assert [child.tag.removeprefix(QTI) for child in item[0]] == ["correctResponse", "mapping"]
    asked = item.find(f"{QTI}itemBody/{QTI}choiceInteraction")
    assert asked is not None
    assert (asked.get("responseIdentifier"), asked.get("maxChoices"), asked.get("shuffle")) == (
        "RESPONSE",
        "0",
        "true",
    )
    assert [child.tag.removeprefix(QTI) for child in asked] == ["prompt", *["simpleChoice"] * 3]
    assert [child.get("fixed") for child in asked[1:]] == ["false", "false", "true"]
    picture = asked.find(f".//{QTI}img")
    assert picture is not None and picture.get("src", "").removeprefix("../") in names
    xml = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [items[name].get(xml) for name in sorted(items)] == ["en", "zh-CN"]


@pytest.mark.parametrize("ending", [".zip", ".xlsx"])
def test_the_shipped_bank_there_and_back(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"题库{ending}"
    status, out, _ = examsite("questions", "export", str(file), "--trade", "low_voltage", "--json")
    bank = shipped_questions("low_voltage")
    assert status == 0 and json.loads(out)["questions"] == len(bank)
    status, out, err = examsite("questions", "import", str(file), "--dry-run", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "format": "qti_2.2" if ending == ".zip" else "excel",
        "accepted": len(bank),
        "rejected": [],
    }
    read = read_questions(file.read_bytes(), file.name).accepted
    if ending == ".zip":
        assert read == bank
    else:
        assert read == [msgspec.structs.replace(one, fixed=()) for one in bank]
    status, out, err = examsite("questions", "export", str(file), "--trade", "low_voltage", "--json")
    assert status == 4 and json.loads(out)["error"]["code"] == "file_exists"


def test_exports_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, _ = examsite(
        "questions", "export", str(tmp_path / "a.doc"), "--trade", "low_voltage", "--json"
    )
    assert status == 2 and json.loads(out)["error"]["code"] == "unknown_format"
    status, out, _ = examsite("questions", "export", str(tmp_path / "a.zip"), "--trade", "none", "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == "no_bank"
    bank = msgspec.structs.replace(shipped.question_bank("low_voltage"), owner="province")
    monkeypatch.setattr(shipped, "question_bank", lambda trade: bank)
    with pytest.raises(Refused):
        shipped_questions("low_voltage")
    status, out, _ = examsite(
        "questions", "export", str(tmp_path / "a.zip"), "--trade", "low_voltage", "--json"
    )
    assert status == 4 and json.loads(out)["error"]["code"] == "sealed_bank"
    assert not list(tmp_path.iterdir())


def test_the_template_command(tmp_path: Path) -> None:
    file = tmp_path / "模板.xlsx"
    status, out, _ = examsite("questions", "template", str(file))
    assert status == 0 and str(file) in out
    assert load_workbook(file).sheetnames == ["题目", "填写说明"]
