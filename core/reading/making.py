"""Makes streams from templates: asks for what they are made of, and puts it in its places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from core.components.custom.base import CustomComponent, not_run
from core.connector import unsupported_in
from core.connector.templates import Made, MadeStream, StreamTemplate
from core.custom.permission import CustomCode
from core.errors import ReadError
from core.manifest.problems import clipped
from core.runtime.context import Context
from core.templates import TemplateError

MAX_STREAMS = 5_000
"""Streams that may be made in a run."""
MAX_VALUES = 2_000_000
"""Values that their trees may hold together."""


class StreamMaker:
    """Makes the streams of one run.

    `context` gives that of a dynamic stream by its name, `custom` is the code of custom components that may run.
    """

    def __init__(self, context: Callable[[str], Context], custom: CustomCode | None = None) -> None:
        self._context = context
        self._custom = custom
        self._streams: list[MadeStream] = []
        self._values = 0

    async def make(self, templates: tuple[StreamTemplate, ...]) -> Made:
        """What comes of the templates. One of which streams can't be made keeps no other from giving some."""
        unmade: dict[int, str] = {}
        for template in templates:
            before = len(self._streams)
            try:
                await self._make(template)
            except (ReadError, TemplateError) as error:
                del self._streams[before:]
                unmade[template.index] = str(error)
        return Made(tuple(self._streams), unmade)

    async def _make(self, template: StreamTemplate) -> None:
        """Raises `ReadError`, `TemplateError`."""
        resolver, context = template.definition.components_resolver, self._context(template.name).remembering()
        if kinds := unsupported_in(resolver, self._custom):
            raise ReadError(not_run("It", kinds))
        tree = template.tree
        classes = _classes(tree)
        async with aclosing(resolver.found(template.name, context)) as found:
            async for variables in found:
                if len(self._streams) >= MAX_STREAMS:
                    raise ReadError(f"There would be more than {MAX_STREAMS:,} streams.")
                try:
                    made = resolver.made(tree, variables, context)
                    if resolver.is_of_api:
                        _check_code(made, classes)
                except (ReadError, TemplateError) as error:
                    self._streams.append(MadeStream(template.index, problem=str(error)))
                    continue
                self._values += sum(1 for _ in _values(made))
                if self._values > MAX_VALUES:
                    raise ReadError(f"The streams would hold more than {MAX_VALUES:,} values.")
                self._streams.append(MadeStream(template.index, made))


def _classes(tree: Any) -> set[str]:
    """The names of the Python classes that a tree wants to run."""
    parts = (value for value in _values(tree) if isinstance(value, Mapping))
    return {str(part.get("class_name")) for part in parts if str(part.get("type")) in CustomComponent.kinds}


def _check_code(made: Any, written: set[str]) -> None:
    """Raises `ReadError` for a class that the template does not name."""
    if others := _classes(made) - written:
        raise ReadError(f"the API may not say which Python class runs, and it says `{clipped(min(others))}`")


def _values(tree: Any) -> Iterator[Any]:
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
