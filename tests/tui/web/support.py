"""`longhaul --serve` as people start it, and tabs without a browser."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

PATIENCE = 60.0
ESCAPES = re.compile(r"\x1b(\[[0-9;?<>=$]*[a-zA-Z]|\].*?(\x07|\x1b\\)|.)")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tui", *arguments]


class Serving:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self._said = ""

    def said(self) -> list[str]:
        """The lines on standard error of a server that has ended."""
        return self._said.splitlines()

    def end(self) -> None:
        """Terminate the server, and wait for its end."""
        self.process.terminate()
        try:
            self._said = self.process.communicate(timeout=30)[1]
        finally:
            self.process.kill()

    @property
    def origin(self) -> str:
        return self.url.partition("/?")[0].rstrip("/")

    def builders(self) -> list[int]:
        """The processes of the open tabs."""
        listing = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(line) for line in listing.stdout.split()]

    @asynccontextmanager
    async def tab(self, *, width: int = 120, height: int = 40) -> AsyncIterator[Tab]:
        """A tab that is open for a while."""
        async with (
            ClientSession() as session,
            session.ws_connect(f"{self.origin}/ws?width={width}&height={height}", autoping=True) as socket,
        ):
            yield Tab(socket)


class Tab:
    """What a page does, without drawing."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self.drawn = ""

    async def wait(self, words: str) -> Self:
        """Wait until words have been drawn."""
        async with asyncio.timeout(PATIENCE):
            while words not in self.drawn:
                message = await self._socket.receive()
                assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), f"{words!r} was not drawn:\n{self.drawn}"
                if message.type is WSMsgType.BINARY:
                    self.drawn += ESCAPES.sub("", message.data.decode())
        return self

    async def ended(self) -> str:
        """Wait for the end, and return all that has been drawn."""
        async with asyncio.timeout(PATIENCE):
            async for message in self._socket:
                if message.type is WSMsgType.BINARY:
                    self.drawn += ESCAPES.sub("", message.data.decode())
        return self.drawn

    async def send(self, message: Any) -> None:
        await self._socket.send_json(message)

    async def type(self, keys: str) -> None:
        await self.send(["stdin", keys])


@contextmanager
def serving(*arguments: str, folder: Path, **environment: str) -> Iterator[Serving]:
    """`longhaul --serve` with some arguments, until it is terminated at the end."""
    port = free_port()
    with subprocess.Popen(
        [*command(*arguments, "--port", str(port)), *(("--serve",) if "--serve" not in arguments else ())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        server = Serving(process, line.split()[-1] if line else "")
        try:
            assert "http://" in line
            yield server
        finally:
            server.end()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until_gone(*pids: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while any(map(is_running, pids)):  # noqa: ASYNC110 # it is other processes that end
            await asyncio.sleep(0.05)
