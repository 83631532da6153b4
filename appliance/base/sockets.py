"""Questions between the box's own processes: UNIX sockets, length-prefixed MessagePack frames.

A request is a tagged msgspec struct of `appliance.wire`; the reply is a struct, or an error with its code.
A frame is a 4-byte big-endian length, then the body. A handler may also yield bytes: they follow the reply as
raw frames and end with an empty one (clips use this). What goes wrong on the way is told there: `FAILED` in place of a
length, then a frame with the Failure.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from appliance.base.errors import (
    Conflict,
    Corrupt,
    DeviceFault,
    ExamError,
    NotFound,
    Refused,
    Stale,
    Unavailable,
)
from appliance.base.i18n import N_

LIMIT = 64 * 1024 * 1024
FAILED = 0xFFFFFFFF
BUFFER = 1 << 20
"""Bytes read ahead of whoever asks: recordings come in pieces of this size."""
KINDS: dict[str, type[ExamError]] = {
    "refused": Refused,
    "not_found": NotFound,
    "conflict": Conflict,
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

    async def send(self, writer: asyncio.StreamWriter) -> None:
        """What follows the struct."""
        await _stream(writer, self.chunks)


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    return await _read_body(reader, length)


async def _read_body(reader: asyncio.StreamReader, length: int) -> bytes:
    if length > LIMIT:
        raise Corrupt("frame_too_long", N_("A message of {length} bytes is too long."), length=length)
    return await reader.readexactly(length)


async def _read_chunk(reader: asyncio.StreamReader) -> bytes:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    if length == FAILED:
        raise_failure(await _read_frame(reader))
    return await _read_body(reader, length)


def frame(body: bytes) -> bytes:
    """A body with its length before it."""
    return struct.pack(">I", len(body)) + body


def _failure(error: ExamError) -> Failure:
    if isinstance(error, Stale):
        return Failure("stale", error.code, "", "", {"expected": error.expected})
    kind = next((name for name, type_ in KINDS.items() if isinstance(error, type_)), "unavailable")
    return Failure(kind, error.code, error.message, error.next_step, error.params)


def failed(error: ExamError) -> bytes:
    """What stands in place of the next chunk when there is none."""
    return struct.pack(">I", FAILED) + frame(msgspec.msgpack.encode(_failure(error)))


def raise_failure(body: bytes) -> None:
    """The error that `failed` tells of."""
    _raise(msgspec.msgpack.decode(body, type=Failure))


def _raise(failure: Failure) -> None:
    if failure.kind == "stale":
        raise Stale(failure.params["expected"], failure.code)
    kind = KINDS.get(failure.kind, Unavailable)
    raise kind(failure.code, failure.message, failure.next_step, **failure.params)


async def serve(path: Path, handlers: dict[type, Handler]) -> asyncio.Server:
    """Answer requests on `path` (mode 0660) until the server is closed. `handlers`: request type -> coroutine."""
    decoder = msgspec.msgpack.Decoder(_union(handlers))

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                try:
                    asked = await _read_frame(reader)
                except asyncio.IncompleteReadError:
                    return
                try:
                    request = decoder.decode(asked)
                    answer = await handlers[type(request)](request)
                except msgspec.DecodeError as error:
                    corrupt = Corrupt(
                        "bad_request", N_("The request cannot be read: {detail}"), detail=str(error)
                    )
                    writer.write(frame(msgspec.msgpack.encode(Reply(failure=_failure(corrupt)))))
                except ExamError as error:
                    writer.write(frame(msgspec.msgpack.encode(Reply(failure=_failure(error)))))
                else:
                    head = answer.head if isinstance(answer, Streamed) else answer
                    body = msgspec.Raw(msgspec.msgpack.encode(head))
                    stream = isinstance(answer, Streamed)
                    writer.write(frame(msgspec.msgpack.encode(Reply(body=body, stream=stream))))
                    if isinstance(answer, Streamed):
                        await answer.send(writer)
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


async def _stream(writer: asyncio.StreamWriter, chunks: AsyncIterator[bytes]) -> None:
    """Raw frames and an empty one, or why there are no more. Whoever makes the chunks is told at once when the asker
    has gone away.
    """
    try:
        async for chunk in chunks:
            if chunk:
                writer.write(struct.pack(">I", len(chunk)))
                writer.write(chunk)  # apart: a copy of a megabyte costs as much as sending it
                await writer.drain()
        writer.write(frame(b""))
    except ExamError as error:
        writer.write(failed(error))
    finally:
        close = getattr(chunks, "aclose", None)
        if close:
            await close()


def _union(handlers: dict[type, Handler]) -> Any:
    types = list(handlers)
    union: Any = types[0]
    for type_ in types[1:]:
        union = union | type_
    return union


async def _open(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_unix_connection(str(path), limit=BUFFER)
    except OSError as error:
        raise silent(path) from error


def silent(path: Path) -> Unavailable:
    """What to raise about a process that does not answer on its socket."""
    return Unavailable(
        "process_silent",
        N_("The process {process} does not answer."),
        N_("Exams go on. The system administrator restarts exam-{process}."),
        process=path.stem,
    )


def _decoded(path: Path, body: bytes | msgspec.Raw, type_: type[Answer]) -> Answer:
    """A message of the far side; one that another version of the program made cannot be read."""
    try:
        return msgspec.msgpack.decode(body, type=type_)
    except msgspec.DecodeError as error:
        raise Unavailable(
            "other_version",
            N_("The process {process} speaks as another version of the program does."),
            N_("The system administrator restarts exam-{process}."),
            process=path.stem,
        ) from error


async def ask(path: Path, request: Any, answer: type[Answer], timeout: float = 5.0) -> Answer:
    """Send one request and return the reply as `answer`. Raises the far side's error, or Unavailable."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _open(path)
            try:
                writer.write(frame(msgspec.msgpack.encode(request)))
                reply = _decoded(path, await _read_frame(reader), Reply)
            finally:
                writer.close()
    except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
        raise silent(path) from error
    if reply.failure:
        _raise(reply.failure)
    return _decoded(path, reply.body, answer)


class Chunks:
    """The bytes that follow a reply. The connection closes at their end, at an error, or with `aclose`."""

    def __init__(
        self,
        path: Path,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        timeout: float,
        stream: bool,
    ) -> None:
        self._path, self._reader, self._writer, self._timeout = path, reader, writer, timeout
        self._open = stream
        if not stream:
            writer.close()

    def __aiter__(self) -> "Chunks":
        return self

    async def __anext__(self) -> bytes:
        """The next chunk. Raises the far side's error, Unavailable when it falls silent for `timeout` seconds."""
        if not self._open:
            raise StopAsyncIteration
        chunk = b""
        try:
            async with asyncio.timeout(self._timeout):
                chunk = await _read_chunk(self._reader)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
            raise silent(self._path) from error
        finally:
            if not chunk:
                await self.aclose()
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close the connection: whoever does not read to the end calls this."""
        self._open = False
        self._writer.close()


async def ask_stream(
    path: Path, request: Any, answer: type[Answer], timeout: float = 10.0
) -> tuple[Answer, Chunks]:
    """Like `ask`, for a reply followed by bytes. The connection closes when the bytes are read."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _open(path)
            writer.write(frame(msgspec.msgpack.encode(request)))
            reply = await _read_frame(reader)
        head, stream = head_of(path, reply, answer)
    except BaseException as error:
        if writer is not None:
            writer.close()
        if isinstance(error, (TimeoutError, ConnectionError, asyncio.IncompleteReadError)):
            raise silent(path) from error
        raise
    return head, Chunks(path, reader, writer, timeout, stream)


def head_of(path: Path, body: bytes, answer: type[Answer]) -> tuple[Answer, bool]:
    """What a reply says, and whether bytes follow; raises the far side's error."""
    reply = _decoded(path, body, Reply)
    if reply.failure:
        _raise(reply.failure)
    return _decoded(path, reply.body, answer), reply.stream
