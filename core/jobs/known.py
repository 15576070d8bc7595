"""The jobs that a read created, kept so that another read can follow them instead of creating new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import orjson


class KnownJobs:
    """Jobs by their slice, as the API's answers to their creation.

    A read that is given them polls the job that is known for a slice, and takes note of each that it creates. A job
    that was aborted or deleted on the server is forgotten.
    """

    def __init__(self) -> None:
        self._creations: dict[bytes, httpx.Response] = {}

    def __len__(self) -> int:
        return len(self._creations)

    def creation(self, slice_: Mapping[str, Any] | None) -> httpx.Response | None:
        """The answer to the creation of a slice's job; None when no job is known."""
        return self._creations.get(_key(slice_))

    def note(self, slice_: Mapping[str, Any] | None, creation: httpx.Response) -> None:
        """Take note of a job that was created."""
        self._creations[_key(slice_)] = creation

    def forget(self, slice_: Mapping[str, Any] | None) -> None:
        """There is no such job any more."""
        self._creations.pop(_key(slice_), None)


def _key(slice_: Mapping[str, Any] | None) -> bytes:
    return orjson.dumps(dict(slice_ or {}), str, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
