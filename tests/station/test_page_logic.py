"""The page's queue, clock and words, bundled and run by node's own test runner."""

import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FILES = sorted((Path(__file__).parent / "node").glob("*.test.ts"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_page_logic(file: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "test.mjs"
    subprocess.run(
        [
            TOP / "node_modules/.bin/esbuild",
            file,
            "--bundle",
            "--platform=node",
            "--format=esm",
            f"--outfile={bundle}",
            "--log-level=error",
        ],
        check=True,
    )
    run = subprocess.run(["node", "--test", bundle], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
