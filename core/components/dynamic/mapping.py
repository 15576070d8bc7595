"""The mapping: a value that is put into the template of a stream, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import Field

from core.components.value_types import ValueType, typed_value
from core.errors import ReadError
from core.manifest.problems import Path
from core.runtime.component import Component, Shown
from core.runtime.context import readable
from core.runtime.field_path import Location, evaluated, find, put, what_is_at
from core.templates import Condition, Template


class ComponentMappingDefinition(Component):
    """Puts a value into the template of the streams that are made."""

    label = "Mapping"

    field_path: Annotated[list[Template], Shown(editor="field_path")] = Field(
        min_length=1,
        title="Field Path",
        description="Where in the template the value goes; `*` stands for one step, `**` for any number of them.",
    )
    value: Template = Field(
        title="Value", description="The value; a template can take it from `components_values`, what a stream is of."
    )
    value_type: Annotated[ValueType | None, Shown(advanced=True)] = Field(
        None,
        title="Value type",
        description="A value of another type stays text; if unset, text that looks like a number is one.",
    )
    create_or_update: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Create or update",
        description="Put the value there also where the template has nothing; otherwise nothing is done then.",
    )
    condition: Annotated[Condition | None, Shown(advanced=True)] = Field(
        None, title="Condition", description="The value is put there only where it is true; always by default."
    )

    def apply(
        self, tree: dict[str, Any], scope: Mapping[str, Any], parsed: Callable[[Any], Any], *, creates: bool
    ) -> None:
        """Put what `parsed` makes of the value into `tree`; `creates`: also where nothing is.

        Airbyte: values that are empty are put only where something is. Raises `ReadError`.
        """
        with readable():
            value = typed_value(self.value, self.value_type, scope)
        path = evaluated(self.field_path, scope)
        value = parsed(value)
        places = _places(tree, path)
        for place in places:
            _assign(tree, place, copied(value))
        if not places and creates and self.create_or_update and value:
            try:
                put(tree, path, copied(value))
            except ReadError:
                raise ReadError(
                    f"Nothing can be put at `{'.'.join(path)}` of the template: {what_is_at(tree, path)}."
                ) from None

    def touches(self, path: Path) -> bool:
        """Whether the value may go to a path in the template, above or below it."""
        steps = [step.source for step in self.field_path]
        if "**" in steps:
            steps = steps[: steps.index("**")]
            path = path[: len(steps)]
        pairs = zip(steps, path, strict=False)
        return bool(path) and all("{" in step or fnmatchcase(str(key), step) for step, key in pairs)


def copied(value: Any) -> Any:
    """A copy that can be changed, of plain objects and lists."""
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, (list, tuple)) else value


def _places(tree: dict[str, Any], path: Sequence[str]) -> list[Location]:
    """Where something is in the template that the path matches. Raises `ReadError`."""
    if path.count("**") > 1:
        raise ReadError(f"`{'.'.join(path)}` has more than one `**`, so that it says no clear place.")
    return [location for location, _ in find(tree, path)]


def _assign(tree: Any, place: Location, value: Any) -> None:
    """Set what is at a place, unless what was set before has taken its place."""
    *way, last = place
    try:
        for step in way:
            tree = tree[step]
        if tree[last] is not value:
            tree[last] = value
    except (LookupError, TypeError):
        return
