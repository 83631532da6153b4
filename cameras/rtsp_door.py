"""The door between FFmpeg and one camera: it opens to this camera and to nobody else.

FFmpeg follows a redirection by itself (answers 3xx to OPTIONS, DESCRIBE or SETUP) and proves the password wherever
that leads, to whoever asks for it in clear too; no option of its forbids it. So it is given an address on loopback.
What it asks before the stream flows goes on to the camera from here, and each answer is read and written anew: a
redirection ends the connection, a challenge that wants the password in clear is left out. When PLAY is answered,
FFmpeg's socket is exchanged for the camera's (dup2 on its number): the stream does not pass through here and costs
nothing. Once it plays FFmpeg follows no redirection any more. It would still answer a later question for the password
in clear, when it knows one and was asked for no proof before: then the camera needs none, and FFmpeg gets none.
"""

import fcntl
import os
import socket
import sys
import termios
import threading
import time
from collections.abc import Callable
from typing import Any

from appliance.base.errors import ExamError
from cameras import rtsp_ask
from cameras.address import shown_host

LONGEST = 4.0
"""Seconds until the stream must flow; FFmpeg gives up, and closes its socket, a second later (cameras/stream.py)."""
ENDS = (b"\r\n\r\n", b"\n\n")
"""Of a head."""
DRY = 0.0005
"""Seconds between two looks whether FFmpeg has read the last answer."""


class Door(threading.Thread):
    """One connection. `login`: FFmpeg is given a password. `address` is what it is given in place of the camera's; then
    `fault` says why it failed, and `unasked` that it may PLAY and has proved nothing, where the door ended.
    """

    def __init__(self, host: str, port: int, login: bool) -> None:
        super().__init__(name=f"door-{host}", daemon=True)
        self._login = login
        self.unasked = False
        self._camera = host, port
        self._ends = time.monotonic() + LONGEST
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.fault: ExamError | None = None

    def run(self) -> None:
        """The thread: until the stream flows, or one of both is gone."""
        try:
            with self._listening:
                inside = self._accept()
            with inside, socket.create_connection(self._camera, self._left()) as camera:
                self._introduce(inside, camera)
        except (OSError, EOFError):
            pass  # FFmpeg says it in its own words

    def _accept(self) -> socket.socket:
        """FFmpeg's connection. Another process that found the port is not let in."""
        while True:
            self._listening.settimeout(self._left())
            inside, _ = self._listening.accept()
            try:
                number_of(inside.getpeername(), inside.getsockname())
                return inside
            except (OSError, EOFError):
                inside.close()

    def _introduce(self, inside: socket.socket, camera: socket.socket) -> None:
        while True:
            asked = read_head(inside, self._left)
            plays = asked.startswith(b"PLAY ")
            proven = b"\nauthorization: digest " in asked.lower()
            camera.sendall(asked)
            answer, body = self._answer(camera)
            if 300 <= answer.status < 400:
                self.fault = rtsp_ask.redirects(shown_host(self._camera[0]) + f":{self._camera[1]}")
                return
            if plays and answer.status == 200 and self._login and not proven:
                self.unasked = True
                return
            inside.sendall(written_anew(answer, body))
            if plays and answer.status == 200:
                self._hand_over(inside, camera)
                return

    def _answer(self, camera: socket.socket) -> tuple[rtsp_ask.Answer, bytes]:
        """The next answer. Raises EOFError for what is none."""
        while (first := exactly(camera, 1, self._left)) == b"$":  # a packet before its time
            exactly(camera, int.from_bytes(exactly(camera, 3, self._left)[1:]), self._left)
        answer = rtsp_ask.read_answer(read_head(camera, self._left, first))
        if answer is None:
            raise EOFError
        length = answer.first("content-length")
        if length and not (length.isdigit() and len(length) < 6):
            raise EOFError
        return answer, exactly(camera, int(length or 0), self._left)

    def _hand_over(self, inside: socket.socket, camera: socket.socket) -> None:
        """Put the camera's socket in the place of FFmpeg's, once FFmpeg has read all that came from here.

        FFmpeg is reading meanwhile, and closes nothing before its time is over, nor does who opened it before this is
        done: the number stays what it is. Were it another's all the same, nothing is put over it.
        """
        number = number_of(inside.getpeername(), inside.getsockname())
        theirs = os.fstat(number)
        while waiting(inside.fileno(), termios.TIOCOUTQ) or waiting(number, termios.FIONREAD):
            time.sleep(min(DRY, self._left()))
        camera.setblocking(False)  # as FFmpeg's is
        self._left()
        if not os.path.samestat(os.fstat(number), theirs):
            raise EOFError
        os.dup2(camera.fileno(), number, inheritable=False)
        inside.shutdown(socket.SHUT_WR)  # FFmpeg wakes up, and reads from the camera from now on
        inside.settimeout(1.0)
        while late := inside.recv(4096):  # what it wrote before
            camera.sendall(late)

    def _left(self) -> float:
        """Seconds left. Raises TimeoutError."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def exactly(link: socket.socket, count: int, left: Callable[[], float]) -> bytes:
    """So many bytes and not one more. Raises EOFError, TimeoutError."""
    found = bytearray()
    while len(found) < count:
        link.settimeout(left())
        chunk = link.recv(count - len(found))
        if not chunk:
            raise EOFError
        found += chunk
    return bytes(found)


def read_head(link: socket.socket, left: Callable[[], float], begun: bytes = b"") -> bytes:
    """A request's or an answer's head with its empty line; what follows stays unread."""
    head = begun
    while not head.endswith(ENDS):
        if len(head) > rtsp_ask.LIMIT:
            raise EOFError
        link.settimeout(left())
        seen = link.recv(rtsp_ask.LIMIT, socket.MSG_PEEK)
        if not seen:
            raise EOFError
        head += exactly(link, up_to_the_end(head[-3:], seen), left)
    return head


def up_to_the_end(before: bytes, seen: bytes) -> int:
    """How many bytes of `seen` belong to a head of which `before` was read last (at most three bytes). Pure."""
    text = before + seen
    ends = [at + len(end) for end in ENDS if (at := text.find(end)) >= 0]
    return min(ends) - len(before) if ends else len(seen)


def written_anew(answer: rtsp_ask.Answer, body: bytes) -> bytes:
    """The answer as FFmpeg may read it: no line hides in another, and nobody asks for the password in clear. Pure."""
    lines = [f"RTSP/1.0 {answer.status} {'OK' if answer.status == 200 else 'Refused'}"]
    for name, value in answer.headers:
        clear = name == "www-authenticate" and not value.lower().startswith("digest")
        if name and name not in ("content-length", "location") and not clear:
            lines.append(f"{_one_line(name)}: {_one_line(value)}")
    lines += [f"content-length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def number_of(near: Any, far: Any) -> int:
    """The number of this process's socket from `near` to `far`. Raises EOFError when it is gone.

    Nothing is duplicated or closed: that would give up SQLite's locks on a file that took the number meanwhile.
    """
    for name in os.listdir("/proc/self/fd"):
        try:
            found = socket.socket(fileno=int(name))
        except OSError:
            continue  # a file
        try:
            if found.getsockname() == near and found.getpeername() == far:
                return int(name)
        except OSError:
            continue  # not connected
        finally:
            found.detach()
    raise EOFError


def waiting(number: int, question: int) -> int:
    """Bytes of a socket that its reader has not taken (FIONREAD), or that have not reached the other end (TIOCOUTQ)."""
    return int.from_bytes(fcntl.ioctl(number, question, bytes(4)), sys.byteorder)
