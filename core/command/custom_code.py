"""`--custom-code`, and the question whether the `components.py` beside a manifest may run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from core.command.arguments import Arguments
from core.connector import Connector
from core.custom.permission import CustomCode, code_beside, digest_of, read_code
from core.environment import state_folder
from core.errors import InputError
from core.outputs.durable import OutputError, replacing

_LARGEST = 1_000_000
"""Bytes of the file of permissions that are read."""
_MOST = 1_000
"""Permissions that are kept; the oldest are forgotten first."""


def with_custom_code(connector: Connector, arguments: Arguments, manifest: Path) -> Connector:
    """The connector with the custom code that may run: that of `--custom-code`, or what is beside the manifest when
    the person allows it now, or has allowed the same text before. Where nobody can be asked, it may not run, which the
    streams that need it say.

    Raises `InputError` for code that can't be read, or that no Python can run, and `OutputError`.
    """
    if arguments.custom_code is not None:
        return connector.allowing(CustomCode.load(arguments.custom_code))
    if arguments.on is not None:  # it runs on this machine only
        return connector
    file = code_beside(manifest) if connector.custom_components else None
    if file is None:
        return connector
    text = read_code(file)
    known = Permissions()
    if not known.has(text):
        if not _can_ask() or not _is_yes(
            question(connector, file, text, changed=known.names(file)), sys.stdin.readline
        ):
            return connector
        code = _alone(text, file)
        known.add(text, file)
        return connector.allowing(code)
    return connector.allowing(_alone(text, file))


def allowed_before(connector: Connector, manifest: Path) -> Connector:
    """The connector with the code beside the manifest, if the same text was allowed before; nobody is asked.

    Raises `InputError` when no Python can run it.
    """
    file = code_beside(manifest) if connector.custom_components else None
    if file is None:
        return connector
    text = read_code(file)
    return connector.allowing(_alone(text, file)) if Permissions().has(text) else connector


def _alone(text: str, file: Path) -> CustomCode:
    """The permission that an answer gives: for this very text, not for modules beside it, which nobody was asked about.

    Raises `InputError`.
    """
    return CustomCode.of(text, str(file))


def question(connector: Connector, file: Path, text: str, *, changed: bool) -> str:
    """What is asked before code runs: what it is, what it could do, and what is remembered."""
    classes = sorted({_shown(part.class_name.rpartition(".")[2], 60) for part in connector.custom_components})
    named = ", ".join(classes[:5]) + (f" and {len(classes) - 5} more" if len(classes) > 5 else "")
    return (
        f"{_shown(str(file), 1_000)} has {len(text.splitlines()):,} lines of Python that this manifest wants to run: "
        + f"{named}."
        + (" It has changed since you allowed it." if changed else "")
        + "\nLike any program, it can read your files, and it sees all inputs, secrets too. Read it first."
        f"\nSHA-256 {digest_of(text)}"
    )


def _shown(text: str, most: int) -> str:
    """A text of the manifest that takes no hold of the terminal, and pushes no question out of sight."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:most])


class Permissions:
    """Which code was allowed before, by the hash of its text: changed code is asked for anew."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or state_folder() / "custom_code.json"

    def has(self, text: str) -> bool:
        """Whether this very text was allowed."""
        return digest_of(text) in self._read()

    def names(self, file: Path) -> bool:
        """Whether some text of this file was allowed."""
        return str(file.resolve()) in self._read().values()

    def add(self, text: str, file: Path) -> None:
        """Remember that the text, which is in this file now, may run. Raises `OutputError`."""
        kept = {**self._read(), digest_of(text): str(file.resolve())}
        kept = dict([*kept.items()][-_MOST:])
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._file, mode=0o600) as target:
                target.write(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise OutputError.of(self._file, error) from error

    def _read(self) -> dict[str, str]:
        """The paths of allowed code by its hash. A file that can't be read allows nothing."""
        found: Any = None
        with suppress(OSError, orjson.JSONDecodeError), open(self._file, "rb") as opened:
            found = orjson.loads(opened.read(_LARGEST))
        return {str(digest): str(path) for digest, path in found.items()} if isinstance(found, dict) else {}


def _can_ask() -> bool:
    return bool(sys.stdin and sys.stderr and sys.stdin.isatty() and sys.stderr.isatty())


def _is_yes(asked: str, answer: Callable[[], str]) -> bool:
    print(f"{asked}\nRun it, now and whenever it is the same? [y/N] ", end="", file=sys.stderr, flush=True)
    return answer().strip().lower() in ("y", "yes")


def refuse_custom_code(arguments: Arguments, option: str) -> None:
    """Raises `InputError` where custom code can't run."""
    if arguments.custom_code is not None:
        raise InputError(
            f"--custom-code doesn't go with {option}: custom code runs on this machine only. Leave out {option}, or "
            "share the work among processes with --plan and --slices."
        )
