"""The command line: parses and checks what follows `longhaul`, without loading anything else."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from core.levels import Level

_USAGE = """\
longhaul [MANIFEST]
       longhaul --demo [SAMPLE]
       longhaul --run MANIFEST [--stream NAME]... [--config FILE]
                [--set KEY=VALUE]... [--state FILE] [--output DEST] [--limit N]
                [--detach] [--trace FILE] [--keep-case NAME] [--log-level LEVEL] [--quiet]
       longhaul --jobs STATE [--abort MANIFEST [--config FILE] [--set KEY=VALUE]...]
       longhaul --validate MANIFEST
       longhaul --check MANIFEST [--case NAME]... [--stream NAME]...
                [--accept] [--junit FILE] [--quiet]
       longhaul --demo --run [SAMPLE] [the options of --run]
       longhaul --version | --help"""

_EPILOG = """\
Without --run, --validate or --check, the builder opens: on the manifest, or on an
empty one.

Inputs come from --config, then from LONGHAUL_<INPUT> variables of the environment
(LONGHAUL_API_KEY for api_key, LONGHAUL_CREDENTIALS__TOKEN for token in credentials),
then from --set; the last wins.

A file is replaced when its stream has succeeded. With --state, records are appended
instead, and every record is on the disk before the state that covers it.

With --state, each job is also written down in FILE.jobs before it is first polled.
The next run with the same state follows the jobs that a run has left behind when it
was killed, cancelled or detached, instead of creating them anew.

Cases are recorded tests in the folder `cases` beside the manifest; --check reads them
with no network and no secrets.

Exit codes: 0 success, 1 a stream failed or a case differs, 2 wrong usage, manifest or inputs,
75 jobs are still running (--detach): run again later, 130 Ctrl-C, 143 SIGTERM.
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line, free of contradictions."""

    manifest: Path | None = None
    run: bool = False
    validate: bool = False
    check: bool = False
    demo: bool = False
    sample: str | None = None
    """The sample of the demo, where it is named; whether there is one of this name is not known here."""
    version: bool = False
    streams: tuple[str, ...] = ()
    config: Path | None = None
    settings: tuple[str, ...] = field(default=(), repr=False)
    state: Path | None = None
    output: str | None = None
    limit: int | None = None
    detach: bool = False
    jobs: Path | None = None
    abort: bool = False
    trace: Path | None = None
    keep_case: str | None = None
    cases: tuple[str, ...] = ()
    accept: bool = False
    junit: Path | None = None
    level: Level = Level.INFO
    quiet: bool = False


def parse(arguments: list[str]) -> Arguments:
    """Parse the command line. Wrong usage and `--help` end the process, as in argparse (codes 2 and 0)."""
    parser = _parser()
    found = parser.parse_args(arguments)
    manifests = [path for path in (found.manifest, found.run, found.validate, found.check) if path]
    commands = [name for name in ("run", "validate", "check") if getattr(found, name) is not None]
    if len(commands) > 1:
        parser.error(f"{' and '.join(f'--{name}' for name in commands)} exclude each other.")
    if found.demo and (found.validate is not None or found.check is not None):
        parser.error("--demo goes with --run.")
    if found.demo and found.keep_case is not None:
        parser.error("--keep-case keeps a case beside a manifest of your own; leave out --demo.")
    if len(manifests) > 1:
        parser.error(f"one manifest at a time: {' or '.join(map(str, manifests))}?")
    if found.run == "" and not found.demo and not manifests:
        parser.error("--run needs a manifest: longhaul --run MANIFEST (or try longhaul --demo --run).")
    _check_jobs(parser, found, manifests)
    _check_options(parser, found)
    if found.detach and found.keep_case is not None:
        parser.error("--keep-case keeps a run that came to its end; leave out --detach.")
    if found.detach and found.state is None:
        parser.error("--detach needs --state FILE: beside that file, a later run finds the jobs that it is to collect.")
    for name in ("run", "validate", "check", "jobs", "manifest", "config", "state", "output", "trace", "junit"):
        setattr(found, name, _expanded(parser, name, getattr(found, name)))
    manifests = [path for path in (found.manifest, found.run, found.validate, found.check) if path]
    named = manifests[0] if manifests else None
    return Arguments(
        manifest=None if named is None or found.demo else Path(named),
        run=found.run is not None,
        validate=found.validate is not None,
        check=found.check is not None,
        demo=found.demo,
        sample=named if found.demo else None,
        version=found.version,
        streams=tuple(dict.fromkeys(found.stream)),
        config=None if found.config is None else Path(found.config),
        settings=tuple(found.set),
        state=None if found.state is None else Path(found.state),
        output=found.output,
        limit=found.limit,
        detach=found.detach,
        jobs=None if found.jobs is None else Path(found.jobs),
        abort=found.abort,
        trace=None if found.trace is None else Path(found.trace),
        keep_case=found.keep_case,
        cases=tuple(dict.fromkeys(found.case)),
        accept=found.accept,
        junit=None if found.junit is None else Path(found.junit),
        level=Level.WARNING if found.quiet else found.log_level or Level.INFO,
        quiet=found.quiet,
    )


def _check_jobs(parser: argparse.ArgumentParser, found: argparse.Namespace, manifests: list[str]) -> None:
    """What goes together with --jobs; wrong usage ends the process."""
    if found.abort and found.jobs is None:
        parser.error("--abort goes with --jobs: longhaul --jobs STATE --abort MANIFEST.")
    if found.jobs is None:
        return
    for name in ("run", "validate", "check", "demo"):
        if getattr(found, name) not in (None, False):
            parser.error(f"--jobs and --{name} exclude each other.")
    if found.abort and not manifests:
        parser.error("--abort needs the manifest that says how: longhaul --jobs STATE --abort MANIFEST.")
    if not found.abort and manifests:
        parser.error("--jobs STATE lists the jobs and needs no manifest; leave it out, or add --abort.")


def _expanded(parser: argparse.ArgumentParser, name: str, text: str | None) -> str | None:
    """The name of a file with `~` expanded; wrong ones end the process."""
    if text is None or (name == "run" and not text):
        return text
    option = "MANIFEST" if name == "manifest" else f"--{name}"
    if not text:
        parser.error(f"{option} is empty: name a file{' or a directory' if name == 'output' else ''}.")
    if text == "-" and name in ("state", "trace", "junit", "jobs"):
        parser.error(f"{option} needs a file that can be replaced, not -; name one, or ./- for a file of that name.")
    placed = os.path.expanduser(text)
    if placed.startswith("~"):
        user = placed.split("/")[0]
        parser.error(f"{option} {text}: there is no user of this name; write ./{user} for a file or directory.")
    return placed


class _Once(argparse.Action):
    """An option that may be given only once."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option_string} is given twice; give it once.")
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, and where to find help."""
        self.exit(2, f"longhaul: {message}\nTry: longhaul --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="longhaul",
        usage=_USAGE,
        description="Build and run connectors for APIs that make you wait: create a job, poll it, download the result.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("manifest", nargs="?", metavar="MANIFEST", help=argparse.SUPPRESS)
    add(
        "--run",
        action=_Once,
        nargs="?",
        const="",
        metavar="MANIFEST",
        help="read the streams of a manifest, with no screen",
    )
    add(
        "--validate",
        action=_Once,
        metavar="MANIFEST",
        help="list the problems of a manifest as file:line:column: problem",
    )
    add("--jobs", action=_Once, metavar="STATE", help="list the jobs that runs with this state file have left behind")
    add("--abort", action="store_true", help="with --jobs: abort them on the server, as MANIFEST says, and forget them")
    add(
        "--check",
        action=_Once,
        metavar="MANIFEST",
        help="read the recorded cases of a manifest offline and say what differs",
    )
    add(
        "--demo",
        action="store_true",
        help="build, or with --run read, a sample (see sample_configs/) from a demo API on this machine",
    )
    add("--version", action="store_true", help="show the version")
    run = parser.add_argument_group("options of --run")
    add = run.add_argument
    add("--stream", action="append", default=[], metavar="NAME", help="read this stream only; may be repeated")
    add("--config", action=_Once, metavar="FILE", help="the inputs, as YAML or JSON")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one input, no secret: others see it in the list of processes; may be repeated",
    )
    add(
        "--state",
        action=_Once,
        metavar="FILE",
        help="go on where the last run ended; written as the run proceeds",
    )
    add(
        "--detach",
        action="store_true",
        help="create the jobs and end, without waiting for them (code 75); "
        "the next run with the same --state collects what is complete",
    )
    add(
        "--output",
        action=_Once,
        metavar="DEST",
        help="a file (.jsonl, .csv, each also with .gz) or a directory (one file per stream); "
        "default: JSON Lines to standard output",
    )
    add("--limit", action=_Once, type=_positive, metavar="N", help="stop after N records per stream")
    add("--trace", action=_Once, metavar="FILE", help="write all HTTP exchanges to a HAR file, secrets masked")
    add(
        "--keep-case",
        action=_Once,
        metavar="NAME",
        help="keep the run as a case for --check, secrets masked: cases/NAME.har beside the manifest, and its records",
    )
    add(
        "--log-level",
        action=_Once,
        type=_level,
        metavar="LEVEL",
        help=f"the least serious lines that are shown: {', '.join(Level)} (default: info)",
    )
    add("--quiet", action="store_true", help="show warnings and errors only")
    add = parser.add_argument_group("options of --check (besides --stream and --quiet)").add_argument
    add("--case", action="append", default=[], metavar="NAME", help="check this case only; may be repeated")
    add(
        "--accept",
        action="store_true",
        help="let the cases expect the records that they give now; not where other requests are sent or a stream fails",
    )
    add("--junit", action=_Once, metavar="FILE", help="write the results as JUnit XML, too")
    return parser


_OF_RUN = (
    *("stream", "config", "set", "state", "output", "limit", "detach", "trace", "keep_case", "log_level", "quiet"),
)
_OF_CHECK = ("stream", "case", "accept", "junit", "quiet")
_OF_ABORT = ("config", "set")


def _check_options(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    """End the process for options that don't go with the command."""
    allowed: Collection[str] = _OF_ABORT if found.abort else ()
    allowed = _OF_RUN if found.run is not None else _OF_CHECK if found.check is not None else allowed
    for command, names in (("--run", _OF_RUN), ("--check", _OF_CHECK)):
        wrong = [name for name in names if name not in allowed and getattr(found, name) not in (None, False, [])]
        if wrong:
            given = [f"--{name.replace('_', '-')}" for name in wrong]
            parser.error(f"{', '.join(given)} only {'goes' if len(given) == 1 else 'go'} with {command}.")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0.")
    return number


def _level(text: str) -> Level:
    try:
        return Level(text.lower())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(Level)}.") from None
