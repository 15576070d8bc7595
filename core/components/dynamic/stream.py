"""The dynamic stream: a template, and what streams are made of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from core.components.dynamic.resolvers import ComponentsResolver
from core.components.stream import Stream
from core.manifest.problems import Path
from core.runtime.component import Component, MayBeIncomplete, Shown


class DynamicStream(Component, role=True):
    """What streams are made from."""

    name: str = Field("", title="Name", description="What the streams that are made have in common, such as Tables.")

    @classmethod
    def substitute(cls, raw: Any, path: Path) -> BrokenDynamicStream:
        """One that is wrong keeps no other from being used."""
        broken = BrokenDynamicStream()
        broken._origin = path
        return broken


class BrokenDynamicStream(DynamicStream, role=True):
    """Stands where a dynamic stream is written that can't be built."""


class DynamicDeclarativeStream(DynamicStream):
    """Streams that are alike: a template, and of what each of them is made.

    The template is a stream as any other. For each stream, mappings put values into a copy of it, its name above all.
    """

    label = "Streams from a template"

    stream_template: Annotated[Stream, MayBeIncomplete()] = Field(
        title="Stream Template", description="The stream that the others are made from."
    )
    components_resolver: ComponentsResolver = Field(
        title="Made From", description="Of what the streams are made, and where it goes in the template."
    )
    use_parent_parameters: Annotated[bool, Shown(advanced=True)] = Field(
        True,
        title="Use Parent Parameters",
        description="A `$parameters` entry of a component wins over one of the same name in a component within it.",
    )


def template_name(definition: DynamicStream, index: int) -> str:
    """The name by which a check and messages mean a dynamic stream (Airbyte: the same)."""
    return definition.name or f"dynamic_stream_{index}"
