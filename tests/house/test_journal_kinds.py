"""Every kind written to the journal is explained in docs/journal.md, and every explained one is written."""

import ast
import re
from pathlib import Path

from appliance.base.i18n import translate
from appliance.base.journal_words import KINDS
from tests.house.tree import TOP, called, modules, place, tree

KIND = re.compile(r"[a-z_]+\.[a-z_]+")
WRITERS = ("append", "append_fixed")


def documented() -> set[str]:
    page = (TOP / "docs/journal.md").read_text("utf-8")
    return set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.M))


def writers(path: Path) -> set[str]:
    """The names under which a file knows the journal's writing functions, and its own that pass a kind on."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "appliance.records.journal":
            found |= {name.asname or name.name for name in node.names if name.name in WRITERS}
        elif isinstance(node, ast.ImportFrom) and node.module == "appliance.records":
            found |= {
                f"journal.{writer}" for name in node.names if name.name == "journal" for writer in WRITERS
            }
    return found


def callee(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return f"{node.func.value.id}.{node.func.attr}"
    return called(node)


def texts(node: ast.AST) -> set[str]:
    """Every text in an expression, a kind or not."""
    if any(isinstance(part, ast.JoinedStr) for part in ast.walk(node)):
        return {"a kind made up with an f-string: write it out"}
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def given_to(function: str) -> set[str]:
    """Every text that is passed to a function anywhere, be it called or handed to `db.write`."""
    found: set[str] = set()
    for path in modules().values():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                handed = any(isinstance(part, ast.Name) and part.id == function for part in node.args)
                if handed or called(node) == function:
                    for value in [*node.args, *(keyword.value for keyword in node.keywords)]:
                        found |= texts(value)
    return found


def named(path: Path, name: str) -> set[str]:
    """What a variable or parameter of this name can be in this file: assignments, calls that pass it."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(part, ast.Name) and part.id == name for t in targets for part in ast.walk(t)):
                found |= texts(node.value)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            argument.arg == name for argument in node.args.args + node.args.kwonlyargs
        ):
            found |= given_to(node.name)
    return {text for text in found if KIND.fullmatch(text) or "f-string" in text}


def written() -> dict[str, str]:
    """kind -> where it is written."""
    found: dict[str, str] = {}
    for path in modules().values():
        names = writers(path)
        if path.name == "journal.py" and path.parent.name == "records":
            continue
        for node in ast.walk(tree(path)):
            if not (isinstance(node, ast.Call) and callee(node) in names):
                continue
            given = (
                node.args[1]
                if len(node.args) > 1
                else next(k.value for k in node.keywords if k.arg == "kind")
            )
            kinds = texts(given)
            for part in ast.walk(given):
                if isinstance(part, ast.Name):
                    kinds |= named(path, part.id)
            where = f"{place(path)}:{node.lineno}"
            kinds = {kind for kind in kinds if "f-string" in kind or KIND.fullmatch(kind)}
            assert kinds, f"{where}: no kind to be found"
            found |= dict.fromkeys(kinds, where)
    return found


def test_every_kind_is_documented() -> None:
    unknown = {kind: where for kind, where in written().items() if kind not in documented()}
    assert not unknown


def test_every_documented_kind_is_written() -> None:
    assert not documented() - set(written())


def test_every_kind_has_words() -> None:
    assert documented() <= set(KINDS)
    assert [kind for kind in KINDS if translate(KINDS[kind], "zh_CN") == KINDS[kind]] == []
