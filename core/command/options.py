"""The options of the `longhaul` command, as argparse has them: what they are called, and what they are for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from core.levels import Level

_USAGE = """\
longhaul [MANIFEST]
       longhaul --demo [SAMPLE]
       longhaul --serve [MANIFEST] [--host HOST] [--port PORT]
       longhaul --validate MANIFEST... [--format FORMAT]
       longhaul --check MANIFEST [--case NAME]... [--stream NAME]...
                [--accept] [--junit FILE] [--quiet]
       longhaul --check-connection MANIFEST [--stream NAME]...
                [--config FILE] [--set KEY=VALUE]... [--quiet]
       longhaul --run MANIFEST [--stream NAME]... [--config FILE]
                [--set KEY=VALUE]... [--state FILE] [--output DEST | --to URL]
                [--limit N] [--detach] [--trace FILE] [--keep-case NAME] ...
       longhaul --demo --run [SAMPLE] [the options of --run]
       longhaul --jobs STATE [--abort MANIFEST [--config FILE]
                [--set KEY=VALUE]...]
       longhaul --plan MANIFEST --stream NAME [--state FILE]
       longhaul --run MANIFEST --stream NAME --slices FILE [--shard I/N]
                --output DIR [the options of --run]
       longhaul --merge-state MANIFEST --stream NAME --slices FILE
                --output DIR --state FILE
       longhaul --run MANIFEST --on CLUSTER [the options of --run]
       longhaul --make-source MANIFEST --output FILE
       longhaul --schema | --completion SHELL | --version | --help"""

_DESCRIPTION = """\
Build and run connectors for APIs that make you wait: create a job, poll it,
download the result."""

_EPILOG = """\
inputs:
  They come from --config, then from LONGHAUL_<INPUT> variables of the
  environment (LONGHAUL_API_KEY for api_key, LONGHAUL_CREDENTIALS__TOKEN for
  token in credentials), then from --set; the last wins.

what is kept:
  A file is replaced when its stream has succeeded. With --state, records are
  appended instead, and every record is on the disk before the state that covers
  it. Each job is then also written down in FILE.jobs before it is first polled:
  the next run with the same state follows the jobs that a run has left behind
  when it was killed, cancelled or detached, instead of creating them anew.

recorded cases:
  Tests in the folder `cases` beside the manifest; --check reads them with no
  network and no secrets.

exit codes:
  0    success
  1    a stream failed or does not answer, or a case differs
  2    wrong usage, manifest or inputs
  75   jobs are still running (--detach): run again later
  130 Ctrl-C, 143 SIGTERM: the state reached was saved
"""

FORMATS = ("jsonl", "csv", "parquet")
REPORTS = ("text", "github", "json")
SHELLS = ("bash", "zsh", "fish", "tcsh")
_COMMON = ("stream", "config", "set", "custom_code", "state", "log_level", "quiet")
OPTIONS = {
    "run": (
        *(*_COMMON, "output", "format", "nested", "to", "dataset", "write"),
        *("files", "limit", "detach", "trace", "keep_case", "slices", "shard", "on"),
    ),
    "check": ("stream", "case", "accept", "junit", "quiet"),
    "check_connection": ("stream", "config", "set", "custom_code", "log_level", "quiet"),
    "abort": ("config", "set", "custom_code"),
    "validate": ("format",),
    "plan": _COMMON,
    "merge_state": (*_COMMON, "slices", "output"),
    "serve": ("host", "port"),
    "make_source": ("output",),
}
"""The options that go with each command."""


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


Add = Callable[..., argparse.Action]
"""`add_argument` of a group."""


def parser() -> argparse.ArgumentParser:
    """What parses the command line; its groups are in the order of the tasks."""
    parser = _Parser(
        prog="longhaul",
        usage=_USAGE,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    for title, add_options in _GROUPS:
        add_options(parser.add_argument_group(title).add_argument)
    return parser


def _add_building(add: Add) -> None:
    add(
        "manifest",
        nargs="*",
        metavar="MANIFEST",
        help="the manifest to open; without one, the builder begins a new one",
    )
    add(
        "--demo",
        action="store_true",
        help="build, or with --run read, a sample (see sample_configs/) from a demo API on this machine",
    )
    add(
        "--serve",
        action=_Once,
        nargs="?",
        const="",
        metavar="MANIFEST",
        help="open the builder in a browser, on this machine",
    )
    add("--host", action=_Once, metavar="HOST", help="with --serve: the address to listen at (default: 127.0.0.1)")
    add("--port", action=_Once, type=_port, metavar="PORT", help="with --serve: the port (default: 8000)")


def _add_checking(add: Add) -> None:
    add(
        "--validate",
        action=_Once,
        nargs="*",
        metavar="MANIFEST",
        help="list the problems of manifests as file:line:column: problem, or as --format says",
    )
    add(
        "--check",
        action=_Once,
        metavar="MANIFEST",
        help="read the recorded cases of a manifest offline and say what differs",
    )
    add(
        "--check-connection",
        action=_Once,
        metavar="MANIFEST",
        help="ask the API for the first record of the streams that the manifest's check names, or of --stream NAME "
        "('*': all), and say what answered; a job that this takes is aborted or deleted as the manifest says",
    )
    add("--case", action="append", default=[], metavar="NAME", help="check this case only; may be repeated")
    add(
        "--accept",
        action="store_true",
        help="let the cases expect the records that they give now; not where other requests are sent or a stream fails",
    )
    add("--junit", action=_Once, metavar="FILE", help="write the results as JUnit XML, too")


def _add_reading(add: Add) -> None:
    add(
        "--run",
        action=_Once,
        nargs="?",
        const="",
        metavar="MANIFEST",
        help="read the streams of a manifest, with no screen",
    )
    add("--stream", action="append", default=[], metavar="NAME", help="this stream only; may be repeated")
    add("--config", action=_Once, metavar="FILE", help="the inputs, as YAML or JSON")
    add(
        "--custom-code",
        action=_Once,
        metavar="FILE",
        help="run the Python classes in this file that the manifest names as custom components (the extra custom)",
    )
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one input, no secret: others see it in the list of processes; may be repeated",
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
    add("--quiet", action="store_true", help="show warnings and errors only; with --check, only what differs")


def _add_writing(add: Add) -> None:
    add(
        "--output",
        action=_Once,
        metavar="DEST",
        help="a file (.jsonl, .csv, each also with .gz, .parquet, .duckdb) or a directory (one file per stream); "
        "default: JSON Lines to standard output",
    )
    add(
        "--format",
        action=_Once,
        metavar="FORMAT",
        help=f"of the files in a directory: {', '.join(FORMATS)} (default: jsonl); "
        f"of --validate: {', '.join(REPORTS)} (default: text)",
    )
    add(
        "--to",
        action=_Once,
        metavar="URL",
        help="load the records into a database or lake with dlt: duckdb:///crm.duckdb, postgresql://..., s3://...",
    )
    add("--dataset", action=_Once, metavar="NAME", help="with --to: the dataset (schema) of the tables")
    add(
        "--write",
        action=_Once,
        choices=("append", "replace", "merge"),
        help="how records join those that are there, in DuckDB, Parquet and with --to: merge goes by the primary key",
    )
    add(
        "--nested",
        action=_Once,
        choices=("json", "struct"),
        help="what objects and lists become in Parquet, DuckDB and --to: JSON text (default) or structures",
    )
    add(
        "--files",
        action=_Once,
        metavar="FOLDER",
        help="download the files that belong to records, as the file_uploader of their stream says, into this folder",
    )


def _add_resuming(add: Add) -> None:
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
    add("--jobs", action=_Once, metavar="STATE", help="list the jobs that runs with this state file have left behind")
    add("--abort", action="store_true", help="with --jobs: abort them on the server, as MANIFEST says, and forget them")


def _add_sharing(add: Add) -> None:
    add(
        "--plan",
        action=_Once,
        metavar="MANIFEST",
        help="list the slices of a stream, a JSON object a line, for runs that read a part of them each",
    )
    add("--slices", action=_Once, metavar="FILE", help="with --run: read the slices of this plan only")
    add(
        "--shard",
        action=_Once,
        type=_shard,
        metavar="I/N",
        help="with --slices: the I-th of N parts of the plan, counted from 0",
    )
    add(
        "--merge-state",
        action=_Once,
        metavar="MANIFEST",
        help="write the state that covers all slices of a plan, once all of them have been read",
    )
    add(
        "--on",
        action=_Once,
        metavar="CLUSTER",
        help="with --run: read on the workers of a Dask cluster, dask://HOST:PORT, "
        "or dask://local?workers=N on this machine",
    )


def _add_tools(add: Add) -> None:
    add(
        "--make-source",
        action=_Once,
        metavar="MANIFEST",
        help="write a command that speaks the Airbyte protocol for this manifest",
    )
    add("--schema", action="store_true", help="print the JSON Schema of manifests, for editors")
    add("--completion", action=_Once, choices=SHELLS, help="print the completion of this command for a shell")
    add("--version", action="store_true", help="show the version")
    add("--help", "-h", action="help", help="show this help")


_GROUPS: tuple[tuple[str, Callable[[Add], None]], ...] = (
    ("building connectors", _add_building),
    ("checking manifests", _add_checking),
    ("reading streams", _add_reading),
    ("where the records of a run go", _add_writing),
    ("reading only what is new, and jobs that outlive a run", _add_resuming),
    ("reading on several machines", _add_sharing),
    ("other tools", _add_tools),
)


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0.")
    return number


def _port(text: str) -> int:
    number = _positive(text)
    if number > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; they end at 65535.")
    return number


def _shard(text: str) -> tuple[int, int]:
    """`3/40`: the fourth of forty parts, since jobs that are numbered by a cluster begin at 0."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and int(number) < int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is no shard: write I/N, with I from 0 to N-1.")
    return int(number), int(count)


def _level(text: str) -> Level:
    try:
        return Level(text.lower())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(Level)}.") from None
