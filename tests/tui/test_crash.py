"""What is kept of a fault of the builder can be masked."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.segment import Segments
from rich.traceback import Traceback

from core.http.secrets import Secrets
from tui.crash import CrashConsole


@pytest.mark.parametrize("width", [40, 57, 80, 120])
def test_a_secret_in_a_crash_report_is_masked_in_any_terminal_width(width: int) -> None:
    secret = "k" * 3 + "Zq7x9Rt5Tw8yN2v" * 5
    screen = Console(file=io.StringIO(), width=width)
    error = RuntimeError(f"something with {secret} in it")
    picture = Traceback.from_exception(type(error), error, error.__traceback__)
    crash = CrashConsole()
    crash.print(Segments(screen.render(picture, screen.options)))
    said = Secrets([secret]).mask(crash.fault or "")
    assert " ".join(said.split()) == "RuntimeError: something with **** in it"
