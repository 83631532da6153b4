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
            first = node.args[0] if node.args else None
            marked = node.func.id in ("_", "N_") and isinstance(first, ast.Constant)
            if marked and first.value not in catalogue("zh_CN"):
                missing.append(first.value)
    assert missing == []
