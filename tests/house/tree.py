"""What the house tests look at: the project's own files, as git sees them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PACKAGES = ("appliance", "station", "kiosk", "cameras", "sync", "ops_tui")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, committed or about to be, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        check=True,
        capture_output=True,
    ).stdout.decode()
    return tuple(sorted(TOP / name for name in set(listed.split("\0")) if name and (TOP / name).is_file()))


def place(path: Path) -> str:
    """The path as people name it."""
    return path.relative_to(TOP).as_posix()


@cache
def modules() -> dict[str, Path]:
    """The product's Python modules by dotted name."""
    found = {}
    for path in files():
        parts = path.relative_to(TOP).with_suffix("").parts
        if path.suffix == ".py" and parts[0] in PACKAGES:
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    """The parsed file."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{place(path)}: relative import"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def called(node: ast.Call) -> str:
    """The last word of what is called: `a.b.c()` -> `c`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
