"""Every sentence shown to a person exists in both languages."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from tests.house.tree import TOP, called, files, modules, place, tree

CJK = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
HAN = re.compile(r"[\u3400-\u9fff]")
FIELD = re.compile(r"\{(\w*)[^}]*\}")
MARKS = ("_", "N_", "translate", "gettext")
ERRORS = ("Refused", "NotFound", "Conflict", "Unavailable", "Corrupt", "DeviceFault")
CATALOGUES = sorted((TOP / "appliance/locale/zh_CN").glob("*.po"))
BOTH_ALIKE = re.compile(r"[A-Z0-9 .:/{}_-]{0,12}")
"""What needs no translation: PDF, K1, {a}/{b}."""


@cache
def chinese() -> dict[str, dict[str, str]]:
    """msgid -> catalogue -> text."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path in CATALOGUES:
        with path.open("rb") as source:
            for message in read_po(source, locale="zh_CN", abort_invalid=True):
                if message.id and message.string and not message.fuzzy:
                    found[str(message.id)][path.name] = str(message.string)
    return dict(found)


def of_python(path: Path) -> dict[str, str]:
    """msgid -> line, of one Python file: marked texts and the sentences of errors."""
    found = {}
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        given = node.args[:1] if name in MARKS else node.args[1:3] if name in ERRORS else []
        if name in ERRORS:
            given = [*given, *(k.value for k in node.keywords if k.arg in ("message", "next_step"))]
        for argument in given:
            where = f"{place(path)}:{node.lineno}"
            assert not isinstance(argument, ast.JoinedStr), f"{where}: an f-string cannot be translated"
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
                found[argument.value] = where
    return found


def of_template(path: Path) -> dict[str, str]:
    """msgid -> line, of one template."""
    found = {}
    environment = Environment(extensions=["jinja2.ext.i18n"])
    for line, _function, message in environment.extract_translations(
        path.read_text("utf-8"), ("_", "gettext")
    ):  # type: ignore[attr-defined]
        if isinstance(message, str):
            found[message] = f"{place(path)}:{line}"
    return found


def templates() -> list[Path]:
    return [path for path in files() if path.suffix == ".html" and "templates" in path.parts]


@cache
def sentences() -> dict[str, str]:
    """Every msgid of the product -> where it stands."""
    found = {}
    for path in modules().values():
        found |= of_python(path)
    for path in templates():
        found |= of_template(path)
    return found


def test_there_is_something_to_look_at() -> None:
    assert len(sentences()) > 100
    assert CATALOGUES


def test_every_sentence_has_its_chinese() -> None:
    missing = [
        f"{where}: {text}"
        for text, where in sentences().items()
        if text not in chinese() and not BOTH_ALIKE.fullmatch(text)
    ]
    assert not missing, "\n".join([f"{len(missing)} sentences", *sorted(missing)])


def test_sentences_are_english() -> None:
    wrong = {text: where for text, where in sentences().items() if CJK.search(text)}
    wrong |= {text: "a catalogue" for text in chinese() if CJK.search(text)}
    assert not wrong


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: p.name)
def test_catalogues_keep_the_fields(path: Path) -> None:
    for text, translations in chinese().items():
        if path.name in translations:
            assert sorted(FIELD.findall(text)) == sorted(FIELD.findall(translations[path.name])), text


def test_catalogues_agree() -> None:
    """Two catalogues may hold a sentence, but not with two meanings."""
    torn = {text: found for text, found in chinese().items() if len(set(found.values())) > 1}
    assert not torn, "\n".join(f"{text}: {found}" for text, found in sorted(torn.items()))


OTHER_WORDS = {
    "变化码": "画面编码",
    "封签": "签封",
    "封存、上报": "妥善保管并上报",
    "封存并上报": "妥善保管并上报",
}
"""Words that once stood for what docs/glossary.md calls otherwise."""


def test_one_thing_has_one_word() -> None:
    wrong = [
        f"{place(path)}: {other}, not {word}"
        for path in [*CATALOGUES, *(TOP / "docs/manual").glob("*.md")]
        for other, word in OTHER_WORDS.items()
        if other in path.read_text("utf-8")
    ]
    assert not wrong


def test_templates_hold_no_chinese() -> None:
    """Words come from the catalogues; only what shows in one language alone may stand there in it."""
    wrong = [
        f"{place(path)}:{number}"
        for path in templates()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if HAN.search(line) and 'lang="zh-CN"' not in line and "{% if zh %}" not in line
    ]
    assert not wrong


def test_every_catalogue_is_read() -> None:
    from appliance.base.i18n import catalogue

    merged = catalogue("zh_CN")
    assert set(merged) == set(chinese())
