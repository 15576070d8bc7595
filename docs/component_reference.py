"""Writes the pages of `docs/reference` from the component classes and the examples beside them.

    python docs/component_reference.py

An example is a part of a manifest, `docs/reference/examples/NAME.yaml`: keys of the top of a manifest, and keys of its
one stream. `as_manifest` puts it into the simplest manifest there is. `NAME.py` beside it has the code of a custom
component.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from core.components.custom.base import CustomComponent
from core.components.source import DeclarativeSource
from core.connector.registry import choices, component_types, custom_types
from core.manifest.emit import Style, block
from core.runtime.component import Component, FieldPlan, Unsupported, component_classes, field_plans, union_members
from core.templates import Condition, Template, TemplateMap

FOLDER = Path(__file__).parent / "reference"
EXAMPLES = FOLDER / "examples"
INDEX = "README.md"
DIFFERENCES = FOLDER.parent / "differences.md"
INPUTS = ("api_url", "account", "user", "password", "token", "start_date", "auth", "kind", "plan")
"""What the examples ask of people."""
SMALLEST = "The smallest manifest"
"""The title of what the examples are parts of."""
_ABOUT_SMALLEST = (
    "The examples are the parts of a manifest that they are about. This one is complete: what an example says goes "
    "into its place here, over what is there, and the inputs that it asks for become properties of the `spec`."
)

_INNER = ("$parameters", "parameters", "written_type", "definition")
"""Fields that are no one's to write."""
_KINDS: Mapping[Any, str] = {
    str: "text",
    Template: "text, may be a template",
    Condition: "a template that is true or false",
    bool: "`true` or `false`",
    int: "a whole number",
    float: "a number",
    Any: "any value",
    type(None): "",
}


def minimal_manifest(asked: Sequence[str] = INPUTS) -> dict[str, Any]:
    """A manifest with one stream, `items`, which reads a list of records, and with these inputs."""
    requester = {"type": "HttpRequester", "url": "{{ config['api_url'] }}/items", "http_method": "GET"}
    extractor = {"type": "DpathExtractor", "field_path": ["items"]}
    selector = {"type": "RecordSelector", "extractor": extractor}
    stream = {
        "type": "DeclarativeStream",
        "name": "items",
        "primary_key": "id",
        "retriever": {"type": "SimpleRetriever", "requester": requester, "record_selector": selector},
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
    }
    inputs = {"type": "object", "required": ["api_url"], "properties": {name: {"type": "string"} for name in asked}}
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": inputs},
    }


def example_names() -> list[str]:
    """The examples there are."""
    return sorted(path.stem for path in EXAMPLES.glob("*.yaml"))


@cache
def example_text(name: str) -> str:
    """An example as it is written."""
    return (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def example_code(name: str) -> str:
    """The Python code that an example needs; empty for most."""
    path = EXAMPLES / f"{name}.py"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def as_manifest(name: str) -> dict[str, Any]:
    """The manifest that an example makes of the simplest one."""
    manifest = minimal_manifest()
    for key, value in yaml.safe_load(example_text(name)).items():
        holder = manifest if _is_at_top(key) else manifest["streams"][0]
        holder[key] = _merged(holder.get(key), value)
    return manifest


def _merged(old: Any, new: Any) -> Any:
    """What is written over what is there; a component of another type takes its whole place."""
    if not isinstance(old, dict) or not isinstance(new, dict) or new.get("type", old.get("type")) != old.get("type"):
        return new
    return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}


@cache
def types_in_examples() -> Mapping[str, tuple[str, ...]]:
    """The examples in which a component type is written, those that are named like it first, then the short ones."""
    found = defaultdict(set)
    for name in example_names():
        for kind in _types_in(yaml.safe_load(example_text(name))):
            found[kind].add(name)
    return {
        kind: tuple(sorted(names, key=lambda name: (name != kind, len(example_text(name)), name)))
        for kind, names in found.items()
    }


def _types_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value["type"]
        for item in value.values():
            yield from _types_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _types_in(item)


def documented() -> list[type[Component]]:
    """The component types of this project, by name; other packages have pages of their own."""
    known = {**component_types(), **custom_types()}
    return [cls for _, cls in sorted(known.items()) if cls.__module__.startswith("core.components.")]


def role_of(cls: type[Component]) -> str:
    """The role that a component fills, in words; of a part that fills none, that it is one."""
    if issubclass(cls, CustomComponent):
        return "Custom components"
    roles = [base for base in cls.__mro__[1:] if issubclass(base, Component) and base.is_role]
    outer = [base for base in roles if base not in (Component, Unsupported) and len(choices(base)) > 1]
    if not outer:
        return "Parts of others"
    return _in_words(outer[-1].__name__.removesuffix("Role"))


def _in_words(name: str) -> str:
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return spaced[:1].upper() + spaced[1:]


@cache
def visible_variables() -> Mapping[type[Component], frozenset[str]]:
    """The template variables that can be visible where a component stands, wherever that is."""
    seen: dict[type[Component], frozenset[str]] = {}
    open_: list[tuple[type[Component], frozenset[str]]] = [(DeclarativeSource, frozenset())]
    while open_:
        cls, names = open_.pop()
        if cls in seen and names <= seen[cls]:
            continue
        names = seen[cls] = names | seen.get(cls, frozenset())
        for plan in field_plans(cls).values():
            below = _seen_at(plan, names)
            open_ += [(child, below) for role in plan.roles for child in choices(role)]
    return seen


def _seen_at(plan: FieldPlan, names: frozenset[str]) -> frozenset[str]:
    if plan.gives is None:
        return names
    return plan.gives.names if plan.gives.only else names | plan.gives.names


def pages() -> dict[str, str]:
    """All pages by the names of their files."""
    found = {f"{cls.__name__}.md": component_page(cls) for cls in documented()}
    return {INDEX: index_page(), **found}


def index_page() -> str:
    """The list of all components by what they do."""
    by_role = defaultdict(list)
    for cls in documented():
        by_role[role_of(cls)].append(cls)
    parts = [
        "# Components of a manifest",
        "A manifest is a [DeclarativeSource](DeclarativeSource.md) with streams; each slot in it takes a component of "
        "a role. These pages are written from the component classes by `docs/component_reference.py`, and each example "
        "is run by a test. `longhaul --schema` has the same for editors, and `?` in the builder explains a field.",
    ]
    for role in sorted(by_role, key=lambda role: (role == "Parts of others", role)):
        rows = "\n".join(
            f"- [{cls.__name__}]({cls.__name__}.md){'' if cls.portable else ' (not in Airbyte)'}: {_summary(cls)}"
            for cls in by_role[role]
        )
        parts.append(f"## {role}\n\n{rows}")
    parts.append(f"## {SMALLEST}\n\n{_ABOUT_SMALLEST}\n\n```yaml\n{smallest_text()}```")
    return "\n\n".join(parts) + "\n"


def smallest_text() -> str:
    """The simplest manifest as a person writes it."""
    return "\n".join(block(minimal_manifest(["api_url"]), 0, Style())) + "\n"


def component_page(cls: type[Component]) -> str:
    """The page of one component."""
    name = cls.__name__
    title = f"# {name}" + (f": {cls.label}" if cls.label else "")
    parts = [title, _doc(cls), f"Role: [{role_of(cls).lower()}]({INDEX}#{_anchor(role_of(cls))})."]
    fields = [_field(cls, key, plan) for key, plan in field_plans(cls).items() if key not in _INNER]
    if issubclass(cls, CustomComponent):
        fields.append("- What else the class takes, by its name.")
    parts.append("## Fields\n\n" + ("\n".join(fields) if fields else "None but its `type`."))
    if any(plan.holds_templates for plan in field_plans(cls).values()):
        names = [*sorted(visible_variables().get(cls, frozenset())), "config", "parameters"]
        depending = ", as far as they are there where it stands" if len(names) > 2 else ""
        parts.append(f"Its templates can see {_listed(names)}{depending}.")
    own = [one for one in types_in_examples().get(name, ()) if one == name or name not in example_names()][:1]
    for example in own:
        said = "" if example == name else f" It is the one of [{example}]({example}.md)."
        parts.append(f"## Example\n\n{_where(example)}{said}\n\n```yaml\n{example_text(example)}```")
        if code := example_code(example):
            parts.append(f"`components.py` beside the manifest:\n\n```python\n{code}```")
    parts.append("## In Airbyte\n\n" + _in_airbyte(cls))
    return "\n\n".join(parts) + "\n"


def _where(example: str) -> str:
    """Where in a manifest the parts of an example belong."""
    keys = list(yaml.safe_load(example_text(example)))
    if {"version", "check", "streams"} <= set(keys):
        return "A complete manifest."
    at_top, in_stream = ([key for key in keys if _is_at_top(key) == wanted] for wanted in (True, False))
    places = [f"{_listed(at_top)} at the top"] * bool(at_top) + [f"{_listed(in_stream)} in a stream"] * bool(in_stream)
    smallest = f"[smallest one]({INDEX}#{_anchor(SMALLEST)})"
    return f"A part of a manifest: {', '.join(places)}. What it leaves out is in the {smallest}."


def _is_at_top(key: str) -> bool:
    return key in field_plans(DeclarativeSource) and key != "$parameters"


def _field(cls: type[Component], key: str, plan: FieldPlan) -> str:
    info = cls.model_fields[plan.name]
    said = [_kind(info.annotation), "required" if plan.required else _default(info.default)]
    lines = [f"- **`{key}`**: {'; '.join(filter(None, said))}.", *filter(None, (info.description,))]
    if plan.gives is not None and plan.gives.names:
        lines.append(
            f"Templates in it{' and below' if plan.roles else ''} also see {_listed(sorted(plan.gives.names))}."
        )
    if plan.shown.secret:
        lines.append("A secret: it is masked wherever it would show.")
    if plan.shown.ours and cls.portable:
        lines.append("Airbyte doesn't know this field and ignores it.")
    return " ".join(lines)


def _kind(annotation: Any) -> str:
    """What a field takes, in words."""
    members = [member for member in union_members(annotation) if member is not type(None)]
    if len(members) > 1:
        return " or ".join(dict.fromkeys(filter(None, map(_kind, members))))
    (only,) = members
    if hasattr(only, "__metadata__"):
        return _kind(get_args(only)[0])
    origin = get_origin(only)
    if origin is Literal:
        return ", ".join(
            f"`{json.dumps(value)[1:-1] if isinstance(value, str) else value}`" for value in get_args(only)
        )
    if origin in (list, tuple):
        return f"a list of: {_kind(get_args(only)[0])}"
    if isinstance(origin, type) and issubclass(origin, TemplateMap):
        return "a mapping, may hold templates" + _of_components(only)
    if origin is not None:
        return "a mapping" + _of_components(only)
    if isinstance(only, type) and issubclass(only, Component):
        return _component(only)
    if isinstance(only, type) and issubclass(only, TemplateMap):
        return "a mapping, may hold templates"
    if isinstance(only, type) and issubclass(only, BaseModel):
        return f"a mapping with {_listed(list(field_plans(only)))}"
    return _KINDS.get(only, "a mapping" if only is dict else "text")


def _of_components(annotation: Any) -> str:
    kinds = " or ".join(dict.fromkeys(_component(cls) for cls in component_classes(annotation)))
    return f" with {kinds}" if kinds else ""


def _component(cls: type[Component]) -> str:
    found = choices(cls)
    if not found:
        return f"a component ({_in_words(cls.__name__).lower()})"
    if len(found) == 1 or not cls.is_role:
        return f"[{found[0].__name__}]({found[0].__name__}.md)"
    return f"a component: [{role_of(found[0]).lower()}]({INDEX}#{_anchor(role_of(found[0]))})"


def _default(value: Any) -> str:
    if value is PydanticUndefined or value is None or value in ("", [], {}):
        return ""
    source = getattr(value, "source", value)
    if isinstance(source, Component):
        return f"by default {type(source).__name__}"
    plain = to_jsonable_python(source, fallback=str)
    return f"by default `{plain if isinstance(plain, str) else json.dumps(plain)}`"


def _in_airbyte(cls: type[Component]) -> str:
    if issubclass(cls, CustomComponent):
        return "The same, there as here: [who allows the code, how it runs, and its limits](../custom-components.md)."
    if not cls.portable:
        return "Airbyte has no components of this type. A manifest with one is not portable, and `--validate` says so."
    ours = [key for key, plan in field_plans(cls).items() if plan.shown.ours]
    more = [
        f"In `{key}`, Airbyte takes no {', '.join(plan.not_in_airbyte)}."
        for key, plan in field_plans(cls).items()
        if plan.not_in_airbyte
    ]
    said = f"Fields that Airbyte doesn't know: {_listed(ours)}." if ours else "Airbyte knows it, and all of its fields."
    link = f" What is done otherwise on purpose: [differences](../{DIFFERENCES.name})." if DIFFERENCES.exists() else ""
    return " ".join([said, *more]) + link


def _doc(cls: type[Component]) -> str:
    lines = (cls.__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def _summary(cls: type[Component]) -> str:
    return " ".join(_doc(cls).partition("\n\n")[0].split())


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def write() -> None:
    """Write all pages, and take away those of components that are gone."""
    found = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in found:
            path.unlink()
    for name, text in found.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
