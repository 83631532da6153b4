"""`make bench`: every measurement in turn, or those named. Each writes its JSON and its table under build/."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def benches() -> list[str]:
    """Every module here that can be started by itself."""
    found = sorted(path for path in FOLDER.glob("[a-z]*.py"))
    return [path.stem for path in found if '__name__ == "__main__"' in path.read_text("utf-8")]


def main(names: list[str]) -> int:
    """Run them one after the other, so that none disturbs another; the worst exit status."""
    unknown = set(names) - set(benches())
    if unknown:
        print(f"There is no bench {', '.join(sorted(unknown))}; there are: {', '.join(benches())}")
        return 2
    failed = []
    for name in names or benches():
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"FAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
