"""The server of `longhaul --serve`: a page with a terminal, and behind each open page a builder of its own."""

from __future__ import annotations

import asyncio
import errno
import getpass
import ipaddress
import os
import shlex
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server, to_int

from core.errors import LonghaulError
from tui.web.access import Gate
from tui.web.process import TabProcess

_PAGE = Path(__file__).parent / "page"
_MOST_TABS = 32
_HEARTBEAT = 15.0
"""Seconds between the questions whether a tab is still there."""


class TabServer(Server):
    """Textual's server with a page that asks no other host for anything, and a gate before everything."""

    def __init__(self, command: Sequence[str], host: str, port: int, title: str) -> None:
        super().__init__(shlex.join(command), host, port, title, templates_path=_PAGE)
        self.gate = Gate(host, port)
        self._arguments = tuple(command)
        self._tabs: dict[TabProcess, web.WebSocketResponse] = {}

    @property
    def url(self) -> str:
        """The address to open in a browser, with the token if there is one."""
        query = f"?token={self.gate.token}" if self.gate.token else ""
        return f"http://{self._name}:{self.port}/{query}"

    @property
    def _name(self) -> str:
        """What stands for the host in an address on this machine."""
        name = ("::1" if ":" in self.host else "127.0.0.1") if is_any(self.host) else self.host
        return f"[{name}]" if ":" in name else name

    async def run(self) -> int:
        """Serve until a signal comes; returns the exit code. Raises `LonghaulError` when it can't listen there."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[int] = asyncio.Queue()
        with suppress(NotImplementedError):  # Windows: Ctrl-C cancels this task
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, told.put_nowait, number)
        runner = web.AppRunner(await self._make_app(), access_log=None)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self.host, self.port).start()
            except (OSError, UnicodeError) as error:
                raise LonghaulError(_cannot_listen(self.host, self.port, error)) from None
            self._announce()
            return 128 + await told.get()
        finally:
            await runner.cleanup()

    def _announce(self) -> None:
        print(f"The builder is at {self.url}", flush=True)
        if is_any(self.host):
            _say(f"From other machines, with the name of this one in place of {self._name}.")
        if self.gate.token is not None:
            _say(
                f"Whoever has this address can read and write files as {_user()}. "
                "It goes over the network unencrypted: use it where you trust the network."
            )
        _say("Ctrl-C ends it.")

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self.gate.check)
        app.on_response_prepare.append(self.gate.prepare)
        app.router.add_static("/page", _PAGE)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing yet: whether it can listen is not known."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Hang up all builders side by side, whether or not their browsers answer."""
        await asyncio.gather(*(process.stop() for process in self._tabs))
        await asyncio.gather(*(tab.close() for tab in self._tabs.values()))

    async def handle_index(self, request: web.Request) -> web.Response:
        """Answer with the page."""
        return aiohttp_jinja2.render_template("index.html", request, {"title": self.title})

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a builder for as long as a tab is open."""
        if len(self._tabs) >= _MOST_TABS:
            raise web.HTTPServiceUnavailable(text=f"{_MOST_TABS} tabs are open already; close one first.\n")
        tab = web.WebSocketResponse(heartbeat=_HEARTBEAT)
        process = TabProcess(self._arguments, tab, self.download_manager)
        self._tabs[process] = tab
        try:
            await tab.prepare(request)
            await process.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            with suppress(Exception):  # whatever a page says that is not ours, it ends that tab and nothing else
                await self._process_messages(tab, process)
        finally:
            await process.stop()
            del self._tabs[process]
            await tab.close()
        return tab


def is_any(host: str) -> bool:
    """Whether it is the address that stands for all of a machine."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return False


def _cannot_listen(host: str, port: int, error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"--host {host}: there is no such host."
    number = error.errno
    if number == errno.EADDRINUSE:
        return f"port {port} is in use; choose another one with --port, such as --port {port % 65_535 + 1}."
    if number == errno.EADDRNOTAVAIL:
        return f"--host {host}: this machine has no such address."
    return f"can't listen at {host}, port {port}: {os.strerror(number) if number else error}."


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "you"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
