"""The permission to run the custom components of a manifest: which code, and which Python runs it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.environment import CUSTOM_PYTHON, CUSTOM_SECONDS
from core.errors import InputError
from core.extras import how_to_install, is_installed

COMPONENTS_FILE = "components.py"
LARGEST_CODE = 10_000_000
"""Bytes that the code may have."""
ANSWER_WITHIN = 300.0
"""Seconds that custom components have for an answer unless the environment says otherwise."""


@dataclass(frozen=True, slots=True)
class CustomCode:
    """Code that a person has allowed to run: exactly this text, whatever is in the file by then.

    `file` is where it is from, for messages; `folder` is where it finds modules of its own (None: it has none).
    `python` runs it, and it has `seconds` for an answer.
    """

    text: str
    file: str
    folder: Path | None
    python: str
    seconds: float = ANSWER_WITHIN

    @classmethod
    def of(cls, text: str, file: Path | str, environment: Mapping[str, str] = os.environ) -> CustomCode:
        """The permission for code from a file, or for code that was given as text where `file` is only a name.

        Raises `InputError` when there is no Python that could run it.
        """
        folder = file.resolve().parent if isinstance(file, Path) else None
        return cls(text, str(file), folder, _python(environment), _seconds(environment))

    @classmethod
    def load(cls, file: Path, environment: Mapping[str, str] = os.environ) -> CustomCode:
        """The permission for what is in a file now. Raises `InputError`."""
        return cls.of(read_code(file), file, environment)


def read_code(file: Path) -> str:
    """The code in a file. Raises `InputError`."""
    try:
        with open(file, "rb") as opened:
            content = opened.read(LARGEST_CODE + 1)
    except OSError as error:
        raise InputError(f"The custom code {file} can't be read: {error.strerror or error}.") from None
    if len(content) > LARGEST_CODE:
        raise InputError(f"{file} is no custom code: it has more than {LARGEST_CODE / 1e6:g} MB.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InputError(f"The custom code {file} can't be read: it is not in UTF-8.") from None


def digest_of(text: str) -> str:
    """What a permission is remembered by: the SHA-256 of the code."""
    return hashlib.sha256(text.encode()).hexdigest()


def code_beside(manifest: Path) -> Path | None:
    """The `components.py` beside a manifest, where Airbyte has it; None: there is none."""
    file = manifest.parent / COMPONENTS_FILE
    return file if file.is_file() else None


def _python(environment: Mapping[str, str]) -> str:
    named = environment.get(CUSTOM_PYTHON, "").strip()
    if named:
        if not os.access(named, os.X_OK) or not Path(named).is_file():
            raise InputError(f"{CUSTOM_PYTHON} names {named}, which is no program that could be run.")
        return named
    if not is_installed("airbyte_cdk"):
        raise InputError(
            f"{how_to_install('Custom components', 'custom')} Or name the Python of another environment that has "
            f"airbyte-cdk: {CUSTOM_PYTHON}=/path/to/python."
        )
    return sys.executable


def _seconds(environment: Mapping[str, str]) -> float:
    written = environment.get(CUSTOM_SECONDS, "")
    try:
        seconds = float(written) if written else ANSWER_WITHIN
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise InputError(f"{CUSTOM_SECONDS} is “{written}”; it must be a number of seconds.")
    return seconds
