"""Places in a path that are filled from the records of another operation: `/orders/{id}` from those of `/orders`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.importing.openapi.document import ApiDocument, Operation, plain_path
from tui.importing.openapi.inputs import slug
from tui.importing.openapi.records import Answer
from tui.importing.openapi.requests import PLACE, singular, words_of_place
from tui.importing.openapi.schemas import Schemas, types_of

_KEY = re.compile(r"[\w@$.:-]+")
_IDENTIFYING = ("id", "uuid", "guid", "uid", "sid", "key", "slug", "name", "number", "code")
_MOST_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Places:
    """The templates for places of a path that come from parents, and the partition router that gives them."""

    templates: Mapping[str, str] = field(default_factory=dict)
    router: dict[str, Any] | None = None
    expressions: Mapping[str, str] = field(default_factory=dict)
    """The same as expressions, for those who have this as their parent."""


class Parents:
    """Finds parents in a document. `stream_of` makes the stream of a parent whose own places are known."""

    def __init__(
        self,
        document: ApiDocument,
        schemas: Schemas,
        answer_of: Callable[[Operation], Answer],
        stream_of: Callable[[Operation, Places], dict[str, Any]],
    ) -> None:
        self._document = document
        self._schemas = schemas
        self._answer_of = answer_of
        self._stream_of = stream_of

    def places_of(self, operation: Operation, level: int = 0) -> Places:
        """The places of an operation that are filled from a parent: the last one that has one, and those above it."""
        if level >= _MOST_LEVELS:
            return Places()
        for name in reversed(PLACE.findall(operation.path)):
            parent = self._parent(operation, name)
            key = self._key_in(parent, operation, name) if parent is not None else None
            if parent is None or key is None:
                continue
            above = self.places_of(parent, level + 1)
            partition = slug(name)
            expressions = {one: f"['parent_slice']{way}" for one, way in above.expressions.items()}
            expressions[name] = f"[{partition!r}]"
            config = {
                "type": "ParentStreamConfig",
                "stream": self._stream_of(parent, above),
                "parent_key": key,
                "partition_field": partition,
            }
            router = {"type": "SubstreamPartitionRouter", "parent_stream_configs": [config]}
            templates = {one: f"{{{{ stream_partition{way} }}}}" for one, way in expressions.items()}
            return Places(templates, router, expressions)
        return Places()

    def _parent(self, operation: Operation, name: str) -> Operation | None:
        """The operation that lists what a place in the path is one of."""
        before = operation.path[: operation.path.index(f"{{{name}}}")]
        if not before.endswith("/"):
            return None
        path = plain_path(before)
        known = self._document.reading
        found = known.get(path) or known.get(f"{path}.json")
        if found is None or not self._answer_of(found).records.is_list:
            return None
        names = {slug(name), f"{slug(name)}s", "id", "ids"}
        asks_for_it = any(one.where == "query" and one.required and slug(one.name) in names for one in found.parameters)
        return None if asks_for_it else found

    def _key_in(self, parent: Operation, operation: Operation, name: str) -> str | None:
        """The field of the records of a parent that fills a place."""
        record = self._schemas.merged(self._answer_of(parent).records.schema)
        properties = self._schemas.properties(record)
        plain = {
            re.sub(r"[^a-z0-9]", "", one.lower()): one
            for one, schema in properties.items()
            if _KEY.fullmatch(one) and not {"object", "array"} & set(types_of(schema))
        }
        place = re.sub(r"[^a-z0-9]", "", name.lower())
        one = re.sub(r"[^a-z0-9]", "", singular(words_of_place(operation, name)).lower())
        ending = next((word for word in _IDENTIFYING if place.endswith(word)), None)
        wanted = [place, place.removeprefix(one) if place.startswith(one) else "", ending or ""]
        if place == one or place in ("", *_IDENTIFYING[:4]):
            wanted += [f"{one}{word}" for word in _IDENTIFYING[:4]] + list(_IDENTIFYING[:4])
        elif ending is not None:
            wanted += [f"{one}{ending}"]
        return next((plain[word] for word in wanted if word in plain), None)
