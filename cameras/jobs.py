"""The jobs of the set-up page as exam-recorder runs them: each in a process of its own, watched and ended in time."""

import asyncio
import contextlib
import sys
from collections.abc import Callable

import msgspec

from appliance.base.errors import NotFound, Unavailable
from appliance.base.i18n import N_
from appliance.base.ids import new_id
from appliance.base.settings import Settings
from appliance.wire.cameras import GetJob, GetJobStill, JobState, StartJob, Still
from cameras.address import normal
from cameras.kept import no_password_in

AT_ONCE = 4
"""Jobs under way: decoding costs a core."""
KEPT = 60
"""Jobs remembered."""
REMEMBERED = 3600.0
"""Seconds after its beginning a job is forgotten, and its password with it."""
LONGEST = 150.0
"""Seconds after which a job is ended, for each four cameras it looks at, or each hundred addresses it asks."""
LINE = 4 * 1024 * 1024
"""Bytes of one line: the still is in the last one."""


class Order(msgspec.Struct, kw_only=True):
    """What comes in: the order, and the box's settings."""

    asked: StartJob
    settings: Settings


class Line(msgspec.Struct, kw_only=True):
    """What goes out, one a line: the state, and at the end the still (JPEG)."""

    state: JobState
    still: bytes = b""


class Job:
    """One job. The password it was given stays in memory only."""

    def __init__(self, asked: StartJob, state: JobState) -> None:
        self.asked = asked
        self.state = state
        self.still = b""


class Jobs:
    """All jobs. `start`, then `get` until it is no longer running."""

    def __init__(self, settings: Settings, done: Callable[[Job], None]) -> None:
        """`done`: called when a job has ended."""
        self._settings = settings
        self._done = done
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, asked: StartJob) -> JobState:
        """StartJob. Raises Unavailable while too many are under way."""
        if len(self._tasks) >= AT_ONCE:
            raise Unavailable(
                "many_jobs",
                N_("{count} cameras are being looked at already."),
                N_("Wait until one of them is done."),
                count=AT_ONCE,
            )
        no_password_in(asked.address)  # it would be the look's title
        if asked.address:
            asked.address = normal(asked.address)
        earlier = self._jobs.get(asked.job)
        if earlier and not asked.password and earlier.asked.address == asked.address:
            asked.user, asked.password = earlier.asked.user, earlier.asked.password
        state = JobState(
            id=new_id(), kind=asked.kind, address=asked.address, user=asked.user, camera=asked.camera
        )
        job = self._jobs[state.id] = Job(asked, state)
        while len(self._jobs) > KEPT:
            del self._jobs[next(iter(self._jobs))]
        asyncio.get_running_loop().call_later(REMEMBERED, self._jobs.pop, state.id, None)
        task = asyncio.create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return state

    async def get(self, asked: GetJob) -> JobState:
        """GetJob."""
        return self.job(asked.id).state

    async def still(self, asked: GetJobStill) -> Still:
        """GetJobStill."""
        return Still(jpeg=self.job(asked.id).still)

    def job(self, id: str) -> Job:
        """Raises NotFound: it is long over, or the recorder was restarted."""
        found = self._jobs.get(id)
        if found is None:
            raise NotFound(
                "no_such_job",
                N_("What was found of this camera is no longer known."),
                N_("Look at the camera again."),
            )
        return found

    async def stop(self) -> None:
        """End what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _turns(self, asked: StartJob) -> int:
        """A check of all cameras takes several turns (cameras/check.py looks at four at once), and a long list does."""
        if asked.kind == "check" and not asked.camera:
            return max(1, -(-len(self._settings.cameras) // 4))
        return 1 + len(asked.addresses) // 100

    async def _run(self, job: Job) -> None:
        order = msgspec.json.encode(Order(asked=job.asked, settings=self._settings))
        child: asyncio.subprocess.Process | None = None
        last: Line | None = None
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cameras.job"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LINE,
            )
            async with asyncio.timeout(LONGEST * self._turns(job.asked)):
                assert child.stdin and child.stdout
                child.stdin.write(order)
                child.stdin.close()
                while line := await child.stdout.readline():
                    told = msgspec.json.decode(line, type=Line)
                    told.state.id = job.state.id
                    if told.state.state == "running":
                        job.state = told.state
                    else:
                        last = told
                await child.wait()
        except (TimeoutError, OSError, ValueError, msgspec.DecodeError):
            pass  # said below: it ended without a result
        finally:
            if child:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
            if last:
                # Shown as done together with what follows from it: whoever sees it done finds its report kept.
                job.state, job.still = last.state, last.still
            else:
                job.state.state, job.state.step, job.state.share = "failed", "done", 1.0
                job.state.fault_code = "job_ended"
                job.state.fault = N_("The look at the camera ended without a result.")
                job.state.fault_next = N_("Try again; restart the camera if it happens once more.")
            self._done(job)
