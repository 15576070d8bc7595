"""The command line: what can be written after `longhaul`, understood and checked, and nothing else loaded for
it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from core.levels import Level

_USAGE = """\
longhaul [MANIFEST]
       longhaul --demo
       longhaul --run MANIFEST [--stream NAME]... [--config FILE]
                [--set KEY=VALUE]... [--state FILE] [--output DEST] [--limit N]
                [--trace FILE] [--log-level LEVEL] [--quiet]
       longhaul --validate MANIFEST
       longhaul --demo --run [the options of --run]
       longhaul --version | --help"""

_EPILOG = """\
Without --run or --validate, the builder opens: on the manifest, or on an empty one.

Inputs come from --config, then from LONGHAUL_<INPUT> variables of the environment
(LONGHAUL_API_KEY for api_key, LONGHAUL_CREDENTIALS__TOKEN for token in credentials),
then from --set; the last wins.

A file is replaced when its stream has ended well. With --state, records are appended
instead, and every record is on the disk before the state that covers it.

Exit codes: 0 all well, 1 a stream failed, 2 wrong usage, manifest or inputs,
130 Ctrl-C, 143 SIGTERM.
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the person asked for, free of contradictions."""

    manifest: Path | None = None
    run: bool = False
    validate: bool = False
    demo: bool = False
    version: bool = False
    streams: tuple[str, ...] = ()
    config: Path | None = None
    settings: tuple[str, ...] = field(default=(), repr=False)
    state: Path | None = None
    output: str | None = None
    limit: int | None = None
    trace: Path | None = None
    level: Level = Level.INFO
    quiet: bool = False


def parse(arguments: list[str]) -> Arguments:
    """Understand the command line. Wrong usage and `--help` end the process, as argparse does (codes 2 and
    0).
    """
    parser = _parser()
    found = parser.parse_args(arguments)
    manifests = [path for path in (found.manifest, found.run, found.validate) if path]
    if found.run is not None and found.validate is not None:
        parser.error("--run and --validate exclude each other.")
    if found.demo and found.validate is not None:
        parser.error("--demo goes with --run.")
    if found.demo and manifests:
        parser.error("--demo reads a sample of its own; leave out the manifest, or leave out --demo.")
    if len(manifests) > 1:
        parser.error(f"one manifest at a time: {' or '.join(map(str, manifests))}?")
    if found.run == "" and not found.demo and not manifests:
        parser.error("--run needs a manifest: longhaul --run MANIFEST (or try longhaul --demo --run).")
    if found.run is None and (given := _given_options(found)):
        parser.error(f"{', '.join(given)} only {'goes' if len(given) == 1 else 'go'} with --run.")
    return Arguments(
        manifest=Path(manifests[0]) if manifests else None,
        run=found.run is not None,
        validate=found.validate is not None,
        demo=found.demo,
        version=found.version,
        streams=tuple(dict.fromkeys(found.stream)),
        config=found.config,
        settings=tuple(found.set),
        state=found.state,
        output=found.output,
        limit=found.limit,
        trace=found.trace,
        level=Level.WARNING if found.quiet else found.log_level or Level.INFO,
        quiet=found.quiet,
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong, and where to read on."""
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
        nargs="?",
        const="",
        metavar="MANIFEST",
        help="read the streams of a manifest, with no screen",
    )
    add("--validate", metavar="MANIFEST", help="list the problems of a manifest as file:line:column: problem")
    add("--demo", action="store_true", help="build, or with --run read, a sample from a demo API on this machine")
    add("--version", action="store_true", help="show the version")
    run = parser.add_argument_group("options of --run")
    add = run.add_argument
    add("--stream", action="append", default=[], metavar="NAME", help="read this stream only; may be repeated")
    add("--config", type=Path, metavar="FILE", help="the inputs, as YAML or JSON")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="one input; may be repeated")
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="go on where the last run ended; written as the run proceeds",
    )
    add(
        "--output",
        metavar="DEST",
        help="a file (.jsonl, .csv, each also with .gz) or a directory (one file per stream); "
        "default: JSON Lines to standard output",
    )
    add("--limit", type=_positive, metavar="N", help="stop after N records per stream")
    add("--trace", type=Path, metavar="FILE", help="write all HTTP exchanges to a HAR file, secrets masked")
    add(
        "--log-level",
        type=_level,
        metavar="LEVEL",
        help=f"the least serious lines that are shown: {', '.join(Level)} (default: info)",
    )
    add("--quiet", action="store_true", help="show warnings and errors only")
    return parser


def _given_options(found: argparse.Namespace) -> list[str]:
    names = ("stream", "config", "set", "state", "output", "limit", "trace", "log_level", "quiet")
    return [f"--{name.replace('_', '-')}" for name in names if getattr(found, name)]


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
