"""`longhaul --serve`: what the command line asks for, as a server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from core.command.arguments import Arguments
from core.extras import load

HOST, PORT = "127.0.0.1", 8000


def serve(arguments: Arguments) -> int:
    """Serve the builder until a signal comes, and return the exit code. Raises `LonghaulError`."""
    load("textual_serve.server", "Builders in a browser", "web")
    from tui.web.server import TabServer

    server = TabServer(command(arguments), arguments.host or HOST, arguments.port or PORT, title(arguments))
    return asyncio.run(server.run())


def command(arguments: Arguments) -> Sequence[str]:
    """What is run for each tab: the same interpreter, on the same manifest or sample."""
    named = arguments.sample if arguments.demo else arguments.manifest
    options = ("--demo",) * arguments.demo
    return (sys.executable, "-P", "-m", "tui", *options, *(("--", str(named)) if named is not None else ()))


def title(arguments: Arguments) -> str:
    """What the tab is called."""
    if arguments.demo:
        return "Demo"
    return arguments.manifest.name if arguments.manifest is not None else ""
