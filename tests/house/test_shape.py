"""Size, names and what lies in the repository."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import TOP, files, modules, place, tree

LINES = 400
USE_CASE_LINES = 60
COUNTED = {".py", ".ts", ".css", ".html", ".mjs", ".sh", ".js"}
GENERATED = ("appliance/records/migrations/versions/",)
WORDS = re.compile(r"manager|helper|utils|handler|service", re.IGNORECASE)
FOREIGN = {
    *(".so", ".dll", ".exe", ".jar", ".whl", ".zip", ".gz", ".xz", ".7z", ".onnx", ".dat", ".pb", ".pt"),
    *(".ttf", ".otf", ".woff", ".woff2", ".eot", ".mp4", ".mkv", ".mp3", ".wav", ".jpg", ".jpeg", ".gif"),
    *(".pem", ".key", ".p12", ".sqlite", ".db"),
}
TOP_LEVEL = {
    *("appliance", "station", "kiosk", "cameras", "sync", "ops_tui", "systemd", "tests", "docs", "bench"),
    *(".ci", ".gitignore", ".npmrc", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "build-pages.mjs"),
    *("package-lock.json", "package.json", "pyproject.toml", "requirements-box.lock", "requirements.lock"),
    *("setup.sh", "tsconfig.json"),
}
ADDRESS = re.compile(r"https?://|git\+|file:|\bindex-url\b|\bfind-links\b|\"resolved\"|\bregistry\s*=", re.I)
HOSTS = re.compile(
    "|".join(["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npm", "deb" + r"\.debian"])
)


def text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def test_files_stay_short() -> None:
    long = {
        place(path): lines
        for path in files()
        if path.suffix in COUNTED and not place(path).startswith(GENERATED)
        if (lines := len(text(path).splitlines())) >= LINES
    }
    assert not long


def test_use_cases_stay_short() -> None:
    long = {}
    for name, path in modules().items():
        if name.startswith("appliance.flow"):
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                    lines = node.end_lineno - node.lineno + 1
                    if lines >= USE_CASE_LINES:
                        long[f"{place(path)}:{node.lineno} {node.name}"] = lines
    assert not long


def test_files_are_named_after_what_they_do() -> None:
    wrong = [place(path) for path in files() if WORDS.search(path.stem) and path.parent.name != "systemd"]
    assert not wrong


def test_a_cancel_is_never_forgotten() -> None:
    """Up to Python 3.11 `asyncio.wait_for` loses a cancel that comes with its result; `asyncio.timeout` does not."""
    assert not [place(path) for path in modules().values() if "asyncio.wait_for(" in text(path)]


def test_nothing_foreign_is_committed() -> None:
    wrong = []
    for path in files():
        name = place(path)
        if path.suffix.lower() in FOREIGN or name.endswith(".min.js") or "node_modules/" in name:
            wrong.append(name)
        if path.suffix == ".png" and not name.startswith("docs/"):
            wrong.append(name)
        if path.stat().st_size > 500_000 and path.suffix not in (".lock", ".png"):
            wrong.append(f"{name}: {path.stat().st_size} bytes")
    assert not wrong


def test_the_top_holds_what_the_house_says() -> None:
    assert {path.relative_to(TOP).parts[0] for path in files()} <= TOP_LEVEL


def test_systemd_is_no_package() -> None:
    """It would hide python-systemd."""
    assert not list((TOP / "systemd").rglob("*.py"))


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-box.lock", "package-lock.json", ".npmrc"]
)
def test_locks_name_no_address(name: str) -> None:
    found = [line for line in text(TOP / name).splitlines() if ADDRESS.search(line)]
    assert not found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-box.lock"])
def test_everything_is_pinned_by_hash(name: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", text(TOP / name))
    assert len(blocks) > 50
    for block in blocks:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_the_box_installs_what_was_tested() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==\S+)", text(TOP / name), re.M))

    assert pins("requirements-box.lock") <= pins("requirements.lock")


def test_nobody_compiles_dlib() -> None:
    for name in ("requirements.lock", "requirements-box.lock"):
        assert re.search(r"^dlib==\S+ ; sys_platform == 'never'", text(TOP / name), re.M)


def test_npm_packages_have_checksums() -> None:
    lock = text(TOP / "package-lock.json")
    assert lock.count('"version":') == lock.count('"integrity":')


def test_no_registry_is_named() -> None:
    found = [place(path) for path in files() if path.suffix != ".png" and HOSTS.search(text(path))]
    assert not found
