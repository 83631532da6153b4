"""A finished package lies on the box for an hour, and what an ended process left does not lie there at all."""

from datetime import UTC, datetime
from pathlib import Path

from appliance.flow.accounts import Who
from appliance.web.package import Wanted
from appliance.web.packages import KEPT, Job, Packages

NOW = datetime(2026, 11, 21, 1, tzinfo=UTC)
WHO = Who(account="a", login="i", name="巡考", role="inspector")


async def test_a_package_goes_by_itself(tmp_path: Path) -> None:
    now = 0.0
    known = Packages(tmp_path, lambda: now)
    left = tmp_path / "left-by-an-ended-process.zip"
    left.write_bytes(b"faces")
    wanted = Wanted(cameras=["C1"], start=NOW, end=NOW)
    job = Job(WHO, tmp_path / "one.zip", "evidence.zip", "a-candidate", wanted)
    job.path.write_bytes(b"faces")
    known.jobs[job.id] = job
    await known.sweep()
    assert not left.exists() and job.path.exists()
    now = 10 * KEPT
    await known.sweep()
    assert job.path.exists(), "it is still being made"
    known.ended(job)
    now += KEPT - 1
    await known.sweep()
    assert job.path.exists(), "an hour from its end, not from its begin"
    now += 2
    await known.sweep()
    assert not job.path.exists() and not known.jobs
