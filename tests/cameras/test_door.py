"""The door between FFmpeg and a camera: whom it lets in, and that it puts the camera's socket over nothing else."""

import os
import select
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.base.errors import DeviceFault
from cameras import rtsp, rtsp_door, stream
from cameras.address import with_credentials

METADATA = ("m=application 0 RTP/AVP 107", "a=rtpmap:107 vnd.onvif.metadata/90000", "a=control:trackID=1")


class Scripted:
    """A camera that describes `media` to anybody; `after` answers what is asked once it plays."""

    def __init__(self, *media: str, after: Callable[[rtsp.Request], bytes] | None = None) -> None:
        lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*", *media]
        self._description = "\r\n".join([*lines, ""]).encode()
        self._after = after
        self.asked: list[rtsp.Request] = []
        self.playing: socket.socket | None = None
        """The connection that plays."""
        self.port = 0

    @contextmanager
    def serving(self) -> Iterator["Scripted"]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
            yield self

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        reader, playing = rtsp.RequestReader(), False
        try:
            while chunk := link.recv(4096):
                for request in reader.feed(chunk):
                    self.asked.append(request)
                    if playing:
                        link.sendall(self._after(request) if self._after else rtsp.response(request, 200))
                        continue
                    answer = self._answer(request)
                    link.sendall(answer)
                    if request.method == "PLAY" and b" 200 " in answer[:16]:
                        playing, self.playing = True, link
        except OSError:
            pass

    def _answer(self, request: rtsp.Request) -> bytes:
        match request.method:
            case "OPTIONS":
                return rtsp.response(request, 200, {"Public": "DESCRIBE, SETUP, PLAY, GET_PARAMETER"})
            case "DESCRIBE":
                headers = {"Content-Type": "application/sdp", "Content-Base": request.url + "/"}
                return rtsp.response(request, 200, headers, self._description)
        headers = {"Session": "1;timeout=1", "Transport": request.headers.get("transport", "")}
        return rtsp.response(request, 200, headers)


def test_a_stream_without_pictures_is_closed_after_the_door_has_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFmpeg reads nothing of it, and gives its socket's number back while the door still has it in hand."""
    true = rtsp_door.waiting

    def slow(number: int, question: int) -> int:
        time.sleep(0.1)
        return true(number, question)

    monkeypatch.setattr(rtsp_door, "waiting", slow)
    with Scripted(*METADATA).serving() as camera:
        uri = f"rtsp://127.0.0.1:{camera.port}/x"
        with pytest.raises(DeviceFault) as fault:
            stream.open_stream(uri, uri)
        assert fault.value.code == "camera_no_video"
        files = [os.open(tmp_path / str(number), os.O_WRONLY | os.O_CREAT) for number in range(20)]
        ends = time.monotonic() + 5
        while any(one.name.startswith("door-") for one in threading.enumerate()):
            assert time.monotonic() < ends
            time.sleep(0.01)
        for number, file in enumerate(files):
            os.write(file, b"film")  # fails, or goes to the camera, where the socket lies over it
            os.close(file)
            assert (tmp_path / str(number)).read_bytes() == b"film"


@contextmanager
def met() -> Iterator[tuple[rtsp_door.Door, socket.socket, socket.socket]]:
    """A door, who asked it to play in FFmpeg's place, and the camera, which has answered."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        door = rtsp_door.Door("127.0.0.1", listening.getsockname()[1], login=False)
        door.start()
        host, _, port = door.address.partition(":")
        with socket.create_connection((host, int(port))) as asking:
            asking.sendall(b"PLAY rtsp://h/x RTSP/1.0\r\nCSeq: 4\r\n\r\n")
            camera, _ = listening.accept()
            with camera:
                assert b"PLAY" in camera.recv(4096)
                camera.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n")
                yield door, asking, camera
        door.join(5)
        assert not door.is_alive()


def test_another_process_is_not_let_in() -> None:
    code = (
        "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); print(s.recv(1))"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        door = rtsp_door.Door("127.0.0.1", listening.getsockname()[1], login=False)
        port = door.address.partition(":")[2]
        other = subprocess.Popen([sys.executable, "-Sc", code, port], stdout=subprocess.PIPE)
        ends = time.monotonic() + 10
        while not select.select([door._listening], [], [], 0.1)[0]:
            assert time.monotonic() < ends
        door._ends = time.monotonic() + rtsp_door.LONGEST
        door.start()
        with socket.create_connection(("127.0.0.1", int(port))) as asking:
            asking.sendall(b"OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            listening.settimeout(5)
            camera, _ = listening.accept()
            with camera:
                assert b"OPTIONS" in camera.recv(4096)
        assert other.communicate(timeout=5)[0] == b"b''\n"


def test_what_ffmpeg_wrote_before_the_hand_over_reaches_the_camera() -> None:
    with met() as (door, asking, camera):
        asking.sendall(b"GET_PARAMETER rtsp://h/x RTSP/1.0\r\n\r\n")
        door.join(0.2)
        assert door.is_alive(), "nothing is exchanged before the answer was read"
        assert asking.recv(4096).startswith(b"RTSP/1.0 200")
        camera.settimeout(5)
        assert camera.recv(4096).startswith(b"GET_PARAMETER")
        door.join(5)
        camera.sendall(b"$\x00\x00\x01x")
        asking.setblocking(True)
        assert asking.recv(4096) == b"$\x00\x00\x01x", "FFmpeg's number is the camera's connection now"


def test_a_number_that_became_another_file_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "film"
    reached = threading.Event()

    def waiting(number: int, question: int) -> int:
        if question == termios.FIONREAD:
            file = os.open(film, os.O_WRONLY | os.O_CREAT)
            os.dup2(file, number)  # closed, and taken by a film
            os.close(file)
            reached.set()
        return 0

    monkeypatch.setattr(rtsp_door, "waiting", waiting)
    with met() as (door, asking, camera):
        door.join(5)
        assert reached.is_set()
        os.write(asking.fileno(), b"film")
        camera.settimeout(5)
        assert film.read_bytes() == b"film" and camera.recv(4096) == b""


def test_who_asks_for_no_proof_before_it_plays_gets_no_password_afterwards() -> None:
    """FFmpeg reads a challenge out of any answer, also that to its keep-alive, and would answer one in clear."""

    def wants(request: rtsp.Request) -> bytes:
        return rtsp.response(request, 401, {"WWW-Authenticate": 'Basic realm="x"'})

    with Scripted(*METADATA, after=wants).serving() as camera:
        shown = f"rtsp://127.0.0.1:{camera.port}/x"
        container = stream._through_a_door(with_credentials(shown, "admin", "secret"), shown)
        with container:
            ends = time.monotonic() + 10
            packets = container.demux()
            while len([one for one in camera.asked if one.method == "GET_PARAMETER"]) < 2:
                assert time.monotonic() < ends and camera.playing
                camera.playing.sendall(b"$\x00\x00\x10\x80\xeb" + bytes(10) + b"<m/>")
                next(packets)
    assert not any("authorization" in one.headers for one in camera.asked)


class AsksAtPlay(Scripted):
    """A camera that wants the proof at PLAY, and not before."""

    def _answer(self, request: rtsp.Request) -> bytes:
        proven = request.headers.get("authorization", "").startswith("Digest ")
        if request.method == "PLAY" and not proven:
            wants = {"WWW-Authenticate": 'Digest realm="x", nonce="n"'}
            return rtsp.response(request, 401, wants)
        return super()._answer(request)


def test_a_camera_that_asks_for_the_proof_at_play_only_is_opened() -> None:
    with AsksAtPlay(*METADATA).serving() as camera:
        shown = f"rtsp://127.0.0.1:{camera.port}/x"
        stream._through_a_door(with_credentials(shown, "admin", "secret"), shown).close()
    played = [one for one in camera.asked if one.method == "PLAY"]
    assert ["authorization" in one.headers for one in played] == [False, True], "on one connection"
