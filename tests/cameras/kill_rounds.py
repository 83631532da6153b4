"""`python -m tests.cameras.kill_rounds FOLDER COUNT SEED`: a recorder is killed at COUNT random moments.

Each round is a process of its own (fork, so that a round costs tenths of a second) that writes a film through the
recorder's own parts as fast as it can; the film's time goes by a hundred times faster. After kill -9 the store is
reconciled as at a start. Prints one JSON: how much of the newest film was lost at most, and everything that was wrong.
"""

import json
import mmap
import os
import random
import shutil
import signal
import struct
import sys
import time
from itertools import pairwise
from pathlib import Path

from cameras import integrity
from cameras.index import Index
from cameras.recorder.reconcile import reconcile
from tests.cameras.reel import START, Reel, film, later

KEPT = 10.0


def write(media: Path, body: bytes, fed: mmap.mmap) -> None:
    """Write until killed."""
    reel = Reel(media, Index(media), body)

    def note() -> None:
        fed[:8] = struct.pack("<d", reel.fed)

    while True:
        reel.feed(10.0, note)


def wrong(media: Path, fed: float) -> tuple[float, list[str]]:
    """Reconcile and look: seconds lost at the end, and what does not hold."""
    index = Index(media)
    reconcile(media, index, later(fed + 60))
    found: list[str] = []
    kept = [one for one in index.every() if one.end and one.end > one.start]
    for one, two in pairwise(kept):
        hole = (two.start - one.end).total_seconds() if one.end else 0.0
        if abs(hole) > 0.05:
            found.append(f"a hole of {hole} s before {two.path}")
    end = (kept[-1].end - START).total_seconds() if kept and kept[-1].end else 0.0
    if kept and abs((kept[0].start - later(0.2)).total_seconds()) > 0.3:
        found.append(f"begins at {kept[0].start}")
    if fed - end > KEPT:
        found.append(f"{fed - end:.1f} s lost of {fed:.1f}")
    states = {one.path: one.state for one in index.every()}
    for finding in integrity.verify(media, now=later(fed + 60)).findings:
        if states.get(finding.path) != "missing":
            found.append(f"{finding.code} {finding.path}")
    index.close()
    return max(0.0, fed - end), found


def main() -> None:
    """Run the rounds."""
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance, body = random.Random(seed), film()
    worst, longest, trouble = 0.0, 0.0, []
    for number in range(count):
        media = folder / f"round-{number}"
        fed = mmap.mmap(-1, 8)
        child = os.fork()
        if not child:
            write(media, body, fed)
        time.sleep(chance.uniform(0.0, 0.25))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seconds = struct.unpack("<d", fed[:8])[0]
        if (media / "index.db").exists():
            lost, found = wrong(media, seconds)
            worst, longest = max(worst, lost), max(longest, seconds)
            trouble += [f"round {number}: {one}" for one in found]
        shutil.rmtree(media, ignore_errors=True)
    print(json.dumps({"rounds": count, "worst_lost_s": worst, "longest_s": longest, "trouble": trouble}))


if __name__ == "__main__":
    main()
