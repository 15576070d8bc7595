"""Builds the component tree from a resolved manifest, collecting every problem on the way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.components.custom.base import HOW_TO_ALLOW, CustomComponent
from core.connector.older_names import named_today, where_it_went
from core.connector.registry import choices, component_types, custom_types
from core.connector.unknown_inputs import InputUses
from core.connector.validation import describe, field_location, portability, sentences
from core.http.messages import shorten
from core.manifest.problems import Path, Problem, Severity, clipped, closest
from core.runtime.component import Component, FieldPlan, Gives, Unsupported, field_plans
from core.templates import Condition, Template, TemplateMap

Written = Callable[[Path], str | None]
"""The text of the single value at a path as it is written without quotes; None where that is not known."""
Report = Callable[[Path, str, str], None]
"""Takes a path, a message and a hint."""

_QUOTE = "put it in quotes"
_BRACES = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def unknown_source(_path: Path) -> None:
    """The source text of no value is known."""


class Texts:
    """Turns values into the texts that are written.

    `warn` is called where YAML means another value than the text, `note` where Airbyte would only want quotes.
    """

    def __init__(self, written: Written, warn: Report, note: Report) -> None:
        self._written = written
        self._warn = warn
        self._note = note

    def of(self, value: Any, plan: FieldPlan, path: Path) -> Any:
        """The value of a field, with texts in place of what else stands where only text can be."""
        if plan.text_map and isinstance(value, Mapping):
            return {key: self._text(item, (*path, key)) for key, item in value.items()}
        if plan.typed and isinstance(value, bool) and (self._written(path) or "true").lower() in ("true", "false"):
            self._note(path, "Airbyte takes only text here, no true or false", _QUOTE)
            return value
        return self._text(value, path) if plan.text and (plan.single or isinstance(value, list)) else value

    def _text(self, value: Any, path: Path) -> Any:
        if isinstance(value, list):
            return [self._text(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, (bool, int, float)):
            return value
        plain = str(value).lower() if isinstance(value, bool) else str(value)
        written = self._written(path) or plain
        if written.lower() == plain:
            self._note(path, "Airbyte takes only text here", _QUOTE)
        else:
            meant = plain if isinstance(value, bool) else f"the number {plain}"
            self._warn(path, f"YAML reads `{clipped(written)}` as {meant}; it is taken as text here", _QUOTE)
        return written


ALWAYS_VISIBLE = frozenset({"config", "parameters"})
COMMENTARY = frozenset({"type", "$parameters", "$ref", "name", "class_name"})
"""Keys that no component needs to declare: a name given for people is no mistake anywhere."""


_HINTS = 100
"""Keys that no component knows for which a similar one is looked for."""


class TreeBuilder:
    """Builds components; `problems` hold paths in the resolved tree, and so do `portability`, the warnings of what
    Airbyte would refuse or ignore though it works here. `written` tells of values how they are written.
    """

    def __init__(self, written: Written = unknown_source) -> None:
        self.problems: list[Problem] = []
        self.portability: list[Problem] = []
        self.foreign: list[Component] = []
        """The components of other packages."""
        self.uses: InputUses | None = None
        """Takes note of inputs that templates use; None: nobody wants to know."""
        self.handed_down: Callable[[Path], bool] = lambda _path: False
        """Whether a value comes from `$parameters` further out."""
        self._texts = Texts(written, self._warn, self._note)
        self._hints = _HINTS
        self._root: Mapping[str, Any] | None = None

    def build(self, raw: Any, role: type[Component], path: Path, visible: frozenset[str]) -> Component | None:
        """The component written at `path` for a slot of `role`; None when it can't be built (the problem is kept)."""
        if not path and isinstance(raw, Mapping):
            self._root = raw
        return self._component(raw, (role,), path, visible)

    def place(self, located: Callable[[Problem], Problem]) -> None:
        """Tell the components of other packages where they are written, so that their errors can name it."""
        for component in self.foreign:
            component._written_at = located(Problem("", component.origin)).place

    def _component(
        self, raw: Any, roles: tuple[type[Component], ...], path: Path, visible: frozenset[str]
    ) -> Component | None:
        if not isinstance(raw, Mapping):
            self._report(path, f"expected {_names(roles)} here, but there is {describe(raw)}")
            return None
        cls = self._class_for(raw, roles, path)
        if cls is None:
            return None
        if issubclass(cls, CustomComponent):
            component: Component = self._custom(raw, cls, path, visible)
        elif issubclass(cls, Unsupported):
            component = cls.model_construct(parameters={}, written_type=str(raw.get("type", raw.get("class_name", ""))))
        else:
            built = self._build_fields(raw, cls, path, visible)
            if built is None:
                return None
            component = built
        component._origin = path
        if not cls.__module__.startswith("core."):
            self.foreign.append(component)
        return component

    def _class_for(
        self, raw: Mapping[str, Any], roles: tuple[type[Component], ...], path: Path
    ) -> type[Component] | None:
        possible = _possible(roles)
        written = raw.get("type")
        if written is None:
            if len(possible) == 1:
                return next(iter(possible.values()))
            hint = "one of " + ", ".join(possible)
            self._report(path, f"{_names(roles)} needs a `type`", hint=hint)
            return None
        if isinstance(written, str) and written in possible:
            return possible[written]
        if isinstance(written, str) and written in component_types():
            hint = "possible are: " + ", ".join(possible)
            self._report((*path, "type"), f"`{written}` can't be used here", hint=hint)
            return None
        custom = custom_types().get(written) if isinstance(written, str) else None
        if custom is not None and issubclass(custom, roles):
            self._report((*path, "type"), *self._about_custom(raw, written), severity=Severity.WARNING)
            return custom
        name = clipped(str(written))
        names = list(possible)
        guess = named_today(str(written), names) or closest(str(written), names)
        if not roles[0].is_role:
            hint = f"did you mean `{guess}`?" if guess else f"possible are: {', '.join(names)}"
            self._report((*path, "type"), f"there is no component of type `{name}` that could be used here", hint=hint)
            return None
        self._report(
            (*path, "type"),
            f"Longhaul doesn't run components of type `{name}`; it is kept, and a read that needs it will fail",
            hint=where_it_went(str(written)) or (f"did you mean `{guess}`?" if guess else None),
            severity=Severity.WARNING,
        )
        return _placeholder(roles[0])

    def _about_custom(self, raw: Mapping[str, Any], written: Any) -> tuple[str, str]:
        """The warning of a component that is Python code, and the hint."""
        code = clipped(str(raw.get("class_name", "")))
        return (
            f"`{written}` is Python code for Airbyte (`{code}`); it is kept, and a read runs it only if you allow that",
            HOW_TO_ALLOW,
        )

    def _custom(
        self, raw: Mapping[str, Any], cls: type[CustomComponent], path: Path, visible: frozenset[str]
    ) -> CustomComponent:
        """A component whose class alone knows its fields; built are those that Longhaul acts on itself."""
        parts: dict[str, Any] = {}
        for key, plan in field_plans(cls).items():
            if plan.roles and raw.get(key) is not None:
                parts[plan.name], _ = self._children(raw[key], plan, (*path, key), visible)
        component = cls.model_construct(
            parameters=dict(raw.get("$parameters") or {}),
            written_type=str(raw["type"]),
            class_name=str(raw.get("class_name", "")),
            definition=dict(raw),
            **parts,
        )
        component._root = self._root
        return component

    def _build_fields(
        self, raw: Mapping[str, Any], cls: type[Component], path: Path, visible: frozenset[str]
    ) -> Component | None:
        plans = field_plans(cls)
        visible |= cls.template_variables(raw)
        self._report_unknown(raw, cls, plans, path)
        values: dict[str, Any] = {}
        failed: set[str] = set()
        for key, plan in plans.items():
            if (written := raw.get(key)) is None:
                continue
            value = self._texts.of(written, plan, (*path, key))
            if plan.roles:
                value, complete = self._children(value, plan, (*path, key), _seen_in(plan.gives, visible))
                if not complete:
                    failed.add(key)
                    continue
            values[key] = value
        component = self._validate(cls, values, failed, path)
        if component is None:
            return None
        for key in values:
            plan = plans[key]
            if plan.holds_templates:
                self._check_templates(getattr(component, plan.name), (*path, key), _seen_in(plan.gives, visible))
        self.problems += [problem.below(*path) for problem in component.lint()]
        self.portability += [problem.below(*path) for problem in portability(raw, component, values)]
        return component

    def _children(self, value: Any, plan: FieldPlan, path: Path, visible: frozenset[str]) -> tuple[Any, bool]:
        if isinstance(value, list):
            pairs = [self._child(item, plan, (*path, index), visible) for index, item in enumerate(value)]
            return [child for child, _ in pairs], all(complete for _, complete in pairs)
        if isinstance(value, Mapping):
            if plan.among_templates:
                parts = {key: item for key, item in value.items() if isinstance(item, Mapping)}
                built, complete = self._child_map(parts, plan, path, visible)
                return {**value, **built}, complete
            if plan.is_map and "type" not in value:
                return self._child_map(value, plan, path, visible)
            child = self._component(value, plan.roles, path, visible)
            if child is None and plan.may_be_incomplete:
                child = plan.roles[0].substitute(value, path)
            return child, child is not None
        return value, True

    def _child(self, item: Any, plan: FieldPlan, path: Path, visible: frozenset[str]) -> tuple[Any, bool]:
        """An item of a list; what can't be built may have a substitute, so that it takes no other with it."""
        substitute = plan.roles[0].substitute(item, path)
        if substitute is None:
            return self._children(item, plan, path, visible)
        return self._component(item, plan.roles, path, visible) or substitute, True

    def _child_map(
        self, value: Mapping[str, Any], plan: FieldPlan, path: Path, visible: frozenset[str]
    ) -> tuple[dict[str, Component | None], bool]:
        built = {key: self._component(item, plan.roles, (*path, key), visible) for key, item in value.items()}
        return built, all(child is not None for child in built.values())

    def _validate(self, cls: type[Component], values: dict[str, Any], failed: set[str], path: Path) -> Component | None:
        try:
            component = cls.model_validate(values)
        except ValidationError as error:
            places: dict[Path, list[ErrorDetails]] = defaultdict(list)
            for detail in error.errors(include_url=False):
                if detail["loc"] and detail["loc"][0] not in failed:
                    places[field_location(detail, values)].append(detail)
            for location, details in places.items():
                self._report((*path, *location), sentences(details, cls.__name__))
            return None
        return None if failed else component

    def _report_unknown(
        self, raw: Mapping[str, Any], cls: type[Component], plans: Mapping[str, FieldPlan], path: Path
    ) -> None:
        injected = raw.get("$parameters") or {}
        for key in raw:
            if key in plans or key in COMMENTARY or key in injected or self.handed_down((*path, key)):
                continue
            self._hints -= 1
            guess = named_today(str(key), {*plans, "$parameters"})
            if guess is None and self._hints >= 0:
                guess = closest(str(key), list(plans))
            self._report(
                (*path, key),
                f"`{clipped(str(key))}` is not a field of {cls.__name__}",
                hint=where_it_went(str(key)) or (f"did you mean `{guess}`?" if guess else None),
                severity=Severity.WARNING,
                fields=(guess,) if guess else (),
            )

    def _check_templates(self, value: Any, path: Path, visible: frozenset[str]) -> None:
        for template, where in _templates(value, path):
            if self.uses is not None:
                self.uses.note(template, where)
            unknown = template.variables - visible - ALWAYS_VISIBLE
            for name in sorted(unknown):
                if name == "stream_state":
                    self._report(where, "`stream_state` can't be used in templates any more", "use `stream_interval`")
                    continue
                known = sorted(visible | ALWAYS_VISIBLE)
                guess = named_today(name, known) or closest(name, known)
                hint = (
                    f"did you mean `{guess}`?" if guess else f"known here: {', '.join(known)}{_as_text(template, name)}"
                )
                self._report(where, f"the template uses `{name}`, which doesn't exist here", hint)

    def _warn(self, path: Path, message: str, hint: str) -> None:
        self._report(path, message, hint, Severity.WARNING)

    def _note(self, path: Path, message: str, hint: str | None) -> None:
        self.portability.append(Problem(message, path, Severity.WARNING, hint))

    def _report(
        self,
        path: Path,
        message: str,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        fields: tuple[str, ...] = (),
    ) -> None:
        self.problems.append(Problem(message, path, severity, hint, fields=fields))


def _as_text(template: Template | Condition | TemplateMap, name: str) -> str:
    """How to write the braces around a name where they are text of another language, as the end of a hint."""
    pieces = (piece for text in _texts_in(template.source) for piece in _BRACES.findall(text))
    braces = next((piece for piece in pieces if re.search(rf"\b{re.escape(name)}\b", piece)), None)
    if braces is None:
        return ""
    return f"; if the braces are text for the API, write {{% raw %}}{shorten(braces, 80)}{{% endraw %}}"


def _texts_in(source: Any) -> Iterator[str]:
    if isinstance(source, str):
        yield source
    elif isinstance(source, Mapping):
        yield from (text for pair in source.items() for part in pair for text in _texts_in(part))
    elif isinstance(source, list):
        yield from (text for item in source for text in _texts_in(item))


def _templates(value: Any, path: Path) -> Iterator[tuple[Template | Condition | TemplateMap, Path]]:
    if isinstance(value, (Template, Condition, TemplateMap)):
        yield value, path
    elif isinstance(value, Component):
        return
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _templates(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _templates(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _templates(item, (*path, index))


def _seen_in(gives: Gives | None, visible: frozenset[str]) -> frozenset[str]:
    if gives is None:
        return visible
    return gives.names if gives.only else visible | gives.names


@cache
def _possible(roles: tuple[type[Component], ...]) -> Mapping[str, type[Component]]:
    """The component classes that may stand in a slot, by name."""
    return {cls.__name__: cls for role in roles for cls in choices(role)}


@cache
def _placeholder(role: type[Component]) -> type[Component]:
    class Placeholder(Unsupported, role, role=True):  # type: ignore[valid-type,misc]  # made for any role
        """Stands where a component is written that Longhaul does not run."""

    Placeholder.__abstractmethods__ = frozenset()
    return Placeholder


def _names(roles: tuple[type[Component], ...]) -> str:
    return " or ".join(f"a component ({role.__name__})" for role in roles)
