"""The API that is read: jobs, files and pages on loopback, from a process of its own.

    POST /RUN/jobs?file=F&polls=N&latency=S   creates a job, which is ready at the N-th poll; every answer for it
                                              is held back for S seconds
    GET  /RUN/jobs/ID                         polls it
    GET  /RUN/files/F                         a file, or what the `Range` asks for, handed over by the kernel;
                                              with `?untagged` no range can be asked for
    GET  /RUN/first-request                   when the first other request of this RUN arrived, on the monotonic clock

RUN is any word; it tells the runs of a benchmark apart.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


class BenchServer:
    """Serves the files below a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._jobs: list[dict[str, Any]] = []
        self._first: dict[str, float] = {}

    async def run(self) -> None:
        """Serve for ever; the port goes to standard output."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                await reader.readexactly(_length(head))
                await self._answer(head, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.split(" ", 2)
        url = urlsplit(target)
        _, run, what, *rest = url.path.split("/")
        if what == "first-request":
            await _send(writer, {"at": self._first.get(run)})
            return
        self._first.setdefault(run, time.monotonic())
        if what == "files":
            await _send_file(writer, self._directory.joinpath(*rest), _first_byte(head), tagged=url.query != "untagged")
        elif method == "POST":
            await self._create(writer, parse_qs(url.query))
        else:
            await self._poll(writer, run, int(rest[0]))

    async def _create(self, writer: asyncio.StreamWriter, query: dict[str, list[str]]) -> None:
        job: dict[str, Any] = {
            "file": query["file"][0],
            "polls": int(query["polls"][0]),
            "latency": float(query["latency"][0]),
        }
        self._jobs.append(job)
        number = len(self._jobs) - 1
        await asyncio.sleep(job["latency"])
        await _send(writer, {"id": str(number), "status": "running"})

    async def _poll(self, writer: asyncio.StreamWriter, run: str, number: int) -> None:
        job = self._jobs[number]
        job["polls"] -= 1
        await asyncio.sleep(job["latency"])
        if job["polls"] > 0:
            await _send(writer, {"status": "running"})
        else:
            host, port = writer.get_extra_info("sockname")
            await _send(writer, {"status": "done", "url": f"http://{host}:{port}/{run}/files/{job['file']}"})


def _length(head: str) -> int:
    for line in head.lower().split("\r\n"):
        if line.startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0


def _first_byte(head: str) -> int:
    """Where the range begins that is asked for; ranges without an end are all that is understood."""
    _, found, span = head.lower().partition("range: bytes=")
    return int(span.partition("-")[0]) if found else 0


async def _send_file(writer: asyncio.StreamWriter, path: Path, start: int, *, tagged: bool) -> None:
    """Send a file the way that object stores do: a download that breaks off can be continued."""
    size = os.stat(path).st_size
    more = {"Accept-Ranges": "bytes", "ETag": f'"{path.parent.name}-{size}"'} if tagged else {}
    if start:
        more["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    with path.open("rb") as file:
        writer.write(_head(206 if start else 200, "application/octet-stream", size - start, more))
        await asyncio.get_running_loop().sendfile(writer.transport, file, start)


async def _send(writer: asyncio.StreamWriter, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    writer.write(_head(200, "application/json", len(body), {}) + body)
    await writer.drain()


def _head(status: int, kind: str, size: int, more: dict[str, str]) -> bytes:
    headers = {"Content-Type": kind, "Content-Length": str(size), **more}
    lines = [f"HTTP/1.1 {HTTPStatus(status)} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


if __name__ == "__main__":
    asyncio.run(BenchServer(Path(sys.argv[1])).run())
