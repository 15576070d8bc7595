"""The builder process behind one browser tab: started with the tab, hung up with it."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

_PATIENCE = 10.0
"""Seconds that a builder has for keeping a draft and aborting its jobs; longer than it takes at most."""
_BEGINNING = b"__GANGLION__\n"
"""The line of Textual's web driver before its first packet."""
_LONGEST_END = 20_000
"""How many bytes of what a builder says at its end are kept."""
_RESET_TERMINAL = "\x1bc"
_CONTROLS = re.compile(r"[^\n\x20-\x7e\xa0-\U0010ffff]")
_LARGEST = 1_000
"""Columns and rows of a terminal at most."""


class TabProcess(AppService):
    """A builder whose screen is a browser tab.

    Textual's own service runs a shell, and a builder that is asked to quit gives up what was not saved. This one is
    hung up like a terminal: it keeps a draft and aborts the jobs of a running test.
    """

    def __init__(self, command: Sequence[str], tab: web.WebSocketResponse, downloads: DownloadManager) -> None:
        super().__init__(
            shlex.join(command),
            write_bytes=tab.send_bytes,
            write_str=tab.send_str,
            close=self._close_tab,
            download_manager=downloads,
        )
        self._arguments = tuple(command)
        self._tab = tab
        self._hung_up = False

    async def _close_tab(self) -> None:
        await self._tab.close()

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start the builder in a session of its own, so that Ctrl-C at the server reaches the server alone."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(_bounded(width), _bounded(height)),
            start_new_session=True,
        )
        self._stdin = process.stdin
        return process

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return super()._build_environment(width, height) | {
            "TEXTUAL_DRIVER": "tui.web.driver:TabDriver",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }

    async def set_terminal_size(self, width: int, height: int) -> None:
        await super().set_terminal_size(_bounded(width), _bounded(height))

    async def run(self) -> None:
        """Pass on what the builder draws until it ends, then what it says at the end."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        end = asyncio.create_task(_last_bytes(process.stderr))
        await self._pass_on_packets(process.stdout)
        await process.wait()
        said = _CONTROLS.sub("", (await end).decode(errors="replace")).strip()
        with suppress(ConnectionError):
            if said:
                print(said, file=sys.stderr, flush=True)
                await self.on_data((_RESET_TERMINAL + said.replace("\n", "\r\n")).encode())
            await self.remote_close()

    async def _pass_on_packets(self, stdout: asyncio.StreamReader) -> None:
        handlers = {b"D": self.on_data, b"M": self.on_meta, b"P": self.on_packed}
        with suppress(asyncio.IncompleteReadError):
            while (line := await stdout.readline()) != _BEGINNING:
                if not line:
                    return
            while True:
                head = await stdout.readexactly(5)
                payload = await stdout.readexactly(int.from_bytes(head[1:], "big"))
                with suppress(ConnectionError):  # without a tab, what the builder draws is read to let it go on
                    await handlers[head[:1]](payload)

    async def on_meta(self, data: bytes) -> None:
        """Do what the builder asks for; the tab is closed once the process has ended, not when it is about to."""
        if b'"type": "exit"' not in data:
            await super().on_meta(data)

    async def stop(self) -> None:
        """Hang up, and wait until the builder has ended."""
        if self._task is None:
            return
        await self._download_manager.cancel_app_downloads(self.app_service_id)
        if not self._hung_up:
            self._hung_up = True
            await self._hang_up()
        await asyncio.wait([self._task], timeout=_PATIENCE)
        if not self._task.done():
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            await asyncio.wait([self._task])

    async def _hang_up(self) -> None:
        if hasattr(signal, "SIGHUP"):
            self._signal(signal.SIGHUP)
        else:
            await self.send_meta({"type": "quit"})

    def _signal(self, number: int) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


async def _last_bytes(stream: asyncio.StreamReader) -> bytes:
    """Read to the end and keep the last bytes."""
    kept = b""
    while piece := await stream.read(4_096):
        kept = (kept + piece)[-_LONGEST_END:]
    return kept


def _bounded(cells: int) -> int:
    return max(1, min(int(cells), _LARGEST))
