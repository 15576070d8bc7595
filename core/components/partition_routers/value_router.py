"""Routers whose partitions have one value each: they can be grouped and united."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.components.base import Component
from core.components.partition_routers.evaluation import text_of
from core.components.request_options import RequestOption
from core.components.roles import PartitionRouter
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.http.request import Draft
from core.manifest.problems import Path, Problem
from core.templates import Template

PARENT_SLICE = "parent_slice"
"""What a partition has besides its value when it comes from a parent stream: the parent's own partition."""


@dataclass(frozen=True, slots=True)
class ValueSource:
    """What a router, or the component at `path` in it, says of its values: their name, written in the field `key`,
    and where requests carry them.
    """

    owner: Component
    path: Path
    key: str
    name: Template
    request_option: RequestOption | None = None


class ValueRouter(PartitionRouter, role=True):
    """Divides a stream into partitions of one value each."""

    @property
    def sources(self) -> list[ValueSource]:
        """Where the values come from, as far as that is known before reading."""
        return []

    def fill(self, draft: Draft, slice_: StreamSlice, variables: Mapping[str, Any]) -> None:
        """Add the values where the request options say."""
        for source in self.sources:
            if source.request_option is not None:
                name = text_of(source.name, {**variables, "parameters": source.owner.parameters})
                _inject(source.request_option, draft, slice_.get(name), variables)


class Seen:
    """The values that came up so far."""

    def __init__(self) -> None:
        self._values: set[Any] = set()

    def add(self, value: Any) -> bool:
        """Whether a value is new. Raises `ReadError` for lists and mappings, which can't be compared (Airbyte)."""
        try:
            before = len(self._values)
            self._values.add(value)
            return len(self._values) > before
        except TypeError:
            raise ReadError(
                f"Partitions can't be told apart by the value {value!r}. Use a field that holds a text or a number."
            ) from None


def refused_options(router: ValueRouter, path: Path, hint: str) -> list[Problem]:
    """A problem for each request option of a router at `path` inside another one (Airbyte refuses them)."""
    return [
        Problem(
            "request options can't be used in a partition router that is inside another one",
            (*path, *source.path, "request_option"),
            hint=hint,
        )
        for source in router.sources
        if source.request_option is not None
    ]


def _inject(option: RequestOption, draft: Draft, value: Any, variables: Mapping[str, Any]) -> None:
    """Add the value of a partition to a request.

    Airbyte leaves out every empty value; here 0 and false are values like any other.
    """
    if value is not None and value != "":
        option.inject(draft, value, variables)
