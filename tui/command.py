"""The `longhaul` command with the builder. Everything without a screen is `core.command`, which never loads Textual."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.command.arguments import Arguments
from core.command.cli import main as command

if TYPE_CHECKING:
    from tui.app import BuilderApp

_NO_TERMINAL = """\
longhaul: the builder needs a terminal. Without one:
  longhaul --serve [MANIFEST]   open the builder in a browser
  longhaul --run MANIFEST       read the streams of a manifest
  longhaul --validate MANIFEST  list the problems of a manifest"""


def main() -> int:
    """Run the command and return its exit code."""
    return command(open_builder)


def open_builder(arguments: Arguments) -> int:
    """Open the builder on what the command line names, and return the exit code when it is left."""
    if not arguments.serve and not _has_screen():
        print(_NO_TERMINAL, file=sys.stderr, flush=True)
        return 2
    if arguments.manifest is not None and not os.path.exists(arguments.manifest):
        message = f"longhaul: there is no file {arguments.manifest}. `longhaul` alone begins a new one."
        print(message, file=sys.stderr, flush=True)
        return 2
    if arguments.manifest is not None and os.path.isdir(arguments.manifest):
        try:
            arguments = replace(arguments, manifest=_manifest_of(arguments.manifest))
        except ValueError as error:
            print(f"longhaul: {error}", file=sys.stderr, flush=True)
            return 2
    if arguments.sample is not None and (unknown := _unknown_sample(arguments.sample)):
        print(f"longhaul: {unknown}.", file=sys.stderr, flush=True)
        return 2
    if arguments.serve:
        from tui.web.serving import serve

        return serve(arguments)
    gc.disable()
    from tui.app import BuilderApp

    app = BuilderApp(
        arguments.manifest,
        demo=arguments.demo,
        sample=arguments.sample,
        choose=arguments.demo and arguments.sample is None,
        opened=keep_responsive,
    )
    app.run()
    return _report_end(app)


def _has_screen() -> bool:
    """Whether there is something to draw on: a terminal, or what a driver of Textual's names, such as a browser."""
    return bool(os.environ.get("TEXTUAL_DRIVER")) or (sys.stdin.isatty() and sys.stderr.isatty())


def _manifest_of(folder: Path) -> Path:
    """The manifest in the folder of a connector. Raises ValueError with the reason when there is none."""
    from tui.importing.folders import manifest_in, no_manifest

    try:
        found = manifest_in(folder)
    except OSError as error:
        raise ValueError(f"{folder} can't be read: {error.strerror or error}.") from None
    if found is None:
        raise ValueError(no_manifest(folder))
    return found


def _unknown_sample(name: str) -> str:
    """What is wrong with the name of a sample; empty when there is one."""
    from sample_configs import sample

    try:
        sample(name)
    except KeyError as error:
        return str(error.args[0])
    return ""


def keep_responsive() -> None:
    """Let nothing block the screen for long once everything is loaded.

    A full garbage collection takes a tenth of a second: the objects that exist by now are exempt, and the others are
    looked at seldom. Threads that parse give way to the screen after one millisecond instead of five.
    """
    sys.setswitchinterval(0.001)
    gc.freeze()
    gc.set_threshold(5_000, 3, 200)
    gc.enable()


def _report_end(app: BuilderApp) -> int:
    """Print why the builder ended, now that the screen is gone, and return the exit code."""
    if app.failure is not None:
        print(f"longhaul: {app.failure}", file=sys.stderr, flush=True)
    if app.crash.fault is not None:
        print(_crash_report(app, draft_kept=app.keep_draft()), file=sys.stderr, flush=True)
    return app.return_code or 0


def _crash_report(app: BuilderApp, *, draft_kept: bool) -> str:
    """One sentence about the fault, without secrets, and what became of the work that was not saved."""
    from core.environment import DEBUG
    from core.http.secrets import Secrets

    session = app.project.session if app.project is not None else None
    secrets = [str(value) for value in session.values.config().values()] if session is not None else []
    mask = Secrets(secrets).mask
    lines = [f"longhaul: stopped by an internal error of Longhaul ({' '.join(mask(str(app.crash.fault)).split())})."]
    if session is not None and session.dirty:
        again = "What was not saved is kept; start longhaul again to get it back."
        lines.append(again if draft_kept else "What was not saved is lost: the folder for drafts can't be written to.")
    if os.environ.get(DEBUG):
        lines += [f"  {place}" for place in app.crash.places]
    else:
        lines.append(f"Please report it with what this command prints with {DEBUG}=1 in the environment.")
    return "\n".join(lines)
