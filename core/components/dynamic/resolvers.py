"""The resolvers: of what streams are made, and how a stream is made of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, product
from typing import Annotated, Any, ClassVar

import yaml
from pydantic import Field

from core.components.dynamic.mapping import ComponentMappingDefinition, copied
from core.components.retriever import Retriever
from core.components.stream import DeclarativeStream
from core.errors import ReadError
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, Component, Gives, Shown
from core.runtime.context import Context, readable
from core.runtime.field_path import evaluated, find
from core.templates import Template
from core.templates.texts import SecretText, derived

Variables = Mapping[str, Any]
"""The template variables that a stream is made with."""

_VALUES = ("components_values", "stream_template_config")


class ComponentsResolver(Component, role=True):
    """Says of what streams are made, and what of it goes where in the template."""

    reads_yaml: ClassVar[bool] = True
    """Whether texts that are put into the template are read as YAML."""
    keeps_text: ClassVar[bool] = True
    """Whether they are not where a mapping wants text."""
    creates: ClassVar[bool] = True
    """Whether mappings can put values where the template has nothing."""
    is_of_api: ClassVar[bool] = False
    """Whether the values come from the API, whom nobody has allowed to choose code."""

    @property
    def mappings(self) -> Sequence[ComponentMappingDefinition]:
        """The values that are put into the template, in order."""
        return ()

    @abstractmethod
    def found(self, name: str, context: Context) -> AsyncGenerator[Variables, None]:
        """What each stream is made of, for the dynamic stream of this name. Raises `ReadError`."""

    def made(self, template: Mapping[str, Any], variables: Variables, context: Context) -> dict[str, Any]:
        """A stream: a copy of the template with the values in their places. Raises `ReadError`."""
        tree: dict[str, Any] = copied(template)
        seen = context.with_variables(**variables, stream_template_config=template)
        for mapping in self.mappings:
            if self._applies(mapping, seen):
                is_text = mapping.value_type == "string" and self.keeps_text
                parsed = as_yaml if self.reads_yaml and not is_text else _as_it_is
                mapping.apply(tree, seen.scope(mapping), parsed, creates=self.creates)
        return tree

    def _applies(self, _mapping: ComponentMappingDefinition, _context: Context) -> bool:
        return True

    def _lint_conditions(self) -> list[Problem]:
        """Airbyte refuses conditions, save for streams that are made of inputs."""
        message = f"a {type(self).__name__} takes no conditions, only a {ConfigComponentsResolver.__name__} does"
        return [
            Problem(message, ("components_mapping", index, "condition"), hint="decide in the template of the `value`")
            for index, mapping in enumerate(self.mappings)
            if mapping.condition is not None and mapping.condition.source
        ]


class HttpComponentsResolver(ComponentsResolver):
    """Makes a stream of each record that the API gives: one for each table, form or report that there is."""

    label = "Asked from the API"
    reads_yaml = False
    creates = False
    is_of_api = True

    retriever: Retriever = Field(
        title="Retrieval", description="How the records are fetched, of each of which a stream is made."
    )
    components_mapping: Annotated[list[ComponentMappingDefinition], Gives(*_VALUES, *SLICE_VARIABLES)] = Field(
        title="Mappings", description="What of a record goes where in the template; `components_values` is the record."
    )

    @property
    def mappings(self) -> Sequence[ComponentMappingDefinition]:
        return self.components_mapping

    async def found(self, name: str, context: Context) -> AsyncGenerator[Variables, None]:
        stream = DeclarativeStream(name=name, retriever=self.retriever)
        context = replace(context, in_order=True)
        async for slice_, record in context.run.read_parent(stream, context, "dynamic stream", shown=True):
            yield {"components_values": record, **dict.fromkeys(SLICE_VARIABLES, slice_)}

    def lint(self) -> list[Problem]:
        """What Airbyte refuses here, or does not do."""
        message = "values of the API only take the place of what the template has, so `create_or_update` does nothing"
        return [
            *self._lint_conditions(),
            *(
                Problem(message, ("components_mapping", index, "create_or_update"), Severity.WARNING)
                for index, mapping in enumerate(self.mappings)
                if mapping.create_or_update
            ),
        ]


class StreamConfig(Component):
    """Where in the inputs is what streams are made of."""

    label = "Place in the inputs"

    configs_pointer: Annotated[list[Template], Shown(editor="field_path")] = Field(
        title="Place",
        description="The keys that lead to a list in the inputs, whose items streams are made of; `*` matches one key.",
    )
    default_values: list[Any] = Field(
        default_factory=list, title="Default Values", description="Items that are added to those in the inputs."
    )

    def items(self, context: Context) -> list[Any]:
        """The items. Raises `ReadError`."""
        path = evaluated(self.configs_pointer, context.scope(self))
        found = [value for _, value in islice(find(context.config, path), 2)] if path else [context.config]
        if len(found) > 1:
            raise ReadError(f"`configs_pointer` leads to several places in the inputs: `{'.'.join(path)}`.")
        items = [] if not found else found[0] if isinstance(found[0], list) else found
        return [*items, *self.default_values]


class ConfigComponentsResolver(ComponentsResolver):
    """Makes a stream of each item of a list in the inputs.

    Where several lists are named, a stream is made of each combination of their items.
    """

    label = "From the inputs"

    stream_config: StreamConfig | list[StreamConfig] = Field(
        title="Places in the Inputs", description="Where in the inputs is what streams are made of."
    )
    components_mapping: Annotated[list[ComponentMappingDefinition], Gives(*_VALUES)] = Field(
        title="Mappings", description="What of an item goes where in the template; `components_values` is the item."
    )

    @property
    def mappings(self) -> Sequence[ComponentMappingDefinition]:
        return self.components_mapping

    async def found(self, name: str, context: Context) -> AsyncGenerator[Variables, None]:
        configs = self.stream_config if isinstance(self.stream_config, list) else [self.stream_config]
        for combination in product(*(enumerate(one.items(context)) for one in configs)):
            yield {"components_values": _merged(combination)}

    def _applies(self, mapping: ComponentMappingDefinition, context: Context) -> bool:
        if mapping.condition is None or not mapping.condition.source:
            return True
        place = ".".join(step.source for step in mapping.field_path)
        with readable():
            return mapping.condition.evaluate(
                context.scope(self), partial(context.doubt, so=f"the value is put at `{place}`")
            )


def _merged(combination: Sequence[tuple[int, Any]]) -> dict[str, Any]:
    """Items of several lists as one; those that are no objects get names, and come with their places in their list."""
    merged: dict[str, Any] = {}
    for number, (index, item) in enumerate(combination):
        if isinstance(item, Mapping):
            merged.update(item)
        else:
            merged.setdefault(f"source_config_{number}", (index, item))
    return merged


class StreamParametersDefinition(Component):
    """The values that streams are made of, written in the manifest."""

    label = "List of values"

    list_of_parameters_for_stream: Annotated[list[dict[str, Any]], Shown(editor="json")] = Field(
        title="Values", description="A mapping for each stream."
    )


class ParametrizedComponentsResolver(ComponentsResolver):
    """Makes a stream of each mapping in a list in the manifest: of streams that differ in a few values only."""

    label = "From a list"
    keeps_text = False

    stream_parameters: StreamParametersDefinition = Field(
        title="Values", description="What streams are made of: a mapping for each."
    )
    components_mapping: Annotated[list[ComponentMappingDefinition], Gives(*_VALUES)] = Field(
        title="Mappings",
        description="What of a mapping goes where in the template; `components_values` is the mapping.",
    )

    @property
    def mappings(self) -> Sequence[ComponentMappingDefinition]:
        return self.components_mapping

    async def found(self, name: str, context: Context) -> AsyncGenerator[Variables, None]:
        for values in self.stream_parameters.list_of_parameters_for_stream:
            yield {"components_values": values}

    def lint(self) -> list[Problem]:
        """What Airbyte refuses here."""
        return self._lint_conditions()


def _as_it_is(value: Any) -> Any:
    return value


_PLAIN = (str, int, float, bool, list, dict, type(None))


def as_yaml(value: Any) -> Any:
    """The value that a text spells in YAML, the text where that is none; other values stay as they are.

    Text stays as it is, too, where YAML takes it for a date: components want text there. Airbyte gives up over some
    texts that are no YAML, and over dates. Raises `ReadError` for a text that is nested too deeply.
    """
    if not isinstance(value, str):
        return value
    try:
        found = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError):  # such as 2024-13-01, which looks like a date
        return value
    except RecursionError:
        raise ReadError("A value of a mapping is nested too deeply to be read as YAML.") from None
    if not _is_plain(found) or found == value:
        return value
    return derived(found, value.report) if isinstance(value, SecretText) else found


def _is_plain(value: Any) -> bool:
    """Whether it is what JSON can hold, too."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return all(map(_is_plain, value)) if isinstance(value, list) else isinstance(value, _PLAIN)
