"""The inputs of a connector: reads and edits the properties of its connection specification."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from math import isinf
from typing import Any

from core.inputs.specification import properties
from core.manifest.problems import Path
from tui.model.config_references import renamed, uses
from tui.model.editor import Change, ChangeKind, ManifestEditor
from tui.model.input_values import TrialValues, ValueSnapshot

SCHEMA: Path = ("spec", "connection_specification")
PROPERTIES: Path = (*SCHEMA, "properties")
REQUIRED: Path = (*SCHEMA, "required")
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DATE_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"


class InputType(StrEnum):
    """The types of inputs that have an editor."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    ARRAY = "array"
    BOOLEAN = "boolean"
    ENUM = "enum"
    DATE = "date"
    DATE_TIME = "date-time"
    OTHER = "other"
    """An object, or one of several forms: edited as YAML."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input: `title` and `hint` are for the user who gives it, `options` the allowed values of an enum."""

    key: str
    title: str = ""
    hint: str = ""
    type: InputType = InputType.STRING
    required: bool = True
    secret: bool = False
    multiline: bool = False
    hidden: bool = False
    default: Any = None
    options: tuple[str, ...] = ()
    pattern: str | None = None


class Inputs:
    """The inputs of the manifest in an editor, in the order in which they are shown."""

    def __init__(self, editor: ManifestEditor, values: TrialValues) -> None:
        self._editor = editor
        self._values = values

    def all(self) -> tuple[Input, ...]:
        known = self._properties()
        required = self._required()
        places = {key: place for place, key in enumerate(known)}
        ordered = sorted(known, key=lambda key: (_order(known[key]), places[key]))
        return tuple(_read(key, known[key], required=key in required) for key in ordered)

    def get(self, key: str) -> Input | None:
        return next((one for one in self.all() if one.key == key), None)

    def add(self, new: Input, value: Any = None, *, schema: Mapping[str, Any] | None = None) -> None:
        """Add an input after the others, with its test value if there is one already.

        `schema` says more than the attributes of an input do. Raises ValueError when there is one of this key, or the
        key is empty.
        """
        self._check_key(new.key)
        schema = schema or {}
        with self._editor.group((*PROPERTIES, new.key)):
            orders = [_order(one) for one in self._properties().values()]
            last = max(orders, default=-1)
            self._write(new, schema if isinf(last) else {**schema, "order": int(last) + 1})
            if value is not None:
                self._change_values((new.key,), lambda: self._values.set(new.key, value, secret=new.secret))
        if value is not None:
            self._editor.notify(Change(ChangeKind.INPUTS))

    def add_described(self, key: str, schema: Mapping[str, Any], *, required: bool) -> None:
        """Add an input that a JSON Schema describes. Raises ValueError as `add` does."""
        described = {name: deepcopy(value) for name, value in schema.items() if name != "order"}
        self.add(_read(key, described, required=required), schema=described)

    def update(self, changed: Input) -> None:
        """Give the input of the same key other attributes; what is unknown to the builder stays as it is."""
        present = self.get(changed.key)
        with self._editor.group((*PROPERTIES, changed.key)):
            self._write(changed, self._properties().get(changed.key, {}))
            if present is not None:
                self._change_values((changed.key,), lambda: self._fit_value(present, changed))

    def rename(self, key: str, new: str) -> int:
        """Rename an input, and every use of it; the number of texts that were changed.

        Raises ValueError when the name is taken or empty.
        """
        if key == new:
            return 0
        self._check_key(new)
        editor = self._editor
        with editor.group((*PROPERTIES, new)):
            editor.rename_raw(editor.slot((*PROPERTIES, key)), new)
            if key in self._required():
                names = [new if name == key else name for name in self._required()]
                editor.write(editor.document.through_refs(REQUIRED), names)
            changed = list(renamed(editor.document.root, key, new))
            for path, text in changed:
                editor.rewrite(path, text)
            self._change_values((key, new), lambda: self._values.rename(key, new))
        return len(changed)

    def move(self, key: str, index: int) -> None:
        """Show an input at place `index`."""
        order = [one.key for one in self.all() if one.key != key]
        order.insert(index, key)
        with self._editor.group((*PROPERTIES, key)):
            for place, name in enumerate(order):
                self._editor.write(self._editor.document.through_refs((*PROPERTIES, name, "order")), place)

    def delete(self, key: str) -> None:
        """Remove an input; uses of it stay (see `uses`)."""
        editor = self._editor
        with editor.group((*PROPERTIES, key)):
            editor.erase(editor.slot((*PROPERTIES, key)))
            if key in self._required():
                names = [name for name in self._required() if name != key]
                editor.write(editor.document.through_refs(REQUIRED), names)

    def uses(self, key: str) -> tuple[Path, ...]:
        """The raw paths of the texts that use an input."""
        return tuple(uses(self._editor.document.root, key))

    def key_for(self, title: str) -> str:
        """A key made from a title, not used yet: "API key" gives `api_key`."""
        slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "input"
        known = self._properties()
        numbered = (slug if number == 1 else f"{slug}_{number}" for number in range(1, len(known) + 2))
        return next(key for key in numbered if key not in known)

    def missing(self) -> tuple[Input, ...]:
        """The required inputs that have neither a test value nor a default."""
        return tuple(
            one for one in self.all() if one.required and one.default is None and not self._values.has(one.key)
        )

    def set_value(self, key: str, value: Any) -> None:
        """Give an input a test value; None removes it. It can be undone as edits of the manifest can."""
        known = self.get(key)
        with self._editor.group((*PROPERTIES, key), merges=("value", key)):
            is_secret = known.secret if known else False
            self._change_values((key,), lambda: self._values.set(key, value, secret=is_secret))
        self._editor.notify(Change(ChangeKind.INPUTS))

    def renew_value(self, key: str, value: Any) -> None:
        """Store a value that an API gave. It is no edit of the user, so there is nothing to undo."""
        known = self.get(key)
        self._values.set(key, value, secret=known.secret if known else False)
        self._editor.notify(Change(ChangeKind.INPUTS))

    def _change_values(self, keys: Sequence[str], change: Callable[[], object]) -> None:
        """Change test values as a part of the open group."""
        before = {key: self._values.snapshot(key) for key in keys}
        change()
        after = {key: self._values.snapshot(key) for key in keys}
        if before != after:
            self._editor.record_side_change(lambda: self._restore(before), lambda: self._restore(after))

    def _restore(self, values: Mapping[str, ValueSnapshot]) -> None:
        for key, kept in values.items():
            self._values.restore(key, kept)

    def _fit_value(self, present: Input, changed: Input) -> None:
        """Adapt the test value to the type and the secrecy of the changed input."""
        if present.type is not changed.type:
            self._values.remove(changed.key)
        elif present.secret is not changed.secret and self._values.has(changed.key):
            value = self._values.secret(changed.key) if present.secret else self._values.get(changed.key)
            self._values.set(changed.key, value, secret=changed.secret)

    def _properties(self) -> Mapping[str, Any]:
        found = self._editor.value(PROPERTIES)
        return found if isinstance(found, Mapping) else {}

    def _required(self) -> list[str]:
        found = self._editor.value(REQUIRED)
        return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []

    def _check_key(self, key: str) -> None:
        if not key.strip():
            raise ValueError("An input needs a key.")
        if key in self._properties():
            raise ValueError(f"There is already an input `{key}`.")

    def _write(self, one: Input, present: Mapping[str, Any]) -> None:
        editor = self._editor
        schema = editor.value(SCHEMA)
        schema = schema if isinstance(schema, Mapping) else {}
        if not isinstance(schema.get("properties"), Mapping):
            editor.set(SCHEMA, {"type": "object", **schema, "required": [], "properties": {}})
        editor.set((*PROPERTIES, one.key), _described(one, present))
        required = [name for name in self._required() if name != one.key]
        wanted = [*required, one.key] if one.required else required
        if set(wanted) != set(self._required()):
            editor.set(REQUIRED, wanted)


def _has_forms(schema: Mapping[str, Any]) -> bool:
    """Whether a property is made of several forms, or an object with properties of its own."""
    return any(key in schema for key in ("oneOf", "anyOf", "allOf")) or bool(properties(schema))


def _order(schema: Any) -> float:
    order = schema.get("order") if isinstance(schema, Mapping) else None
    return order if isinstance(order, int | float) and not isinstance(order, bool) else float("inf")


def _read(key: str, schema: Any, *, required: bool) -> Input:
    schema = schema if isinstance(schema, Mapping) else {}
    options = schema.get("enum")
    return Input(
        key=key,
        title=str(schema.get("title") or ""),
        hint=str(schema.get("description") or ""),
        type=_type(schema),
        required=required,
        secret=bool(schema.get("airbyte_secret")),
        multiline=bool(schema.get("multiline")),
        hidden=bool(schema.get("airbyte_hidden")),
        default=deepcopy(schema.get("default")),
        options=tuple(map(str, options)) if isinstance(options, list) else (),
        pattern=schema.get("pattern"),
    )


def _type(schema: Mapping[str, Any]) -> InputType:
    written = schema.get("type")
    kinds = [str(kind) for kind in (written if isinstance(written, list) else [written]) if kind != "null"]
    if _has_forms(schema) or len(kinds) != 1 or kinds[0] not in set(InputType):
        return InputType.OTHER
    if kinds == ["string"]:
        if isinstance(schema.get("enum"), list):
            return InputType.ENUM
        return {"date": InputType.DATE, "date-time": InputType.DATE_TIME}.get(
            str(schema.get("format")), InputType.STRING
        )
    return InputType(kinds[0])


def _described(one: Input, present: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an input; what the present one says beyond the attributes of an input stays."""
    dated = one.type in (InputType.DATE, InputType.DATE_TIME)
    texts = (InputType.STRING, InputType.ENUM)
    wanted: dict[str, Any] = {
        "type": "string" if dated or one.type in texts else one.type.value,
        "title": one.title or None,
        "description": one.hint or None,
        "enum": list(one.options) if one.type is InputType.ENUM else None,
        "format": one.type.value if dated else None,
        "pattern": one.pattern,
        "items": present.get("items") or {"type": "string"} if one.type is InputType.ARRAY else None,
        "airbyte_secret": one.secret or None,
        "multiline": one.multiline or None,
        "airbyte_hidden": one.hidden or None,
        "default": one.default,
    }
    if dated and one.pattern is None:
        wanted["pattern"] = _DATE if one.type is InputType.DATE else _DATE_TIME
    if one.type is InputType.OTHER:
        wanted = {key: wanted[key] for key in ("title", "description", "airbyte_hidden")}
    merged = {**present, **wanted}
    ordered = {key: value for key, value in merged.items() if value is not None and key != "order"}
    return {**ordered, "order": present["order"]} if "order" in present else ordered
