"""Finds the mappings of dynamic streams whose path leads nowhere in the template: a run passes over them in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core.components.dynamic import ComponentMappingDefinition, DynamicDeclarativeStream
from core.components.source import DeclarativeSource
from core.manifest.problems import Path, Problem, Severity, clipped, closest
from core.runtime.component import Unsupported
from core.runtime.field_path import find, walk

_DEEP = "**"
_CREATE = "`create_or_update: true` would put it there"
_WRITE = "write something there that it can take the place of"


def lost_mappings(source: DeclarativeSource, tree: Mapping[str, Any]) -> Iterator[Problem]:
    """A warning for each mapping that puts its value nowhere. `tree` is the resolved manifest, and so are the paths.

    A step that is a template may be any key. What a mapping before it may have put there is not known.
    """
    for index, definition in enumerate(source.dynamic_streams):
        if not isinstance(definition, DynamicDeclarativeStream):
            continue
        resolver, template = definition.components_resolver, tree["dynamic_streams"][index]["stream_template"]
        if isinstance(resolver, Unsupported) or not isinstance(template, Mapping):
            continue
        place: Path = ("dynamic_streams", index, "components_resolver", "components_mapping")
        for number, mapping in enumerate(resolver.mappings):
            if resolver.creates and mapping.create_or_update:
                continue
            problem = _problem(mapping, template, resolver.mappings[:number], _CREATE if resolver.creates else _WRITE)
            if problem is not None:
                yield problem.below(*place, number, "field_path")


def _problem(
    mapping: ComponentMappingDefinition,
    template: Mapping[str, Any],
    before: Iterable[ComponentMappingDefinition],
    otherwise: str,
) -> Problem | None:
    """What is wrong with the path, from the step on that leads nowhere; `otherwise` is the hint if none is like it."""
    steps = ["*" if "{" in step.source else step.source for step in mapping.field_path]
    if steps.count(_DEEP) > 1 or _leads(template, steps):
        return None
    wrong = _first_wrong(template, steps)
    if any(one.touches(tuple(steps[: wrong + 1])) for one in before):
        return None
    keys = _keys_at(template, steps[:wrong])
    guess = None if steps[wrong] in keys else closest(steps[wrong], keys)
    return Problem(
        f"there is no `{clipped('.'.join(steps[: wrong + 1]))}` in the template, so that the value goes nowhere",
        (wrong,),
        Severity.WARNING,
        f"did you mean `{guess}`?" if guess else None if _DEEP in steps else otherwise,
    )


def _leads(template: Mapping[str, Any], steps: Sequence[str]) -> bool:
    return next(find(template, steps), None) is not None


def _first_wrong(template: Mapping[str, Any], steps: Sequence[str]) -> int:
    """The index of the first step that leads nowhere; of those behind `**`, the last, since it has to be there."""
    if _DEEP in steps:
        return len(steps) - 1
    return next(end for end in range(len(steps)) if not _leads(template, steps[: end + 1]))


def _keys_at(template: Mapping[str, Any], steps: Sequence[str]) -> list[str]:
    """The keys of what a path leads to; of all that there is, where it goes through any number of steps."""
    holders = [value for _, value in (walk(template) if _DEEP in steps else find(template, steps))]
    return [str(key) for holder in (holders if steps else [template]) if isinstance(holder, Mapping) for key in holder]
