"""An OpenAPI document: its operations and what belongs to them, with local references followed.

References to other files or to the net are never loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from core.wording import one_line

_METHODS = ("get", "post")
_WENT_WELL = ("200", "201", "202", "203", "206", "2XX", "default")
_MOST_REFERENCES = 32
_SCHEMA_KEYS = ("type", "format", "default", "enum", "minimum", "maximum", "items", "x-nullable")
_TEXT_SHOWN = 200
LONGEST_NAME = 300
"""Of parameters and properties; longer ones are left out."""
_MARKUP = re.compile(
    r"</?(?:p|br|a|b|i|em|strong|code|pre|ul|ol|li|div|span|h\d|table|tr|td|th)\b[^<>]{0,500}>|^ {0,3}#{1,6} ",
    re.I | re.M,
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation. `where` is path, query, header, cookie, formData or body."""

    name: str
    where: str
    schema: Mapping[str, Any]
    required: bool
    deprecated: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """A method of a path. `parameters` are those of the path and its own; a `path` has its places in braces."""

    method: str
    path: str
    body: Mapping[str, Any]
    parameters: tuple[Parameter, ...]
    servers: tuple[dict[str, Any], ...]

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def summary(self) -> str:
        return text_of(self.body.get("summary") or self.body.get("description") or self.body.get("operationId"))

    @cached_property
    def steps(self) -> list[str]:
        """The steps of the path."""
        return [step for step in self.path.split("/") if step]

    @property
    def is_one(self) -> bool:
        """Whether the path leads to one thing, named by its last step."""
        return plain_path(self.path).endswith("}")

    @property
    def words(self) -> str:
        """The path and the name of the operation, to look for words in."""
        return f"{self.path} {self.body.get('operationId') or ''}"


@dataclass(frozen=True)
class ApiDocument:
    """A document as it was read. `outside` are the references that were met and lead out of it."""

    tree: Mapping[str, Any]
    outside: set[str] = field(default_factory=set)

    @property
    def is_swagger(self) -> bool:
        return "swagger" in self.tree

    @property
    def title(self) -> str:
        return text_of(mapping(self.tree.get("info")).get("title"), 80)

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
        if not reference.startswith("#/"):
            self.outside.add(text_of(reference, 120))
            return {}
        found: Any = self.tree
        for part in reference[2:].split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict):
                found = found[key] if key in found else found.get(int(key)) if key.isdecimal() else None
            else:
                return {}
        return found

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations that may read, in the order of the document."""
        return tuple(self._operations())

    @cached_property
    def reading(self) -> dict[str, Operation]:
        """The GET operations by their paths, written in one way (see `plain_path`)."""
        return {plain_path(one.path): one for one in reversed(self.operations) if one.method == "GET"}

    def _operations(self) -> Iterator[Operation]:
        for path, written in mapping(self.tree.get("paths")).items():
            if not isinstance(path, str) or not path.startswith("/"):
                continue
            item = self.resolve(written)
            for method in _METHODS:
                body = item.get(method)
                if isinstance(body, dict):
                    servers = body.get("servers") or item.get("servers") or self.servers
                    parameters = self._parameters(item.get("parameters"), body.get("parameters"))
                    yield Operation(method.upper(), path, body, parameters, tuple(mappings(servers)))

    def _parameters(self, *lists: Any) -> tuple[Parameter, ...]:
        found: dict[tuple[str, str], Parameter] = {}
        for one in lists:
            for written in one if isinstance(one, list) else ():
                parameter = self.resolve(written)
                name, where = parameter.get("name"), parameter.get("in")
                if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and isinstance(where, str):
                    found[where, name] = Parameter(
                        name,
                        where,
                        self._schema_of(parameter),
                        parameter.get("required") is True or where == "path",
                        parameter.get("deprecated") is True,
                        text_of(parameter.get("description")),
                    )
        return tuple(found.values())

    def _schema_of(self, parameter: Mapping[str, Any]) -> Mapping[str, Any]:
        if "schema" in parameter:
            return mapping(parameter["schema"])
        if self.is_swagger:
            return {key: parameter[key] for key in _SCHEMA_KEYS if key in parameter}
        content = next(iter(mapping(parameter.get("content")).values()), None)
        return mapping(self.resolve(content).get("schema"))

    @cached_property
    def servers(self) -> list[dict[str, Any]]:
        """The servers of the document."""
        if not self.is_swagger:
            return mappings(self.tree.get("servers"))
        host, base = self.tree.get("host"), str(self.tree.get("basePath") or "").rstrip("/")
        schemes = self.tree.get("schemes")
        scheme = "http" if isinstance(schemes, list) and schemes and "https" not in schemes else "https"
        return [{"url": f"{scheme}://{host}{base}" if isinstance(host, str) and host else base}]

    def response(self, operation: Operation) -> dict[str, Any]:
        """The answer of an operation that went well."""
        responses = {str(code).upper(): one for code, one in mapping(operation.body.get("responses")).items()}
        return next((self.resolve(responses[code.upper()]) for code in _WENT_WELL if code.upper() in responses), {})

    def formats(self, operation: Operation) -> dict[str, Any]:
        """The content types of the answer with their schemas."""
        response = self.response(operation)
        if not self.is_swagger:
            content = mapping(response.get("content"))
            return {str(media).lower(): self.resolve(one).get("schema") for media, one in content.items()}
        produced = operation.body.get("produces") or self.tree.get("produces") or ["application/json"]
        return {
            str(media).lower(): response.get("schema") for media in (produced if isinstance(produced, list) else ())
        }

    def security_schemes(self) -> dict[str, Any]:
        if self.is_swagger:
            return mapping(self.tree.get("securityDefinitions"))
        return mapping(mapping(self.tree.get("components")).get("securitySchemes"))


def plain_path(path: str) -> str:
    """A path without what is no matter when paths are compared: a slash at its end."""
    return path.rstrip("/") or "/"


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The texts in a list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def text_of(value: Any, most: int = _TEXT_SHOWN) -> str:
    """A text of the document in one line, without tags of HTML and signs of headings."""
    return one_line(_MARKUP.sub("", str(value)), most) if isinstance(value, str | int | float) else ""
