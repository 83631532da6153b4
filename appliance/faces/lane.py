"""A lane's face worker as the entry process sees it.

Asked with a time limit, started anew when it dies or hangs.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable

import msgspec

from appliance.base.errors import Unavailable
from appliance.base.i18n import N_
from appliance.wire.faceworker import Look, Looked, Ping, Pong, Reference, Studied, Study, WorkerReply

START_TIMEOUT = 30.0
AGAIN, AGAIN_LONGEST = 5.0, 60.0
"""Seconds until a worker that could not begin is started once more, doubled up to the longest."""
STEPS = 9
"""Times a liveness check may use up the time of a challenge: before, in and after each, and a margin."""


class FaceWorker:
    """One worker process. `camera` as in the settings, empty for none; `timeout` seconds per check.

    `models`: files of detector, recogniser and landmarks, and of a detector of devices with its classes; empty for
    those that ship, or for none.
    `prompt` hears what the person before the camera should do (a code, empty for nothing more).
    """

    def __init__(
        self,
        engine: str = "dlib",
        camera: str = "",
        timeout: float = 8.0,
        models: tuple[str, ...] = (),
        prompt: Callable[[str], None] = lambda code: None,
        start_timeout: float = START_TIMEOUT,
    ) -> None:
        self._start_timeout = start_timeout
        self._engine = engine
        self._camera = camera
        self._timeout = timeout
        self._models = models
        self.prompt = prompt
        """Told what the person before the camera should do."""
        self.view = b""
        """What the camera sees while a face is looked at, a small JPEG; empty otherwise."""
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._restarting: asyncio.Task[None] | None = None
        self.starts = 0
        """How often the process was started."""
        self._failure: Unavailable | None = None
        self._pause = 0.0
        self._not_before = 0.0

    @property
    def has_camera(self) -> bool:
        """Whether it was given one: without, pictures come with the questions."""
        return bool(self._camera)

    @property
    def pid(self) -> int | None:
        """The process, when it runs."""
        return self._process.pid if self._alive() and self._process else None

    async def start(self) -> None:
        """Start the process and wait until its engine is loaded. Raises Unavailable with the cause.

        A worker that cannot begin (its model is missing) is not started at every question: for some seconds, more
        each time, the cause is told again.
        """
        async with self._lock:
            await self._begin()

    async def look(
        self,
        references: list[Reference],
        live: bytes = b"",
        patience: float = 0.0,
        liveness: float = 0.0,
        bound: float = 0.6,
    ) -> Looked:
        """One face check, with liveness challenges of so many seconds each when that is not 0.

        Raises Unavailable `face_engine_silent` when the worker hangs or dies over it.
        """
        request = Look(references=references, live=live, patience=patience, liveness=liveness, bound=bound)
        reply = await self._ask(request, self._timeout + patience + liveness * STEPS)
        if reply.looked is None:
            raise _silent()
        return reply.looked

    async def study(self, request: Study) -> Studied:
        """What a seat's camera saw. Raises Unavailable `face_engine_silent` as `look` does."""
        reply = await self._ask(request, self._timeout)
        if reply.studied is None:
            raise _silent()
        return reply.studied

    async def ping(self) -> Pong:
        """Whether the worker is ready and its camera delivers."""
        reply = await self._ask(Ping(), self._timeout)
        if reply.pong is None:
            raise _silent()
        return reply.pong

    async def close(self) -> None:
        """End the process."""
        if self._restarting:
            self._restarting.cancel()
        await self._kill()

    def _alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def _ask(self, request: Look | Ping | Study, seconds: float) -> WorkerReply:
        async with self._lock:
            if not self._alive():
                await self._begin()
            try:
                async with asyncio.timeout(seconds):
                    await self._send(request)
                    while True:
                        reply = await self._receive()
                        if reply.prompt is not None:
                            self.prompt(reply.prompt)
                        elif reply.view is not None:
                            self.view = reply.view
                        else:
                            return reply
            except (TimeoutError, OSError, asyncio.IncompleteReadError, msgspec.DecodeError) as error:
                await self._kill()
                self.prompt("")  # nobody is asked for anything by a worker that is gone
                self._restarting = asyncio.create_task(self._restart())
                raise _silent() from error
            except asyncio.CancelledError:
                await self._kill()  # its late reply must not answer the next question
                raise
            finally:
                self.view = b""  # the next person never sees the one before

    async def _restart(self) -> None:
        async with self._lock:
            if not self._alive():
                try:
                    await self._begin()
                except Unavailable:
                    return  # whoever asks next is told, and tries once more

    async def _begin(self) -> None:
        if self._failure and time.monotonic() < self._not_before:
            raise self._failure
        try:
            await self._spawn()
        except Unavailable as failure:
            self._pause = min(self._pause * 2, AGAIN_LONGEST) if self._failure else AGAIN
            self._failure, self._not_before = failure, time.monotonic() + self._pause
            raise
        self._failure = None

    async def _spawn(self) -> None:
        await self._kill()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "appliance.faces.worker",
            self._engine,
            self._camera,
            *self._models,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self.starts += 1
        try:
            async with asyncio.timeout(self._start_timeout):
                reply = await self._receive()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, msgspec.DecodeError) as error:
            await self._kill()
            raise _silent() from error
        if broken := reply.broken:
            await self._kill()
            raise Unavailable(broken.code, broken.message, broken.next_step, 5.0, **broken.params)

    async def _send(self, request: Look | Ping | Study) -> None:
        assert self._process and self._process.stdin
        body = msgspec.msgpack.encode(request)
        self._process.stdin.write(len(body).to_bytes(4) + body)
        await self._process.stdin.drain()

    async def _receive(self) -> WorkerReply:
        assert self._process and self._process.stdout
        length = int.from_bytes(await self._process.stdout.readexactly(4))
        return msgspec.msgpack.decode(await self._process.stdout.readexactly(length), type=WorkerReply)

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        assert process.stdout
        while await process.stdout.read(65536):  # `wait` ends with the pipe, and a pipe left full does not
            continue
        await process.wait()


def _silent() -> Unavailable:
    return Unavailable(
        "face_engine_silent",
        N_("The face check does not answer."),
        N_("Compare the person with the card yourself; the machine starts the check again by itself."),
        retry_after=3.0,
    )
