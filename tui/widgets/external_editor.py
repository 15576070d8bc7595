"""Editing a text in the editor that a person has named in $VISUAL or $EDITOR."""

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


class EditorFailed(Exception):
    """The text could not be edited elsewhere; the message is for people."""


def editor_command() -> Sequence[str]:
    """The command that opens a file. Raises EditorFailed when it can't be understood."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _USUAL
    try:
        return shlex.split(named) or [_USUAL]
    except ValueError as error:
        raise EditorFailed(f"$EDITOR can't be understood: {error}. Set it to a command such as `nano`.") from None


async def edit_elsewhere(app: App[Any], text: str, language: str) -> str | None:
    """Give the terminal to the editor, on a file of this text that nobody else can read; the text that it leaves.

    None when the editor ends with an error, as `:cq` does: then nothing is to be changed. What runs in the builder,
    such as a test, goes on meanwhile. Raises EditorFailed.
    """
    command = editor_command()
    try:
        with app.batch_update(), app.suspend():
            return await asyncio.to_thread(_edit, command, text, ".txt" if language == "text" else f".{language}")
    except SuspendNotSupported:
        raise EditorFailed("This terminal can't be given to another program.") from None


def _edit(command: Sequence[str], text: str, suffix: str) -> str | None:
    try:
        with TemporaryDirectory(prefix="longhaul-") as folder:
            file = Path(folder, f"text{suffix}")
            file.write_bytes(text.encode())
            if subprocess.run([*command, str(file)], check=False).returncode:
                return None
            edited = file.read_bytes().decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        missing = shutil.which(command[0]) is None
        reason = f"there is no command {command[0]}" if missing else f"{command[0]} could not edit the text: {error}"
        raise EditorFailed(f"{reason[:1].upper()}{reason[1:]}. $EDITOR says which editor is used.") from None
    return edited if text.endswith("\n") else edited.removesuffix("\n")
