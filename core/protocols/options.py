"""The command line of `source-longhaul`: that of every Airbyte source, and where the manifest is."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

_EPILOG = """\
The manifest is the file that --manifest-path names, else the one that the variable
LONGHAUL_MANIFEST names, else `__injected_declarative_manifest` in the config, else
/airbyte/integration_code/source_declarative_manifest/manifest.yaml.

Messages of the Airbyte protocol go to standard output, one JSON object a line.
Exit codes: 0 success (also of a check that says FAILED), 1 failure, 2 wrong usage.
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What a source is asked for."""

    command: str
    config: Path | None = None
    catalog: Path | None = None
    state: Path | None = None
    manifest: Path | None = None
    components: Path | None = None
    debug: bool = False


def parse(arguments: list[str]) -> Request:
    """Parse the command line. Wrong usage and `--help` end the process, as in argparse (codes 2 and 0)."""
    parser = argparse.ArgumentParser(
        prog="source-longhaul",
        description="An Airbyte source that reads the streams of a manifest.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="show the version")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    common = _common()
    commands.add_parser("spec", help="print which inputs the source takes", parents=[common], allow_abbrev=False)
    configured = _configured()
    for name, purpose in (("check", "try the inputs out"), ("discover", "list the streams and their schemas")):
        commands.add_parser(name, help=purpose, parents=[common, configured], allow_abbrev=False)
    read = commands.add_parser("read", help="read streams", parents=[common, configured], allow_abbrev=False)
    read.add_argument("--catalog", type=Path, required=True, metavar="FILE", help="the streams to read")
    read.add_argument("--state", type=Path, metavar="FILE", help="how far they were read before")
    found = parser.parse_args(arguments)
    if found.version:
        return Request("version")
    if not found.command:
        parser.error("name a command: spec, check, discover or read")
    fields = {name: value for name, value in vars(found).items() if name != "version"}
    return Request(**fields)


def _common() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--debug", action="store_true", help="log every request, and all else that happens")
    parser.add_argument("--manifest-path", dest="manifest", type=Path, metavar="FILE", help="the manifest")
    parser.add_argument(
        "--components-path",
        dest="components",
        type=Path,
        metavar="FILE",
        help="the Python code of custom components; it runs if AIRBYTE_ENABLE_UNSAFE_CODE is true",
    )
    return parser


def _configured() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the inputs, as JSON or YAML")
    return parser
