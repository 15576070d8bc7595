"""The inputs that a document leads to, and texts of the document in templates: these stay what they are."""

from __future__ import annotations

import re
from typing import Any

from tui.importing.drafts import InputDraft
from tui.importing.input_drafts import InputCollector
from tui.importing.openapi.document import text_of
from tui.importing.secret_names import is_example, is_secret_name
from tui.model.config_references import inputs_in

_OPENING = re.compile(r"\{(?=[{%#]|$)")
_GENERIC = frozenset(
    {"id", "ids", "key", "name", "slug", "uuid", "guid", "code", "number", "type", "status", "value", "uid"}
)
_MOST_OPTIONS = 200


class StreamInputs:
    """The inputs of one stream; the collector is that of all streams of the document."""

    def __init__(self, collector: InputCollector) -> None:
        self._collector = collector
        self._keys: dict[str, None] = {}

    @property
    def drafts(self) -> tuple[InputDraft, ...]:
        return tuple(one for one in self._collector.inputs if one.key in self._keys)

    def add(self, name: str, *, of: str = "", secret: bool = False, **facts: Any) -> str:
        """The template for an input. One whose name says little gets what it is `of` before it."""
        key = slug(name)
        if key in _GENERIC and of:
            key = f"{slug(of)}_{key}"
        facts.setdefault("title", text_of(name, 60))
        if is_secret_name(name):  # what a document tells of its value is an example, never a part of the manifest
            told = facts.get("default") or next(iter(facts.get("options", ())), None)
            facts |= {"value": told, "default": None, "options": (), "required": True}
        template = self._collector.add(InputDraft(key, secret=secret or is_secret_name(name), **facts))
        self._keys.update(dict.fromkeys(inputs_in(template)))
        return template

    def for_schema(self, name: str, schema: Any, hint: str = "", *, of: str = "") -> str:
        """The template for an input whose values a merged schema describes."""
        options, default = options_of(schema), scalar(schema.get("default"))
        if is_example(default) or (options and default not in options):
            default = ""
        example = scalar(schema.get("example"))
        hint = hint or (f"Such as {example}" if example and not is_secret_name(name) else "")
        return self.add(name, of=of, hint=hint, options=options, default=default or None, required=not default)


def literal(text: str) -> str:
    """A text as part of a template: nothing in it is taken for one."""
    return _OPENING.sub("{{ '{' }}", text)


def slug(name: str) -> str:
    """A name as the key of an input: `shopId` is `shop_id`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    key = re.sub(r"[^a-z0-9]+", "_", parted).strip("_")[:80] or "value"
    return f"value_{key}" if key[0].isdigit() else key


def scalar(value: Any) -> str:
    """A value of the document as a text; empty for what is no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def options_of(schema: Any) -> tuple[str, ...]:
    """The values that a merged schema allows, when they are few."""
    values = schema.get("enum")
    if "const" in schema:
        values = [schema["const"]]
    found = tuple(dict.fromkeys(filter(None, map(scalar, values if isinstance(values, list) else ()))))
    return found if len(found) <= _MOST_OPTIONS else ()


def told_value(schema: Any) -> str:
    """The value that a merged schema names for when nothing is chosen: its default, or the only one; empty if none."""
    options, default = options_of(schema), scalar(schema.get("default"))
    if default and not is_example(default) and (not options or default in options):
        return default
    return options[0] if len(options) == 1 else ""
