"""OpenAPI 3.0, 3.1 and Swagger 2 documents: operations and what belongs to them, with local references followed.

References to other files or to the net are never loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_METHODS = ("get", "post", "put", "patch", "delete")
_MOST_REFERENCES = 32
_SCHEMA_KEYS = ("type", "format", "default", "enum", "minimum", "maximum", "items")


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path. `parameters` are those of the path and its own, by place and name."""

    method: str
    path: str
    body: Mapping[str, Any]
    parameters: tuple[dict[str, Any], ...]
    servers: tuple[dict[str, Any], ...]

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class ApiDocument:
    """A document as it was read."""

    tree: Mapping[str, Any]
    outside: set[str] = field(default_factory=set)
    """References that lead out of the document."""

    @property
    def is_swagger(self) -> bool:
        return "swagger" in self.tree

    @property
    def title(self) -> str:
        return str(mapping(self.tree.get("info")).get("title") or "").strip()[:80]

    def resolve(self, value: Any) -> dict[str, Any]:
        """A mapping with its reference followed; empty where the reference leads nowhere."""
        for _ in range(_MOST_REFERENCES):
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self._at(reference)
        return {}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#"):
            self.outside.add(reference[:120])
            return {}
        found: Any = self.tree
        for part in reference.lstrip("#").split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict):
                found = found.get(key)
            else:
                return {}
        return found

    def operations(self) -> Iterator[Operation]:
        """All operations, in the order of the document."""
        for path, written in mapping(self.tree.get("paths")).items():
            item = self.resolve(written)
            if not isinstance(path, str) or not path.startswith("/"):
                continue
            for method in _METHODS:
                body = item.get(method)
                if isinstance(body, dict):
                    servers = body.get("servers") or item.get("servers") or self._servers()
                    parameters = self._parameters(item.get("parameters"), body.get("parameters"))
                    yield Operation(method.upper(), path, body, parameters, tuple(mappings(servers)))

    def _parameters(self, *lists: Any) -> tuple[dict[str, Any], ...]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for one in lists:
            for parameter in one if isinstance(one, list) else ():
                resolved = self.resolve(parameter)
                name, where = resolved.get("name"), resolved.get("in")
                if isinstance(name, str) and isinstance(where, str):
                    found[where, name] = {**resolved, "schema": self._schema_of(resolved)}
        return tuple(found.values())

    def _schema_of(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        if self.is_swagger:
            return {key: parameter[key] for key in _SCHEMA_KEYS if key in parameter}
        return self.resolve(parameter.get("schema"))

    def _servers(self) -> list[dict[str, Any]]:
        if not self.is_swagger:
            return mappings(self.tree.get("servers"))
        host, base = self.tree.get("host"), str(self.tree.get("basePath") or "").rstrip("/")
        schemes = self.tree.get("schemes")
        scheme = "http" if isinstance(schemes, list) and schemes and "https" not in schemes else "https"
        return [{"url": f"{scheme}://{host}{base}" if isinstance(host, str) and host else base}]

    def response(self, operation: Operation) -> dict[str, Any]:
        """The answer of an operation that went well."""
        responses = mapping(operation.body.get("responses"))
        for code in ("200", 200, "201", 201, "206", 206, "2XX", "2xx", "default"):
            if code in responses:
                return self.resolve(responses[code])
        return {}

    def response_schema(self, operation: Operation) -> dict[str, Any]:
        """The schema of the answer's JSON; empty where none is told."""
        response = self.response(operation)
        if self.is_swagger:
            return mapping(response.get("schema"))
        for media, content in mapping(response.get("content")).items():
            if "json" in str(media) or media == "*/*":
                return mapping(self.resolve(content).get("schema"))
        return {}

    def security_schemes(self) -> dict[str, Any]:
        if self.is_swagger:
            return mapping(self.tree.get("securityDefinitions"))
        return mapping(mapping(self.tree.get("components")).get("securitySchemes"))

    def security(self, operation: Operation) -> list[dict[str, Any]]:
        """The alternatives of signing in: those of the operation, else those of the document."""
        return mappings(operation.body.get("security", self.tree.get("security")))


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
