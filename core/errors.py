"""The errors that people see: each says what happened, where, and what to do next."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from core.environment import DEBUG
from core.manifest.problems import ManifestError, Problem

__all__ = ["InputError", "LonghaulError", "ManifestError", "Problem", "ReadError", "extension_in", "fault_text"]


class LonghaulError(Exception):
    """Something that a person can act on. The message consists of complete sentences and contains no secret."""


class InputError(LonghaulError):
    """The inputs (the `config`) do not fit the manifest: missing, of the wrong type, or not readable."""

    def __init__(self, messages: str | Iterable[str]) -> None:
        self.messages = (messages,) if isinstance(messages, str) else tuple(messages)
        super().__init__("\n".join(self.messages))


class ReadError(LonghaulError):
    """A stream or one of its slices can't be read any further.

    `retryable` says whether a further attempt may succeed (a passing fault of the server or the network), `status` is
    the HTTP status behind it, where there was one.
    """

    def __init__(self, message: str, *, retryable: bool = False, status: int | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status


def fault_text(error: Exception, mask: Callable[[str], str]) -> str:
    """What is said about an exception that nobody expected, with the traceback when the environment asks for it."""
    import traceback

    what = " ".join(mask(f"{type(error).__name__}: {error}").split())
    extension = extension_in(error)
    by = f"an error in {extension}" if extension else "an internal error of Longhaul"
    whom = " to its authors" if extension else ""
    text = f"stopped by {by} ({what}). Please report it{whom}, with the manifest"
    if os.environ.get(DEBUG):
        return f"{text} and this:\n{mask(''.join(traceback.format_exception(error)))}"
    return f"{text} and what this command prints with {DEBUG}=1 in the environment."


def extension_in(error: Exception) -> str:
    """The component of another package that an exception comes from, and where it is written; empty: from none."""
    import traceback

    found = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        component: Any = frame.f_locals.get("self")
        if not hasattr(type(component), "written_at"):  # some objects raise whatever they are asked for
            continue
        if place := component.written_at:
            found = f"{type(component).__name__} at {place}"
    return found
