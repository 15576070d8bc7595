"""Editing or viewing a text in the program that a person has named in $VISUAL, $EDITOR or $PAGER."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual.app import App, SuspendNotSupported

_USUAL = "vi"
_USUAL_PAGER = "less"


class EditorFailed(Exception):
    """The text could not be edited elsewhere; the message is for people."""


def editor_command() -> Sequence[str]:
    """The command that opens a file to edit it. Raises EditorFailed when it can't be understood."""
    return _command("EDITOR", os.environ.get("VISUAL") or os.environ.get("EDITOR") or _USUAL)


def pager_command() -> Sequence[str]:
    """The command that opens a file to look through it. Raises EditorFailed when it can't be understood."""
    return _command("PAGER", os.environ.get("PAGER") or _USUAL_PAGER)


def _command(variable: str, named: str) -> Sequence[str]:
    try:
        return shlex.split(named) or [_USUAL]
    except ValueError as error:
        raise EditorFailed(f"${variable} can't be understood: {error}. Set it to a command such as `nano`.") from None


async def edit_elsewhere(app: App[Any], text: str, language: str) -> str | None:
    """Give the terminal to the editor, on a file of this text that nobody else can read; the text that it leaves.

    None when the editor ends with an error, as `:cq` does: then nothing is to be changed. What runs in the builder,
    such as a test, goes on meanwhile. Raises EditorFailed.
    """
    return await _lend(app, editor_command(), text, language, read_only=False)


async def view_elsewhere(app: App[Any], text: str, language: str, *, pager: bool = False) -> None:
    """Give the terminal to the editor, or to the pager, on a file of this text that only this user can read.

    It can't be changed there. Raises EditorFailed.
    """
    await _lend(app, pager_command() if pager else editor_command(), text, language, read_only=True)


async def _lend(app: App[Any], command: Sequence[str], text: str, language: str, *, read_only: bool) -> str | None:
    suffix = ".txt" if language == "text" else f".{language}"
    try:
        with app.batch_update(), app.suspend():
            return await asyncio.to_thread(_open, command, text, suffix, read_only=read_only)
    except SuspendNotSupported:
        raise EditorFailed("This terminal can't be given to another program.") from None


def _open(command: Sequence[str], text: str, suffix: str, *, read_only: bool) -> str | None:
    try:
        with TemporaryDirectory(prefix="longhaul-", ignore_cleanup_errors=True) as folder:
            file = Path(folder, f"text{suffix}")
            file.write_bytes(text.encode())
            if read_only:
                file.chmod(0o400)
            if subprocess.run([*command, str(file)], check=False).returncode or read_only:
                return None
            edited = file.read_bytes().decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        missing = shutil.which(command[0]) is None
        reason = f"there is no command {command[0]}" if missing else f"{command[0]} could not open the text: {error}"
        raise EditorFailed(f"{reason[:1].upper()}{reason[1:]}. $EDITOR and $PAGER say what is used.") from None
    return edited if text.endswith("\n") else edited.removesuffix("\n")
