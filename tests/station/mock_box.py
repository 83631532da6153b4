"""A small box for page and simulator tests: the station API in memory, with faults on demand.

It keeps every change it was sent in order, so that a test can see what arrived, how often and when.
"""

import hashlib
import io
import threading
import time
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from appliance.base.sealing import seal_own
from appliance.wire import station as wire

STATIC = Path(__file__).parents[2] / "appliance/web/static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8"}
CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    b"media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STEMS = [
    "电工在停电检修时，必须在刀闸处悬挂“正在检修，不得合闸”的警示牌。",
    "特种作业人员必须年满 20 周岁，且不超过国家法定退休年龄。",
    "企业、事业单位的职工无特种作业操作证从事特种作业，属违章作业。",
    "低压电气设备的绝缘电阻不低于 0.5 MΩ 即可投入运行。",
]
CHOICE = "在检修停电的低压线路时，为防止突然来电，应当采取的最根本的安全技术措施是（ ）。"
CHOICES = [
    "验电并在工作地点两侧挂接地线",
    "派专人看守电源开关",
    "通知用户停止用电",
    "戴绝缘手套继续工作",
]


def make_paper(true_false: int = 70, choices: int = 30) -> wire.Paper:
    """A paper of made-up items."""
    questions = [
        wire.Question(
            position=n,
            kind="true_false",
            stem=STEMS[n % len(STEMS)],
            options=[wire.Option("A", "正确"), wire.Option("B", "错误")],
        )
        for n in range(1, true_false + 1)
    ]
    for n in range(true_false + 1, true_false + choices + 1):
        options = [wire.Option("ABCD"[i], text) for i, text in enumerate(CHOICES)]
        questions.append(wire.Question(position=n, kind="single_choice", stem=CHOICE, options=options))
    return wire.Paper(paper="p1", sha256="0" * 64, questions=questions)


class MockBox:
    """One seat, one candidate. `phase` and the times are set by the test."""

    def __init__(self, *, minutes: float = 120, port: int = 0, tls: tuple[Path, Path] | None = None) -> None:
        self.port = port
        self.tls = tls
        """Certificate and key: HTTPS then."""
        self.paths: list[str] = []
        """Every path asked for, in order."""
        self.phase: wire.Phase = "sign_in"
        self.paper = make_paper()
        self.started = datetime.now(UTC)
        self.deadline = self.started + timedelta(minutes=minutes)
        self.signed_in = "attempt-1"
        self.bound = "attempt-1"
        """Who is bound to the seat now; the cookie's own attempt is `signed_in`."""
        self.seat_phase: wire.Phase = "sign_in"
        self.lease = 0
        self.tokens: dict[str, int] = {}
        self.saved: dict[int, int] = {}
        """Lease -> last n committed."""
        self.received: list[tuple[int, wire.Answer]] = []
        """Every change committed, in order, with its lease."""
        self.posts = 0
        self.pictures: dict[str, bytes] = {}
        """The paper's pictures by the SHA-256 its questions name, all PNG."""
        self.files: dict[str, bytes] = {}
        """Sealed files by their names."""
        self.withheld: set[str] = set()
        """Pictures whose sealed files are not given out, by the SHA-256 the questions name."""
        self.altered = False
        """Sealed files come with a bit changed."""
        self.key = b""
        self.page = ""
        """Of the province, where that is answered on."""
        self.answers: dict[int, str] = {}
        self.made_at: dict[int, datetime] = {}
        self.handed_in = ""
        self.result = ""
        self.photo = b""
        """The candidate's portrait, a JPEG; empty: there is none."""
        self.message = ("", "")
        self.moved = False
        self.goes_on_at = ""
        """The seat the candidate was moved to."""
        self.lose_replies = 0
        """The next so many answer posts commit and then fail."""
        self.refuse: tuple[int, str, str] | None = None
        self.deny: dict[str, tuple[int, str, str]] = {}
        """What the last part of an address is answered with instead: status, code, sentence."""
        self.ahead = timedelta(0)
        """The box's clock against this machine's."""
        self.by_code = False
        """A free seat takes ID number and pass code."""
        self.left: list[wire.Left] = []
        self.around: wire.ExamNow | None = None
        """What the exam's rules and the roster say; None: nothing particular."""
        self.bookmark: wire.Bookmark | None = None
        self.hand_ins: list[int] = []
        self.settled = 0
        self.demo = True
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def start(self) -> None:
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            lifespan="off",
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            timeout_graceful_shutdown=0,
            ssl_certfile=self.tls[0] if self.tls else None,
            ssl_keyfile=self.tls[1] if self.tls else None,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        end = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < end, "mock box did not start"
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Gone: nothing answers on the port any more. Everything kept stays for the next start."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(10)
        self._server = None

    def sealed(self) -> tuple[str, list[str]]:
        """Seal the paper as it is now: names of its body and of its pictures."""
        self.paper.pictures = {}
        for name, content in self.pictures.items():
            key, sealed = seal_own(b"s" * 32, content, wire.ABOUT_PICTURE)
            file = hashlib.sha256(sealed).hexdigest()
            self.files[file] = sealed
            self.paper.pictures[name] = wire.SealedPicture(sealed=file, media_type="image/png", key=key)
        self.key, body = seal_own(b"s" * 32, msgspec.json.encode(self.paper), wire.ABOUT_PAPER)
        name = hashlib.sha256(body).hexdigest()
        self.files[name] = body
        return name, sorted(one.sealed for one in self.paper.pictures.values())

    def attempt(self) -> wire.Attempt:
        self.sealed()
        over = bool(self.handed_in)
        return wire.Attempt(
            attempt=self.signed_in,
            lease=self.lease,
            phase="handed_in" if over else self.phase,
            seat="T1-07",
            room="理论考场",
            name="王小明",
            masked_number="9999**********021X",
            exam="低压电工作业",
            exam_in={"zh_CN": "低压电工作业", "en": "Low-voltage electrician"},
            questions=len(self.paper.questions),
            starts_at=self.started,
            deadline=self.deadline,
            now=self.now(),
            saved_n=self.saved.get(self.lease, 0),
            answered=len([v for v in self.answers.values() if v]),
            message=self.message[1],
            message_id=self.message[0],
            handed_in=self.handed_in,
            result=self.result,
            moved=self.moved,
            goes_on_at=self.goes_on_at,
            key=self.key if over or self.phase == "running" else b"",
            page=self.page,
            around=self.around or wire.ExamNow(hand_in_from=self.started),
            csrf=f"csrf-{self.lease}",
            demo=self.demo,
        )

    async def _app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {k.decode().lower(): v.decode() for k, v in scope["headers"]}
        extra: list[tuple[bytes, bytes]] = []
        self.paths.append(scope["path"])
        try:
            status, kind, reply = self._answer(scope["method"], scope["path"], headers, body, extra)
        except _ProblemError as problem:
            content: dict[str, Any] = {"title": problem.title, "code": problem.code, "next": ""}
            if problem.expected is not None:
                content["expected"] = problem.expected
            status, kind, reply = problem.status, "application/problem+json", msgspec.json.encode(content)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (b"content-type", kind.encode()),
                    (b"content-security-policy", CSP),
                    (b"cache-control", b"no-cache"),
                    *extra,
                ],
            }
        )
        await send({"type": "http.response.body", "body": reply})

    def _answer(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        extra: list[tuple[bytes, bytes]],
    ) -> tuple[int, str, bytes]:
        if path == "/station/paper.zip":
            extra.append((b"content-disposition", b"attachment"))
            return 200, "application/zip", b"PK" + bytes(2000)
        if not path.startswith("/station/api/"):
            return self._file(path)
        name = path.removeprefix("/station/api/")
        if name == "seat":
            bound = self.seat_phase != "free"
            seat = wire.Seat(
                seat="T1-07",
                room="理论考场",
                sitting="低压电工作业",
                sitting_in={"zh_CN": "低压电工作业", "en": "Low-voltage electrician"},
                phase=self.seat_phase,
                candidate="王*明" if bound else "",
                attempt=self.bound if bound else "",
                by_code=self.by_code and not bound,
                now=self.now(),
                demo=self.demo,
            )
            return _json(seat)
        if name == "sign-in":
            typed = msgspec.json.decode(body, type=wire.SignIn)
            if self.by_code and self.seat_phase == "free":
                if (typed.number, typed.pass_code) != ("99999919900101021X", "412907"):
                    raise _ProblemError(403, "wrong_pass_code", "号码或场次口令不对。")
                self.seat_phase = "sign_in"
            elif typed.last_four != "021X":
                raise _ProblemError(
                    403, "wrong_last_four", "身份证号最后四位不正确。请看一下身份证，重新输入，或举手。"
                )
            self.lease += 1
            self.tokens = {f"t{self.lease}": self.lease}
            if self.phase == "sign_in":
                self.phase = "rules"
            extra.append((b"set-cookie", f"seat=t{self.lease}; Path=/station; HttpOnly".encode()))
            return _json(self.attempt())
        lease = self.tokens.get(_cookie(headers, "seat"))
        if lease is None:
            raise _ProblemError(401, "seat_sign_in_first", "请在本考位登录。")
        if method == "POST" and headers.get("x-csrf-token") != f"csrf-{lease}":
            raise _ProblemError(403, "csrf", "请求被拒绝。")
        return self._signed_in(name, lease, body)

    def _signed_in(self, name: str, lease: int, body: bytes) -> tuple[int, str, bytes]:
        if name in self.deny:
            raise _ProblemError(*self.deny[name])
        if name == "attempt":
            return _json(self.attempt())
        if name == "photo":
            if not self.photo:
                raise _ProblemError(404, "no_photo", "没有照片。")
            return 200, "image/jpeg", self.photo
        if name == "paper":
            body, pictures = self.sealed()
            made_of = wire.SealedPaper(body=body, pictures=pictures, bookmark=self.bookmark)
            made_of.answers, made_of.made_at = dict(self.answers), dict(self.made_at)
            return _json(made_of)
        if name.startswith("sealed/"):
            self.sealed()
            file = name.removeprefix("sealed/")
            content = self.files.get(file)
            if content is None or any(self.paper.pictures[one].sealed == file for one in self.withheld):
                raise _ProblemError(403, "other_paper", "这不是您试卷的内容。")
            return 200, "application/octet-stream", bytes([content[0] ^ self.altered]) + content[1:]
        if name.startswith("voice/"):
            return 200, "audio/wav", silence()
        if name == "hand":
            up = msgspec.json.decode(body, type=wire.Hand).up
            now = wire.ExamNow(hand_in_from=self.started)
            self.around = msgspec.structs.replace(self.around or now, hand_at=self.now() if up else None)
            return _json(self.attempt())
        if name == "left":
            told = msgspec.json.decode(body, type=wire.Left)
            self.left.append(told)
            return _json(wire.Noted(id=told.id, now=self.now()))
        if name == "rules":
            self.phase = "running" if self.started <= self.now() else "waiting"
            return _json(self.attempt())
        if name == "acknowledge":
            if msgspec.json.decode(body, type=wire.Acknowledge).message_id == self.message[0]:
                self.message = ("", "")
            return _json(self.attempt())
        if name == "hand-in":
            sent = msgspec.json.decode(body, type=wire.HandIn)
            if sent.n > self.saved.get(lease, 0):
                raise _ProblemError(409, "stale", "stale", self.saved.get(lease, 0) + 1)
            self.hand_ins.append(sent.n)
            if self.handed_in:
                self.settled += 1
            self.handed_in = self.handed_in or "candidate"
            return _json(self.attempt())
        assert name == "answers", name
        return self._take(msgspec.json.decode(body, type=wire.Answers), lease)

    def _take(self, sent: wire.Answers, lease: int) -> tuple[int, str, bytes]:
        self.posts += 1
        if self.refuse:
            raise _ProblemError(*self.refuse)
        assert sent.lease == lease
        last = self.saved.get(lease, 0)
        for answer in sent.answers:
            if answer.n <= last:
                continue
            if answer.n != last + 1:
                raise _ProblemError(409, "stale", "stale", last + 1)
            last = answer.n
            self.received.append((lease, answer))
            self.answers[answer.position] = answer.value
            self.made_at[answer.position] = answer.at
        self.saved[lease] = last
        self.bookmark = sent.bookmark or self.bookmark
        if self.lose_replies:
            self.lose_replies -= 1
            raise _ProblemError(503, "lost", "lost")
        return _json(wire.Saved(n=last, now=self.now(), deadline=self.deadline))

    def _file(self, path: str) -> tuple[int, str, bytes]:
        names = {"/station/": "station/exam.html", "/station/sw.js": "station/sw.js"}
        name = names.get(path) or path.removeprefix("/static/")
        file = STATIC / name
        if not file.is_file() or ".." in name:
            return 404, "text/plain", b"not found"
        return 200, TYPES.get(file.suffix, "application/octet-stream"), file.read_bytes()


class _ProblemError(Exception):
    def __init__(self, status: int, code: str, title: str, expected: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.title, self.expected = status, code, title, expected


def _json(reply: Any) -> tuple[int, str, bytes]:
    return 200, "application/json", msgspec.json.encode(reply)


def _cookie(headers: dict[str, str], name: str) -> str:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def silence(seconds: float = 0.4) -> bytes:
    """A WAV file without a sound in it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(seconds * 16000)))
    return file.getvalue()
