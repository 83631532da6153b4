"""A browser looked at from outside its pages: Chromium's debugging pipe, browser-level commands alone.

Under a station's policies nothing may attach to a page (DeveloperToolsAvailability 2), so Playwright cannot drive
it. What is left, opening a tab and reading its address and title, is enough to see what the policies stop.
"""

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


class Pipe:
    """Commands and replies, zero-terminated JSON on the descriptors 3 and 4 of the browser."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._out, self._in = to_browser, from_browser
        self._buffer = b""
        self._number = 0

    def ask(self, method: str, wait: float = 10.0, **params: Any) -> dict[str, Any]:
        """Result of a command. Raises RuntimeError when it is refused, EOFError when the pipe is shut."""
        self._number += 1
        body = json.dumps({"id": self._number, "method": method, "params": params}).encode() + b"\0"
        try:
            os.write(self._out, body)
        except BrokenPipeError as error:
            raise EOFError("the browser has shut its pipe") from error
        end = time.monotonic() + wait
        while True:
            message = self._next(end)
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                result: dict[str, Any] = message["result"]
                return result

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self._in, 65536)
            if not chunk:
                raise EOFError("the browser has shut its pipe")
            self._buffer += chunk
        body, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(body)
        return message

    def open(self, url: str) -> str:
        """A new tab; returns its id."""
        target: str = self.ask("Target.createTarget", url=url)["targetId"]
        return target

    def close(self, target: str) -> None:
        """Close a tab."""
        self.ask("Target.closeTarget", targetId=target)

    def tab(self, target: str) -> dict[str, Any]:
        """Address and title of a tab."""
        found: dict[str, Any] = self.ask("Target.getTargetInfo", targetId=target)["targetInfo"]
        return found


@contextmanager
def running(program: Path, profile: Path, *arguments: str) -> Iterator[Pipe]:
    """The browser with its pipe, until the block ends."""
    to_browser, from_browser = os.pipe(), os.pipe()
    ends = (to_browser[0], from_browser[1])

    def place() -> None:
        high = [os.dup2(end, 20 + i) for i, end in enumerate(ends)]
        for i, end in enumerate(high):
            os.dup2(end, 3 + i)

    command = [
        *(str(program), "--headless", "--no-sandbox", "--no-first-run", "--disable-gpu"),
        *(f"--user-data-dir={profile}", "--remote-debugging-pipe", *arguments, "about:blank"),
    ]
    process = subprocess.Popen(
        command,
        preexec_fn=place,
        close_fds=False,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HOME": str(profile.parent)},
    )
    for end in ends:
        os.close(end)
    try:
        yield Pipe(to_browser[1], from_browser[0])
    finally:
        os.close(to_browser[1])
        os.close(from_browser[0])
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
