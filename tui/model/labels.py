"""Fields as the forms call them, also in sentences that speak of the keys of the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from core.connector.registry import component_types
from core.runtime.component import Component

_KEY = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)*)`")


def in_labels(text: str, keys: Iterable[object], *owners: type[Component]) -> str:
    """A sentence with labels in the place of the keys of these fields: the labels that `owners` give them first, then
    that of any component as long as all call the field the same.
    """
    for key in dict.fromkeys(keys):
        if isinstance(key, str) and (label := label_of(key, *owners)):
            text = text.replace(f"`{key}`", f"“{label}”")
    return text


def label_of(key: str, *owners: type[Component]) -> str:
    """What forms call a field; empty when none has it, or each another name for it."""
    for owner in owners:
        field = owner.model_fields.get(key)
        if field is not None and field.title:
            return field.title
    is_sure = "_" in key  # a single word may as well be a status, a name or a value
    return _labels().get(key, "") if is_sure else ""


def keys_in(text: str) -> list[str]:
    """The keys that a sentence of the engine speaks of, in their order."""
    return _KEY.findall(text)


@cache
def _labels() -> dict[str, str]:
    labels: dict[str, set[str]] = {}
    for component in component_types().values():
        for key, field in component.model_fields.items():
            if field.title:
                labels.setdefault(key, set()).add(field.title)
    return {key: titles.pop() for key, titles in labels.items() if len(titles) == 1}
