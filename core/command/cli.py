"""The `longhaul` command. The engine is loaded only when a command needs it, so that `--help` answers at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.command.arguments import Arguments, parse

Builder = Callable[[Arguments], int]
"""Opens the builder on what the command line names, and returns the exit code."""

_NO_BUILDER = """\
longhaul: the builder is not part of this installation. What works:
  longhaul --demo --run         read a sample from a demo API on this machine
  longhaul --run MANIFEST       read the streams of a manifest
  longhaul --validate MANIFEST  list the problems of a manifest
  longhaul --check MANIFEST     read its recorded cases offline
  longhaul --jobs STATE         list the jobs that runs have left behind
  longhaul --help               everything else"""


def main(builder: Builder | None = None) -> int:
    """Run the command and return its exit code. `builder` is passed in because the engine knows no screen."""
    try:
        return _command(parse(sys.argv[1:]), builder)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_stdout()
        return 0
    except Exception as error:  # the last resort: no traceback reaches a person
        return _explain(error)


def _command(arguments: Arguments, builder: Builder | None) -> int:
    if arguments.version:
        return _show_version()
    if arguments.schema:
        return _schema()
    if arguments.completion:
        return _completion(arguments.completion)
    if arguments.run and arguments.slices is None and arguments.on is None:
        return _engine()(arguments)
    if arguments.run or arguments.plan or arguments.merge_state:
        return _scaling(arguments)
    if arguments.validate:
        return _validate()(arguments)
    if arguments.check:
        return _check()(arguments)
    if arguments.make_source:
        return _make_source(arguments)
    if arguments.jobs:
        return _jobs(arguments)
    if builder is not None:
        return builder(arguments)
    _say(_NO_BUILDER)
    return 2


def _engine() -> Callable[[Arguments], int]:
    """What reads the streams. Its imports create no garbage, so that collecting it would only take time."""
    gc.disable()
    try:
        from core.command.run import run_headless
        from core.connector.registry import component_types

        component_types()
    finally:
        gc.freeze()
        gc.enable()
    return run_headless


def _scaling(arguments: Arguments) -> int:
    """Slices as units of work: a plan, a part of one, the state of all, a cluster."""
    if arguments.on is not None:
        from core.command.on_cluster import run_on_cluster

        return run_on_cluster(arguments)
    from core.command.slices import make_plan, merge_states, read_slices

    if arguments.plan:
        return make_plan(arguments)
    return merge_states(arguments) if arguments.merge_state else read_slices(arguments)


def _check() -> Callable[[Arguments], int]:
    from core.command.check import run_check

    return run_check


def _jobs(arguments: Arguments) -> int:
    if arguments.abort:
        from core.command.abort import abort_jobs

        return abort_jobs(arguments)
    from core.command.jobs import list_jobs

    return list_jobs(arguments)


def _make_source(arguments: Arguments) -> int:
    """Write a command for a manifest, and say how to try it out."""
    from core.protocols.wrapper import make_source

    assert arguments.manifest is not None
    assert arguments.output is not None
    make_source(arguments.manifest, Path(arguments.output))
    command = arguments.output if os.sep in arguments.output else os.path.join(".", arguments.output)
    print(f"{arguments.output} is an Airbyte source for {arguments.manifest}; try: {command} spec", flush=True)
    return 0


def _validate() -> Callable[[Arguments], int]:
    from core.command.validate import validate

    return validate


def _schema() -> int:
    from core.command.schema import print_schema

    return print_schema()


def _completion(shell: str) -> int:
    from core.command.completion import print_completion

    return print_completion(shell)


def _show_version() -> int:
    from core.version import VERSION

    print(f"longhaul {VERSION}", flush=True)
    return 0


def _explain(error: Exception) -> int:
    """Print what went wrong: the message of an error that is meant for people, or that Longhaul is at fault."""
    from core.errors import LonghaulError, ManifestError, fault_text
    from core.http.secrets import Secrets

    if isinstance(error, LonghaulError | ManifestError):
        for line in str(error).splitlines():
            _say(f"longhaul: {line}")
        return 2
    _say(f"longhaul: {fault_text(error, Secrets(_given_values()).mask)}")
    return 1


def _given_values() -> list[str]:
    """The inputs in the environment and on the command line; any of them may be a secret."""
    settings = (argument.partition("=")[2] for argument in sys.argv[1:])
    return [*(text for name, text in os.environ.items() if name.startswith("LONGHAUL_")), *settings]


def _say(text: str) -> None:
    from core.wording import indented

    with suppress(OSError):
        print(indented(text), file=sys.stderr, flush=True)


def _drop_stdout() -> None:
    """Keep the interpreter from complaining that nobody reads standard output any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
