"""The errors that people see: each says what happened, where, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable

from core.manifest.problems import ManifestError, Problem

__all__ = ["InputError", "LonghaulError", "ManifestError", "Problem", "ReadError"]


class LonghaulError(Exception):
    """Something that a person can act on. The text is complete sentences and holds no secret."""


class InputError(LonghaulError):
    """The inputs (the `config`) do not fit the manifest: missing, of the wrong type, or not readable."""

    def __init__(self, messages: str | Iterable[str]) -> None:
        self.messages = (messages,) if isinstance(messages, str) else tuple(messages)
        super().__init__("\n".join(self.messages))


class ReadError(LonghaulError):
    """A stream or one of its slices can't be read any further.

    `retryable` says whether the same thing may work when it is tried again (a passing fault of the server or
    the network), `status` is the HTTP status behind it, where there was one.
    """

    def __init__(self, message: str, *, retryable: bool = False, status: int | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.status = status
