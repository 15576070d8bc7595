"""The `longhaul` command. The engine is loaded only when a command needs it, so that `--help` answers at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

from core.command.arguments import Arguments, parse
from core.garbage import not_collected

_COMMANDS = {
    "version": "core.command.version.print_version",
    "schema": "core.command.schema.print_schema",
    "completion": "core.command.completion.print_completion",
    "on": "core.command.on_cluster.run_on_cluster",
    "plan": "core.command.slices.make_plan",
    "merge_state": "core.command.slices.merge_states",
    "slices": "core.command.slices.read_slices",
    "run": "core.command.run.run_headless",
    "validate": "core.command.validate.validate",
    "check": "core.command.check.run_check",
    "check_connection": "core.command.check_connection.check_connection",
    "make_source": "core.command.make_source.write_source",
    "abort": "core.command.abort.abort_jobs",
    "jobs": "core.command.jobs.list_jobs",
}
"""What runs a command: the first of these options that is given says which. Its module is loaded then."""

Builder = Callable[[Arguments], int]
"""Opens the builder on what the command line names, and returns the exit code."""

_NO_BUILDER = """\
longhaul: the builder is not part of this installation. What works:
  longhaul --demo --run         read a sample from a demo API on this machine
  longhaul --run MANIFEST       read the streams of a manifest
  longhaul --validate MANIFEST  list the problems of a manifest
  longhaul --check-connection MANIFEST  ask the API for a first record
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
    for option in _COMMANDS:
        if getattr(arguments, option) not in (None, False):
            return _loaded(option)(arguments)
    if builder is not None:
        return builder(arguments)
    _say(_NO_BUILDER)
    return 2


def _loaded(option: str) -> Callable[[Arguments], int]:
    """What runs a command. Imports create no garbage, so that collecting it would only take time."""
    module, _, name = _COMMANDS[option].rpartition(".")
    with not_collected():
        run: Callable[[Arguments], int] = getattr(import_module(module), name)
        if option in ("run", "validate"):
            import_module("core.connector.registry").component_types()
        gc.freeze()
    return run


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
    """The inputs in the environment and on the command line, and the passwords in URLs; any may be a secret."""
    from urllib.parse import unquote

    inputs = [text for name, text in os.environ.items() if name.startswith("LONGHAUL_")]
    for argument in sys.argv[1:]:
        inputs.append(argument.partition("=")[2])
        user = argument.partition("://")[2].partition("/")[0].rpartition("@")[0]
        password = user.partition(":")[2]
        inputs += [password, unquote(password)]
    return inputs


def _say(text: str) -> None:
    from core.wording import indented

    with suppress(OSError):
        print(indented(text), file=sys.stderr, flush=True)


def _drop_stdout() -> None:
    """Keep the interpreter from complaining that nobody reads standard output any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
