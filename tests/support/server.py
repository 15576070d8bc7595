"""A small HTTP server on loopback for tests: answers by path, keeps what was asked, and can misbehave."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: httpx.Headers
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Reply:
    """An answer. `body` is bytes, text, or a value to be sent as JSON.

    `cut` is the number of bytes of the body after which the connection breaks (-1: without any answer), `gate` must be
    set before anything is sent.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    chunked: bool = False
    gate: asyncio.Event | None = None

    def raw(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


Answer = Reply | Callable[[Asked], Reply]


class LoopbackServer:
    """Serves what `on` says; every other path is a 404. `asked` holds the requests in the order of arrival.

    The names of headers are in small letters, as with HTTP/2 and many proxies, or in `capitals`, as most servers write
    them.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, capitals: bool = False) -> None:
        self._tls = tls
        self._capitals = capitals
        self.asked: list[Asked] = []
        self._arrived = asyncio.Event()
        self._answers: dict[str, list[Answer]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def on(self, path: str, *answers: Answer) -> None:
        """Answer requests to `path` with these, one after the other; the last one for good."""
        self._answers[path] = list(answers)

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        assert self._server is not None
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{host}:{self._server.sockets[0].getsockname()[1]}{path}"

    async def was_asked(self, times: int = 1) -> None:
        """Wait until that many requests have arrived."""
        async with asyncio.timeout(20):
            while len(self.asked) < times:
                self._arrived.clear()
                await self._arrived.wait()

    def to(self, path: str) -> list[Asked]:
        """The requests to `path`."""
        return [asked for asked in self.asked if asked.path == path]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
        method, target, _ = first.decode().split(" ")
        headers = httpx.Headers([(name, value) for name, _, value in (line.partition(b": ") for line in lines)])
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, target, headers, body)
        self.asked.append(asked)
        self._arrived.set()
        return await _send(self._reply(asked), asked, writer, capitals=self._capitals)

    def _reply(self, asked: Asked) -> Reply:
        answers = self._answers.get(asked.path, [Reply({"error": "no such path"}, 404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Reply) else answer(asked)


async def _send(reply: Reply, asked: Asked, writer: asyncio.StreamWriter, *, capitals: bool) -> bool:
    """Send the reply; False when the connection is over."""
    if reply.gate is not None:
        await reply.gate.wait()
    if reply.cut == -1:
        return False
    body = reply.raw()
    headers = {name.lower(): value for name, value in reply.headers.items()}
    headers.setdefault("content-type", "application/json" if isinstance(reply.body, (dict, list)) else "text/plain")
    framing = {"transfer-encoding": "chunked"} if reply.chunked else {"content-length": str(len(body))}
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    named = {name.title() if capitals else name: value for name, value in {**framing, **headers}.items()}
    lines += [f"{name}: {value}" for name, value in named.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    sent = body if reply.cut is None else body[: reply.cut]
    if asked.method != "HEAD" and reply.chunked:
        writer.write(b"%x\r\n%b\r\n" % (len(sent), sent) + (b"0\r\n\r\n" if reply.cut is None else b""))
    elif asked.method != "HEAD":
        writer.write(sent)
    await writer.drain()
    return reply.cut is None
