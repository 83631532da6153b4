"""Every sentence of sync/ has its Chinese."""

import ast
from pathlib import Path

from appliance.base.i18n import catalogue


def test_every_sentence_is_translated() -> None:
    missing = []
    for path in (Path(__file__).parents[2] / "sync").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            marked = node.func.id in ("_", "N_") and node.args
            if marked and isinstance(first := node.args[0], ast.Constant):
                missing += [] if first.value in catalogue("zh_CN") else [first.value]
    assert missing == []
