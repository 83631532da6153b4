"""Every format by its example: what is taken, what is refused and by which code."""

import base64
import json
from decimal import Decimal

import pytest

from appliance.base.errors import Corrupt
from appliance.base.i18n import translate
from appliance.intake.questions.question import Mapping, PictureRef, Wording
from appliance.intake.questions.read import read_questions
from appliance.intake.questions.sentences import DROPPED, SENTENCES
from tests.command import examsite
from tests.intake.questions.samples import EXAMPLES, codes, example, folder, png, said, zipped


def test_aiken() -> None:
    read = example("aiken.txt")
    assert read.format == "aiken"
    assert [(one.kind, one.right) for one in read.accepted] == [
        ("single_choice", (1,)),
        ("single_choice", (2,)),
        ("true_false", (1,)),
        ("multiple_choice", (0, 1)),
    ]
    assert said(read.accepted[1])[0] == "Before work on a dead circuit\nwhat comes first?"
    assert read.accepted[2].wording.options == ()
    assert codes(read) == [("5", 26, "no_right_answer"), ("6", 31, "right_unknown"), ("7", 36, "bad_layout")]


def test_gift() -> None:
    read = example("questions.gift")
    assert read.format == "gift"
    assert [(one.id, one.kind, one.right, one.topic) for one in read.accepted] == [
        ("急救-1", "single_choice", (0,), "触电急救"),
        ("2", "true_false", (1,), "触电急救"),
        ("多选", "multiple_choice", (0, 1), "触电急救"),
        ("4", "single_choice", (0,), "触电急救"),
        ("5", "true_false", (0,), "触电急救"),
        ("部分分", "single_choice", (0,), "电工基础"),
    ]
    assert said(read.accepted[3]) == (
        "欧姆定律写作 _____ ,其中 U 是电压。".replace(",", "\uff0c"),
        ["U=I×R", "U=I÷R", "U{R}"],
    )
    assert said(read.accepted[4])[0] == "水的化学式是 H₂O。"
    half = Decimal("0.5")
    assert read.accepted[2].mapping == Mapping(
        values=(half, half, Decimal(-1)), lower=Decimal(0), upper=Decimal(1)
    )
    assert [(one.item, one.code, one.detail) for one in read.rejected] == [
        ("填空", "unsupported_kind", "shortanswer"),
        ("数值", "unsupported_kind", "numerical"),
        ("匹配", "unsupported_kind", "matching"),
        ("论述", "unsupported_kind", "essay"),
        ("两个都对", "several_right", ""),
        ("没有对的", "no_right_answer", ""),
        ("括号", "bad_braces", ""),
        ("14", "unsupported_kind", "description"),
    ]
    assert read.rejected[0].line == 23
    assert read.dropped == {"feedback": 4, "weights": 1}


def test_moodle_xml() -> None:
    read = example("moodle.xml")
    assert read.format == "moodle_xml"
    assert [(one.id, one.kind, one.right, one.topic) for one in read.accepted] == [
        ("gc-1", "single_choice", (0,), "高处作业"),
        ("gc-2", "true_false", (0,), "高处作业"),
        ("gc-3", "multiple_choice", (0, 1), "高处作业"),
    ]
    stem, options = said(read.accepted[0])
    assert stem == "看图：\n※\n高度在 2 m 以上应当系"
    assert options == ["安全带", "安全帽 & 手套", "工作服 <b> 原样"]
    assert [picture.content for picture in read.pictures.values()] == [png()]
    assert [(one.item, one.code, one.detail) for one in read.rejected] == [
        ("gc-4", "unsupported_kind", "shortanswer"),
        ("gc-5", "picture_missing", "@@PLUGINFILE@@/none.png"),
        ("gc-6", "unsupported_content", "table"),
        ("gc-7", "bad_weight", "abc"),
    ]
    assert read.dropped == {"feedback": 2}


def test_one_qti_item() -> None:
    read = example("qti21/single.xml")
    assert (read.format, read.rejected, read.dropped) == ("qti_2.1", [], {"feedback": 1})
    (one,) = read.accepted
    assert (one.id, one.kind, one.right, one.fixed) == ("gas-1", "single_choice", (1,), (2,))
    assert said(one) == (
        "氧气瓶与乙炔瓶同时使用。\n两瓶的距离不应小于 多少?".replace("?", "\uff1f"),
        ["1 m", "5 m", "以上都不对"],
    )


def test_qti_22_package() -> None:
    read = read_questions(zipped({**folder("qti22"), "pictures/torch.png": png(7)}), "题.zip")
    assert read.format == "qti_2.2"
    weld, flash = read.accepted
    assert (weld.id, weld.kind, weld.right, weld.fixed) == ("weld-1", "multiple_choice", (0, 2), (0, 1, 2))
    assert (weld.topic, weld.difficulty) == ("焊接防火", 3)
    assert weld.mapping == Mapping(
        values=(Decimal(1), Decimal(-1), Decimal("1.5")),
        default=Decimal(-1),
        lower=Decimal(0),
        upper=Decimal(2),
    )
    assert weld.wording.stem[1] == PictureRef(next(iter(read.pictures)), "焊炬")
    assert said(weld)[1] == ["清理可燃物", "打开气瓶", "备好灭火器\n※"]
    assert (flash.kind, flash.right) == ("true_false", (0,))
    stem = "A flashback arrestor is needed on both hoses."
    assert flash.wordings == {"en": Wording(stem=(stem,))}
    assert [(one.item, one.code, one.detail) for one in read.rejected] == [
        ("weld-3", "unsupported_kind", "orderInteraction"),
        ("R4", "file_missing", "items/lost.xml"),
        ("R5", "file_missing", "../outside.xml"),
        ("R6", "bad_xml", read.rejected[3].detail),
        ("weld-4", "several_interactions", ""),
    ]
    assert read.dropped == {"feedback": 1, "min_choices": 1, "instructions": 1}


def test_qti_30_package() -> None:
    read = read_questions(zipped(folder("qti30")), "题.zip")
    assert read.format == "qti_3.0"
    (one,) = read.accepted
    assert (one.id, one.kind, one.right, one.fixed) == ("height-1", "multiple_choice", (0, 1), (2,))
    assert one.mapping == Mapping(values=(Decimal("0.5"), Decimal(0), Decimal(0)), lower=Decimal(0))
    assert [(r.item, r.line, r.code, r.detail) for r in read.rejected] == [
        ("height-2", 4, "unsupported_kind", "textEntryInteraction")
    ]


def item(body: str, declared: str, before: str = "") -> bytes:
    return (
        '<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p2" identifier="i">'
        f"{declared}<itemBody>{before}{body}</itemBody></assessmentItem>"
    ).encode()


def declared(right: str, cardinality: str = "single", more: str = "") -> str:
    values = "".join(f"<value>{one}</value>" for one in right)
    return (
        f'<responseDeclaration identifier="R" cardinality="{cardinality}" baseType="identifier">'
        f"<correctResponse>{values}</correctResponse>{more}</responseDeclaration>"
    )


def choice(
    options: str = "<simpleChoice identifier='A'>甲</simpleChoice><simpleChoice identifier='B'>乙</simpleChoice>",
    prompt: str = "问",
    limits: str = "",
) -> str:
    return f'<choiceInteraction responseIdentifier="R" {limits}><prompt>{prompt}</prompt>{options}</choiceInteraction>'


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [
        (item(choice(), declared("AB")), "several_right", ""),
        (item(choice(), declared("")), "no_right_answer", ""),
        (item(choice(), declared("X")), "right_unknown", "X"),
        (item(choice(), ""), "no_right_answer", ""),
        (
            item(choice(), declared("AB", "multiple"), "<p>a</p>").replace(b'R" ', b'R" maxChoices="1" ', 1),
            "",
            "",
        ),
        (item(choice(limits='maxChoices="1"'), declared("AB", "multiple")), "several_right", ""),
        (item(choice(), declared("A", "ordered")), "unsupported_kind", "ordered"),
        (item(choice(prompt=" "), declared("A")), "empty_stem", ""),
        (
            item(choice(options="<simpleChoice identifier='A'>甲</simpleChoice>"), declared("A")),
            "too_few_options",
            "",
        ),
        (item(choice(), declared("A"), '<img src="a.png"/>'), "picture_missing", "a.png"),
        (
            item(choice(), declared("A"), '<img src="data:image/png;base64,AAAA"/>'),
            "picture_unsupported",
            None,
        ),
        (item(choice(), declared("A"), "<table><tr><td>1</td></tr></table>"), "unsupported_content", "table"),
        (
            item(choice(), declared("A"), '<math xmlns="http://www.w3.org/1998/Math/MathML"/>'),
            "unsupported_content",
            "math",
        ),
        (
            item(choice(), declared("A"), '<object data="a.mp3" type="audio/mpeg"/>'),
            "unsupported_content",
            "object",
        ),
        (item("<p>没有问题</p>", ""), "unknown_kind", "itemBody"),
        (item(choice(prompt="长" * 2000), declared("A")), "too_long", ""),
        (b'<assessmentItem identifier="i"/>', "empty_stem", ""),
    ],
)
def test_qti_items_that_cannot_be_taken(content: bytes, code: str, detail: str | None) -> None:
    read = read_questions(content, "i.xml")
    if not code:
        assert not read.rejected
        return
    assert [one.code for one in read.rejected] == [code]
    assert detail is None or read.rejected[0].detail == detail


def test_fewer_choices_than_right_answers() -> None:
    options = "".join(f"<simpleChoice identifier='{one}'>{one}</simpleChoice>" for one in "ABC")
    content = item(choice(options, limits='maxChoices="2"'), declared("ABC", "multiple"))
    assert codes(read_questions(content, ""))[0][2] == "max_choices_too_small"


@pytest.mark.parametrize(
    ("processing", "own"),
    [
        ('<responseProcessing template="http://x/rptemplates/map_response.xml"/>', False),
        (
            "<responseProcessing><responseCondition><responseIf><match/></responseIf></responseCondition></responseProcessing>",
            False,
        ),
        ("<responseProcessing><lookupOutcomeValue/></responseProcessing>", True),
        ('<responseProcessing template="http://x/own.xml"/>', True),
    ],
)
def test_marking_rules_of_their_own_are_counted(processing: str, own: bool) -> None:
    content = item(choice(), declared("A")).replace(
        b"</assessmentItem>", processing.encode() + b"</assessmentItem>"
    )
    assert read_questions(content, "").dropped == ({"processing": 1} if own else {})


def test_a_picture_written_into_the_text() -> None:
    address = "data:image/png;base64," + base64.b64encode(png()).decode()
    read = read_questions(item(choice(), declared("A"), f'<p><img src="{address}"/></p>'), "")
    assert [picture.media_type for picture in read.pictures.values()] == ["image/png"]


def test_one_identifier_twice_in_a_package() -> None:
    body = folder("qti30")
    other = body["items/height.xml"].replace("脚手架".encode(), "支架".encode())
    body["items/entry.xml"] = other.replace("搭设".encode(), "拆除".encode())
    assert codes(read_questions(zipped(body), ""))[0][2] == "id_twice"


def test_a_package_in_a_folder_of_the_zip() -> None:
    files = {f"题目/{name}": body for name, body in folder("qti30").items()}
    assert len(read_questions(zipped(files), "").accepted) == 1


def test_bases_of_the_list_of_contents() -> None:
    files = folder("qti30")
    bases = files["imsmanifest.xml"].replace(b"<resources>", b'<resources xml:base="items/">')
    files["imsmanifest.xml"] = bases.replace(b'href="items/height.xml"', b'href="height.xml"')
    read = read_questions(zipped(files), "")
    assert [one.id for one in read.accepted] == ["height-1"]
    assert [one.code for one in read.rejected] == ["file_missing"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \n ", "empty_file"),
        ("这里没有题目。".encode(), "no_questions"),
        (b"<html><body/></html>", "unknown_xml"),
        (b"<questestinterop/>", "old_qti"),
        (zipped({"imsmanifest.xml": b'<manifest><resource type="imsqti_xmlv1p2"/></manifest>'}), "old_qti"),
        (b"<assessmentTest/>", "part_of_package"),
        (b"<manifest/>", "part_of_package"),
        (b"<quiz><question>", "bad_xml"),
        (zipped({"a.txt": b"x"}), "no_manifest"),
        (zipped({"imsmanifest.xml": b"<manifest/>"}), "no_items"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old_workbook"),
        (b"\x00\x01\x02\xff\xfe", "unreadable_text"),
    ],
)
def test_files_that_are_none(content: bytes, code: str) -> None:
    with pytest.raises(Corrupt) as caught:
        read_questions(content, "题目.xlsx")
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["aiken.txt", "questions.gift", "moodle.xml", "qti21/single.xml"])
def test_the_content_tells_the_format_not_the_name(name: str) -> None:
    content = (EXAMPLES / name).read_bytes()
    assert read_questions(content, "x.xlsx").format == example(name).format
    assert read_questions(b"\xef\xbb\xbf" + content, "x").accepted == example(name).accepted


@pytest.mark.parametrize("name", ["aiken.txt", "questions.gift"])
def test_text_of_other_encodings_and_line_ends(name: str) -> None:
    text = (EXAMPLES / name).read_text("utf-8").replace("₂", "2")
    windows = text.replace("\n", "\r\n").encode("gb18030")
    assert read_questions(windows, name).accepted == read_questions(text.encode(), name).accepted
    assert codes(read_questions(windows, name)) == codes(read_questions(text.encode(), name))


def test_xml_in_chinese_encodings() -> None:
    text = (EXAMPLES / "moodle.xml").read_text("utf-8").replace("UTF-8", "GBK", 1)
    assert read_questions(text.encode("gb18030"), "").accepted == example("moodle.xml").accepted
    wide = text.replace("GBK", "UTF-16", 1).encode("utf-16")
    assert read_questions(wide, "").accepted == example("moodle.xml").accepted


def test_every_code_has_its_sentence() -> None:
    for sentence in [*SENTENCES.values(), *DROPPED.values()]:
        assert translate(sentence, "zh_CN") != sentence


def test_the_command() -> None:
    file = str(EXAMPLES / "aiken.txt")
    status, out, err = examsite("questions", "import", file, "--dry-run", "--json")
    assert (status, err) == (1, "")
    assert json.loads(out) == {
        "format": "aiken",
        "accepted": 4,
        "rejected": [
            {"item": "5", "line": 26, "code": "no_right_answer"},
            {"item": "6", "line": 31, "code": "right_unknown", "detail": "E"},
            {"item": "7", "line": 36, "code": "bad_layout"},
        ],
    }
    status, out, err = examsite("questions", "import", file, "--dry-run")
    assert status == 1 and "题目 6，第 31 行：正确答案不在选项中：E。" in out
    status, out, err = examsite("--lang", "en", "questions", "import", file, "--dry-run")
    assert "Question 5, line 26: No right answer is given." in out
    status, out, err = examsite("questions", "import", file, "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == "bank_missing"
    status, out, err = examsite("questions", "import", str(EXAMPLES / "none"), "--dry-run", "--json")
    assert status == 2 and json.loads(out)["error"]["code"] == "no_file"
    status, out, err = examsite("questions", "import", str(EXAMPLES / "qti21/single.xml"), "--dry-run")
    assert status == 0 and "未导入的解析和反馈：1 处。" in err
