"""Questions between the box's own processes: UNIX sockets, length-prefixed MessagePack frames.

A request is a tagged msgspec struct of `appliance.wire`; the reply is a struct, or an error with its code.
A frame is a 4-byte big-endian length, then the body. A handler may also yield bytes: they follow the reply as
raw frames and end with an empty one (clips use this).
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from appliance.base.errors import Corrupt, DeviceFault, ExamError, NotFound, Refused, Unavailable
from appliance.base.i18n import N_

LIMIT = 64 * 1024 * 1024
KINDS: dict[str, type[ExamError]] = {
    "refused": Refused,
    "not_found": NotFound,
    "corrupt": Corrupt,
    "device": DeviceFault,
    "unavailable": Unavailable,
}

Answer = TypeVar("Answer")
Handler = Callable[[Any], Awaitable[Any]]


class Failure(msgspec.Struct):
    """An error carried over the border."""

    kind: str
    code: str
    message: str
    next_step: str
    params: dict[str, Any]


class Reply(msgspec.Struct):
    """Either `failure` or the encoded answer; `stream` says that raw frames follow."""

    body: msgspec.Raw = msgspec.Raw(b"\xc0")
    failure: Failure | None = None
    stream: bool = False


class Streamed:
    """What a handler returns to send a struct first and then bytes."""

    def __init__(self, head: Any, chunks: AsyncIterator[bytes]) -> None:
        self.head = head
        self.chunks = chunks


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    if length > LIMIT:
        raise Corrupt("frame_too_long", N_("A message of {length} bytes is too long."), length=length)
    return await reader.readexactly(length)


def _frame(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def _failure(error: ExamError) -> Failure:
    kind = next((name for name, type_ in KINDS.items() if isinstance(error, type_)), "unavailable")
    return Failure(kind, error.code, error.message, error.next_step, error.params)


def _raise(failure: Failure) -> None:
    kind = KINDS.get(failure.kind, Unavailable)
    raise kind(failure.code, failure.message, failure.next_step, **failure.params)


async def serve(path: Path, handlers: dict[type, Handler]) -> asyncio.Server:
    """Answer requests on `path` (mode 0660) until the server is closed. `handlers`: request type -> coroutine."""
    decoder = msgspec.msgpack.Decoder(_union(handlers))

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                try:
                    frame = await _read_frame(reader)
                except asyncio.IncompleteReadError:
                    return
                try:
                    request = decoder.decode(frame)
                    answer = await handlers[type(request)](request)
                except msgspec.DecodeError as error:
                    corrupt = Corrupt(
                        "bad_request", N_("The request cannot be read: {detail}"), detail=str(error)
                    )
                    writer.write(_frame(msgspec.msgpack.encode(Reply(failure=_failure(corrupt)))))
                except ExamError as error:
                    writer.write(_frame(msgspec.msgpack.encode(Reply(failure=_failure(error)))))
                else:
                    head = answer.head if isinstance(answer, Streamed) else answer
                    body = msgspec.Raw(msgspec.msgpack.encode(head))
                    stream = isinstance(answer, Streamed)
                    writer.write(_frame(msgspec.msgpack.encode(Reply(body=body, stream=stream))))
                    if isinstance(answer, Streamed):
                        async for chunk in answer.chunks:
                            if chunk:
                                writer.write(_frame(chunk))
                                await writer.drain()
                        writer.write(_frame(b""))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            return  # the asker went away, or this process is stopping
        finally:
            writer.close()

    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(connection, path=str(path))
    path.chmod(0o660)
    return server


def _union(handlers: dict[type, Handler]) -> Any:
    types = list(handlers)
    union: Any = types[0]
    for type_ in types[1:]:
        union = union | type_
    return union


async def _open(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_unix_connection(str(path))
    except OSError as error:
        raise _silent(path) from error


def _silent(path: Path) -> Unavailable:
    return Unavailable(
        "process_silent",
        N_("The process {process} does not answer."),
        N_("Exams go on. The system administrator restarts exam-{process}."),
        process=path.stem,
    )


async def ask(path: Path, request: Any, answer: type[Answer], timeout: float = 5.0) -> Answer:
    """Send one request and return the reply as `answer`. Raises the far side's error, or Unavailable."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _open(path)
            try:
                writer.write(_frame(msgspec.msgpack.encode(request)))
                reply = msgspec.msgpack.decode(await _read_frame(reader), type=Reply)
            finally:
                writer.close()
    except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
        raise _silent(path) from error
    if reply.failure:
        _raise(reply.failure)
    return msgspec.msgpack.decode(reply.body, type=answer)


async def ask_stream(
    path: Path, request: Any, answer: type[Answer], timeout: float = 10.0
) -> tuple[Answer, AsyncIterator[bytes]]:
    """Like `ask`, for a reply followed by bytes. The connection closes when the bytes are read."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _open(path)
            writer.write(_frame(msgspec.msgpack.encode(request)))
            reply = msgspec.msgpack.decode(await _read_frame(reader), type=Reply)
    except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
        raise _silent(path) from error
    if reply.failure:
        writer.close()
        _raise(reply.failure)

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while reply.stream and (chunk := await _read_frame(reader)):
                yield chunk
        finally:
            writer.close()

    return msgspec.msgpack.decode(reply.body, type=answer), chunks()
