"""The `longhaul` command with the builder: everything without a screen is the engine's, which never loads Textual."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from core.command.arguments import Arguments
from core.command.cli import main as command

if TYPE_CHECKING:
    from tui.app import BuilderApp

_NO_TERMINAL = """\
longhaul: the builder needs a terminal. Without one:
  longhaul --run MANIFEST       read the streams of a manifest
  longhaul --validate MANIFEST  list the problems of a manifest"""


def main() -> int:
    """Run the command and give its exit code."""
    return command(open_builder)


def open_builder(arguments: Arguments) -> int:
    """Open the builder on what the command line names, and give the exit code when it is left."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print(_NO_TERMINAL, file=sys.stderr, flush=True)
        return 2
    if arguments.manifest is not None and not os.path.exists(arguments.manifest):
        said = f"longhaul: there is no file {arguments.manifest}. `longhaul` alone begins a new one."
        print(said, file=sys.stderr, flush=True)
        return 2
    gc.disable()
    from tui.app import BuilderApp

    app = BuilderApp(arguments.manifest, demo=arguments.demo, opened=keep_lively)
    app.run()
    return _end(app)


def keep_lively() -> None:
    """Let nothing halt the screen for long from now on, when everything is loaded.

    To look through all objects for garbage takes a tenth of a second: what is there by now is left out, and the rest is
    looked at seldom. Threads that parse give way to the screen after a millisecond, and not after five each.
    """
    sys.setswitchinterval(0.001)
    gc.freeze()
    gc.set_threshold(5_000, 3, 200)
    gc.enable()


def _end(app: BuilderApp) -> int:
    """Say what is to be said after the screen is gone."""
    if app.failure is not None:
        print(f"longhaul: {app.failure}", file=sys.stderr, flush=True)
    if app.crash.fault is not None:
        print(_words(app, kept=app.keep_draft()), file=sys.stderr, flush=True)
    return app.return_code or 0


def _words(app: BuilderApp, *, kept: bool) -> str:
    """What is said of a fault: one sentence for the report, and where the work is (`kept`: in a draft)."""
    from core.environment import DEBUG
    from core.http.secrets import Secrets

    session = app.project.session if app.project is not None else None
    secrets = [str(value) for value in session.values.config().values()] if session is not None else []
    mask = Secrets(secrets).mask
    lines = [f"longhaul: stopped by a fault of Longhaul's own ({' '.join(mask(str(app.crash.fault)).split())})."]
    if session is not None and session.dirty:
        again = "What was not saved is kept; start longhaul again to get it back."
        lines.append(again if kept else "What was not saved is lost: the folder for drafts can't be written to.")
    if os.environ.get(DEBUG):
        lines += [f"  {place}" for place in app.crash.places]
    else:
        lines.append(f"Please report it with what this command prints with {DEBUG}=1 in the environment.")
    return "\n".join(lines)
