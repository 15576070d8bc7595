"""Groups of streams that are not read at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, field_validator

from core.components.family import parents
from core.components.stream import ReadableStream
from core.manifest.problems import Problem, Severity, clipped
from core.runtime.component import Component


class BlockSimultaneousSyncsAction(Component):
    """Of the streams of a group, one is read at a time."""

    label = "One at a time"


class StreamGroup(Component):
    """Streams that share something which only one of them may use at a time."""

    label = "Stream group"

    streams: list[dict[str, Any]] = Field(
        title="Streams", description="The streams of the group, as references to where they are defined."
    )
    action: BlockSimultaneousSyncsAction = Field(title="Action", description="What the group means for its streams.")

    @field_validator("streams", mode="before")
    @classmethod
    def _no_names(cls, value: Any) -> Any:
        """People write the names of the streams; Airbyte takes only the streams themselves."""
        names = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        if names:
            how = 'a reference to where the stream is defined, such as {$ref: "#/streams/0"}'
            raise ValueError(f"write {how}, not the name `{clipped(names[0])}`")
        return value

    @property
    def names(self) -> list[str]:
        """The names of the streams; empty for one without (Airbyte: streams are told by their names)."""
        return [str(one.get("name") or "") for one in self.streams]


def conflicts(stream: ReadableStream, group: StreamGroup, known: Mapping[str, object]) -> Iterator[Problem]:
    """What is wrong with a stream in a group, where `known` are all streams by name: no stream is with its parent.

    Airbyte refuses that of an incremental one, and does not notice others.
    """
    severity = Severity.ERROR if stream.lasting else Severity.WARNING
    for parent in dict.fromkeys(ancestors(stream, known)):
        if parent in group.names:
            message = f"`{stream.name}` can't be in a group with its parent stream `{parent}`"
            yield Problem(message, (), severity, hint="a stream is read together with its parents")


def ancestors(stream: ReadableStream, known: Mapping[str, object] | None = None) -> Iterator[str]:
    """The names of a stream's parents, of their parents, and so on.

    With `known`, as Airbyte looks at them: beyond a parent only if it is one of those and incremental.
    """
    for parent in parents(stream):
        yield parent.name
        if known is None or (parent.name in known and parent.lasting):
            yield from ancestors(parent, known)
