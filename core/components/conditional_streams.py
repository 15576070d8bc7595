"""Streams that are there for some inputs only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from core.components.stream import Stream
from core.manifest.problems import Problem
from core.runtime.component import Component, NotInAirbyte
from core.templates import Condition, TemplateError


class ConditionalStreams(Component):
    """Streams that are there only where a condition over the inputs holds."""

    label = "Conditional streams"

    condition: Condition = Field(
        title="Condition", description="The streams are there where this is true, such as {{ config['is_sandbox'] }}."
    )
    streams: Annotated[list[Stream], NotInAirbyte("StateDelegatingStream")] = Field(
        title="Streams", description="The streams that are there then."
    )

    def holds(self, config: Mapping[str, Any], doubt: Callable[[TemplateError], None]) -> bool:
        """Whether the streams are there for these inputs; `doubt` as for conditions. Raises `TemplateError`.

        Airbyte: the condition sees no parameters.
        """
        return self.condition.evaluate({"config": config, "parameters": {}}, doubt)

    def lint(self) -> list[Problem]:
        """There are streams that depend on it."""
        return [] if self.streams else [Problem("there are no streams that the condition is about", ("streams",))]
