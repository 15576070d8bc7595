"""The command line: parses and checks what follows `longhaul`, without loading anything else."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.command.options import FORMATS, OPTIONS, REPORTS, parser
from core.levels import Level


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line, free of contradictions."""

    manifest: Path | None = None
    manifests: tuple[Path, ...] = ()
    """Those of --validate."""
    run: bool = False
    validate: bool = False
    check: bool = False
    check_connection: bool = False
    plan: bool = False
    merge_state: bool = False
    serve: bool = False
    make_source: bool = False
    schema: bool = False
    completion: str | None = None
    demo: bool = False
    sample: str | None = None
    """The sample of the demo, where it is named; whether there is one of this name is not known here."""
    version: bool = False
    streams: tuple[str, ...] = ()
    config: Path | None = None
    custom_code: Path | None = None
    settings: tuple[str, ...] = field(default=(), repr=False)
    state: Path | None = None
    output: str | None = None
    format: str | None = None
    nested: str | None = None
    files: Path | None = None
    to: str | None = field(default=None, repr=False)
    dataset: str | None = None
    write: str | None = None
    slices: Path | None = None
    shard: tuple[int, int] | None = None
    on: str | None = None
    host: str | None = None
    port: int | None = None
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


_COMMANDS = (
    *("run", "validate", "check", "check_connection", "plan", "merge_state", "serve", "make_source"),
    *("schema", "completion"),
)
_WITH_MANIFEST = ("run", "check", "check_connection", "plan", "merge_state", "serve", "make_source")
_PATHS = (
    *("run", "check", "check_connection", "plan", "merge_state", "serve", "make_source", "jobs", "manifest"),
    *("config", "custom_code", "state", "output", "files", "trace", "junit", "slices"),
)
_NEEDED = (
    ("plan", ("stream",)),
    ("merge_state", ("stream", "slices", "output", "state")),
    ("slices", ("stream", "output")),
    ("make_source", ("output",)),
)
_FILES = ("config", "custom_code", "state", "files", "jobs", "trace", "junit", "slices")
_WITHOUT_FILES = {
    "keep_case": "a case holds no files; leave one of them out",
    "slices": "a slice is one file of records; read the stream with --run alone",
    "on": "the workers of a cluster may be on other machines; read the stream with --run alone",
}
"""Options that --files doesn't go with."""
_AS_GIVEN = (
    *("demo", "version", "completion", "output", "format", "nested", "to", "dataset", "write", "limit", "detach"),
    *("abort", "keep_case", "accept", "quiet", "shard", "on", "host", "port"),
)


def parse(arguments: list[str]) -> Arguments:
    """Parse the command line. Wrong usage and `--help` end the process, as in argparse (codes 2 and 0)."""
    parse_with = parser()
    found, rest = parse_with.parse_known_args(arguments)
    _check_known(parse_with, [text for text in rest if text.startswith("-")])
    found.manifest += rest
    _sort_manifests(parse_with, found)
    _check_command(parse_with, found)
    _check_jobs(parse_with, found)
    _check_options(parse_with, found)
    _check_values(parse_with, found)
    _check_files(parse_with, found)
    for name in _PATHS:
        setattr(found, name, _expanded(parse_with, name, getattr(found, name)))
    validated = [_expanded(parse_with, "validate", text) or "" for text in found.validate or ()]
    named = next(iter(_manifests(found)), None)
    same: dict[str, Any] = {name: getattr(found, name) for name in _AS_GIVEN}
    same |= {name: getattr(found, name) not in (None, False) for name in _COMMANDS if name != "completion"}
    same |= {name: None if getattr(found, name) is None else Path(getattr(found, name)) for name in _FILES}
    return Arguments(
        manifest=None if named is None or found.demo else Path(named),
        manifests=tuple(map(Path, validated)),
        sample=named if found.demo else None,
        streams=tuple(dict.fromkeys(found.stream)),
        settings=tuple(found.set),
        cases=tuple(dict.fromkeys(found.case)),
        level=Level.WARNING if found.quiet else found.log_level or Level.INFO,
        **same,
    )


def _check_known(parser: argparse.ArgumentParser, unknown: list[str]) -> None:
    """Options that there are; others end the process."""
    if unknown:
        from core.manifest.problems import closest

        known = [name.removeprefix("--") for name in parser._option_string_actions if name.startswith("--")]
        named = [text.partition("=")[0] for text in unknown]
        meant = [closest(name.lstrip("-"), known) for name in named]
        hints = [
            name + (f" (did you mean --{guess}?)" if guess else "") for name, guess in zip(named, meant, strict=True)
        ]
        parser.error(f"there is no option {', and no '.join(hints)}")


def _sort_manifests(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    """Give --validate all manifests that are named, wherever options stand between them; others take one."""
    if found.validate is not None:
        found.validate, found.manifest = [*found.validate, *found.manifest], []
        if not found.validate:
            parser.error("argument --validate: expected at least one argument")
    if len(found.manifest) > 1:
        parser.error(f"one manifest at a time: {' or '.join(found.manifest)}?")
    found.manifest = found.manifest[0] if found.manifest else None


def _manifests(found: argparse.Namespace) -> list[str]:
    """The manifests that are named, but for those of --validate."""
    return [text for text in (found.manifest, *(getattr(found, name) for name in _WITH_MANIFEST)) if text]


def _check_command(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    """One command, one manifest (--validate takes many); wrong usage ends the process."""
    commands = [_option(name) for name in _COMMANDS if getattr(found, name) not in (None, False)]
    if len(commands) > 1:
        parser.error(f"{' and '.join(commands)} exclude each other.")
    if found.demo and commands and commands[0] not in ("--run", "--serve"):
        parser.error("--demo goes with --run or --serve.")
    if found.demo and found.keep_case is not None:
        parser.error("--keep-case keeps a case beside a manifest of your own; leave out --demo.")
    manifests = _manifests(found)
    if len(manifests) > 1:
        parser.error(f"one manifest at a time: {' or '.join(map(str, manifests))}?")
    if found.run == "" and not found.demo and not manifests:
        parser.error("--run needs a manifest: longhaul --run MANIFEST (or try longhaul --demo --run).")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _check_jobs(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    """What goes together with --jobs; wrong usage ends the process."""
    if found.abort and found.jobs is None:
        parser.error("--abort goes with --jobs: longhaul --jobs STATE --abort MANIFEST.")
    if found.jobs is None:
        return
    for name in (*_COMMANDS, "demo"):
        if getattr(found, name) not in (None, False):
            parser.error(f"--jobs and {_option(name)} exclude each other.")
    if found.abort and not found.manifest:
        parser.error("--abort needs the manifest that says how: longhaul --jobs STATE --abort MANIFEST.")
    if not found.abort and found.manifest:
        parser.error("--jobs STATE lists the jobs and needs no manifest; leave it out, or add --abort.")


def _check_options(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    """End the process for options that don't go with the command."""
    command = next((name for name in OPTIONS if getattr(found, name) not in (None, False)), None)
    allowed = OPTIONS[command] if command else ()
    for takes in OPTIONS:
        wrong = [
            name for name in OPTIONS[takes] if name not in allowed and getattr(found, name) not in (None, False, [])
        ]
        if wrong:
            given = ", ".join(map(_option, wrong))
            parser.error(f"{given} only {'goes' if len(wrong) == 1 else 'go'} with {_option(takes)}.")


def _check_files(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    """End the process for options that --files doesn't go with."""
    for name, why in _WITHOUT_FILES.items():
        if found.files is not None and getattr(found, name) is not None:
            parser.error(f"--files doesn't go with {_option(name)}: {why}.")


def _check_values(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    """End the process for options that contradict each other."""
    if found.detach and found.keep_case is not None:
        parser.error("--keep-case keeps a run that came to its end; leave out --detach.")
    if found.to is not None and found.state is not None:
        parser.error("--state: with --to, the state is kept in the destination, beside the records; leave out --state.")
    if found.to is not None and found.format is not None:
        parser.error("--format is that of the files of --output; leave it out with --to.")
    if found.detach and found.state is None and found.to is None:
        parser.error("--detach needs --state FILE: beside that file, a later run finds the jobs that it is to collect.")
    formats = REPORTS if found.validate else FORMATS
    if found.format is not None and found.format not in formats:
        parser.error(f"--format {found.format}: choose one of {', '.join(formats)}.")
    if found.to is not None and found.output is not None:
        parser.error("--output and --to exclude each other.")
    if found.dataset is not None and found.to is None:
        parser.error("--dataset goes with --to.")
    if found.shard is not None and found.slices is None:
        parser.error("--shard goes with --slices: longhaul --run MANIFEST --stream NAME --slices FILE --shard I/N.")
    for command, needed in _NEEDED:
        if getattr(found, command) is not None:
            missing = [name for name in needed if getattr(found, name) in (None, [])]
            if missing:
                parser.error(f"{_option(command)} needs {' and '.join(map(_option, missing))}.")


def _expanded(parser: argparse.ArgumentParser, name: str, text: str | None) -> str | None:
    """The name of a file with `~` expanded; wrong ones end the process."""
    if text is None or (name in ("run", "serve") and not text):
        return text
    option = "MANIFEST" if name == "manifest" else _option(name)
    if not text:
        what = {"files": "a folder", "output": "a file or a directory"}.get(name, "a file")
        parser.error(f"{option} is empty: name {what}.")
    if text == "-" and name in ("state", "files", "trace", "junit", "jobs"):
        parser.error(f"{option} needs a file that can be replaced, not -; name one, or ./- for a file of that name.")
    placed = os.path.expanduser(text)
    if placed.startswith("~"):
        user = placed.split("/")[0]
        parser.error(f"{option} {text}: there is no user of this name; write ./{user} for a file or directory.")
    return placed
