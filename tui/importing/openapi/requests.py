"""The requester of an operation: its address, its parameters and its body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tui.importing.openapi.document import ApiDocument, Operation, Parameter, mapping, text_of, texts
from tui.importing.openapi.inputs import StreamInputs, literal, options_of, scalar, told_value
from tui.importing.openapi.paging import PageField
from tui.importing.openapi.records import words_of
from tui.importing.openapi.schemas import Schemas, can_be, types_of
from tui.importing.openapi.security import Security
from tui.importing.secret_names import is_secret_name

PLACE = re.compile(r"\{([^{}]+)\}")
_OF_HEADERS = frozenset({"accept", "content-type", "authorization"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_EXCLUSIVE = re.compile(
    r"same request|exclusive|together|combin|conflict|can ?not be|can['’]t be|instead of|error", re.I
)
"""What the description of a parameter says that better isn't sent without need."""
_LITERAL_VARIABLES = frozenset({"port", "basepath", "version", "protocol", "scheme", "apiversion"})
_NAMES_SHOWN = 8
_MOST_SERVERS = 30
_DEEPEST_BODY = 4
_FORM = "application/x-www-form-urlencoded"


class OperationRequest:
    """What the document tells of the request of an operation."""

    def __init__(self, document: ApiDocument, schemas: Schemas, operation: Operation, inputs: StreamInputs) -> None:
        self._document = document
        self._schemas = schemas
        self._operation = operation
        self._inputs = inputs
        self._of = (words_of(operation) or ["value"])[-1]
        self.notes: list[str] = []
        self._signed: set[tuple[str, str]] = set()
        self._content_type = ""
        self._body_kind, self._body_schema = self._body()

    def page_fields(self) -> list[PageField]:
        """What may be about pages: the query parameters, and the fields of a JSON body."""
        found = [
            PageField(one.name, self._schemas.merged(one.schema), description=one.description)
            for one in self._operation.parameters
            if one.where == "query"
        ]
        if self._body_kind == "json":
            for name, one in self._schemas.properties(self._body_schema).items():
                found.append(PageField(name, one, "body_json", text_of(one.get("description"))))
        return found

    def requester(self, places: Mapping[str, str], taken: Iterable[str] = ()) -> dict[str, Any]:
        """The requester. `places` are the templates for places of the path that are no inputs, `taken` the names of
        parameters that something else fills.
        """
        taken = frozenset(taken)
        server, base = self._server()
        found: dict[str, Any] = {
            "type": "HttpRequester",
            "url": base + self._path(places),
            "http_method": self._operation.method,
        }
        sign_in = Security(self._document, self._inputs, server).sign_in(self._operation)
        self._signed = sign_in.carriers
        self.notes += sign_in.notes
        content_type = {"Content-Type": literal(self._content_type)} if self._content_type else {}
        parts = {
            "authenticator": sign_in.authenticator,
            "request_parameters": self._parameters("query", taken) | sign_in.parameters,
            "request_headers": content_type
            | self._parameters("header", taken)
            | self._cookies(sign_in.authenticator)
            | sign_in.headers,
            "request_body": self._request_body(taken),
        }
        self._mention_optional(taken)
        return found | {key: value for key, value in parts.items() if value}

    # The address

    def _server(self) -> tuple[str, str]:
        """The address as it is written, and as the beginning of a template. Of several ones a person chooses."""
        servers = [(str(one.get("url") or "").rstrip("/"), one) for one in self._operation.servers]
        plain = list(
            dict.fromkeys(url for url, _ in servers if url.startswith(("http://", "https://")) and "{" not in url)
        )
        if 1 < len(plain) <= _MOST_SERVERS:
            chosen = self._inputs.add(
                "api_url", title="API URL", options=tuple(plain), default=plain[0], required=False
            )
            return plain[0], chosen
        full = (one for one in servers if one[0].startswith("http"))
        written, server = next(full, next(iter(servers), ("", {})))
        if len(servers) > 1 and len(plain) != 1:
            self.notes.append("The document names several servers; the first was taken.")
        variables = mapping(server.get("variables"))
        base = _filled(written, lambda name: self._variable(name, mapping(variables.get(name))))
        if not written.startswith(("http://", "https://", "{")):
            hint = "Without a / at the end, such as https://api.example.com"
            base = self._inputs.add("api_url", title="API URL", hint=hint) + (f"/{base.lstrip('/')}" if base else "")
        return written, base

    def _variable(self, name: str, variable: Mapping[str, Any]) -> str:
        default = scalar(variable.get("default"))
        if default and "enum" not in variable and re.sub(r"\W|_", "", name.lower()) in _LITERAL_VARIABLES:
            return literal(default)
        return self._inputs.for_schema(name, variable, text_of(variable.get("description")))

    def _path(self, places: Mapping[str, str]) -> str:
        known = {one.name: one for one in self._operation.parameters if one.where == "path"}

        def place(name: str) -> str:
            if name in places:
                return places[name]
            parameter = known.get(name)
            before = words_of_place(self._operation, name)
            return self._input(parameter, of=before) if parameter else self._inputs.add(name, of=before)

        return _filled(self._operation.path, place)

    # Parameters

    def _parameters(self, where: str, taken: frozenset[str]) -> dict[str, Any]:
        """The values of parameters that are required or have a default; the others are left to the API."""
        found: dict[str, Any] = {}
        for parameter in self._operation.parameters:
            name = parameter.name
            if parameter.where != where or name in taken or (where, name.lower()) in self._signed:
                continue
            if where == "header" and (name.lower() in _OF_HEADERS or not _HEADER_NAME.fullmatch(name)):
                continue
            value = self._value(parameter)
            if value:
                found[literal(name)] = value
        return found

    def _cookies(self, authenticator: Mapping[str, Any] | None) -> dict[str, str]:
        named = [
            one
            for one in self._operation.parameters
            if one.where == "cookie" and one.required and (one.where, one.name.lower()) not in self._signed
        ]
        if not named:
            return {}
        if mapping((authenticator or {}).get("inject_into")).get("field_name") == "Cookie":
            self.notes.append(
                f"The cookie {text_of(named[0].name, 40)} was left out: add it to that of the authentication."
            )
            return {}
        return {"Cookie": "; ".join(f"{literal(one.name)}={self._value(one)}" for one in named)}

    def _value(self, parameter: Parameter) -> str:
        """The value that is sent; empty where the API does without."""
        schema = self._schemas.merged(parameter.schema)
        told = told_value(schema) if "default" in schema or parameter.required else ""
        if told and is_secret_name(parameter.name):
            return self._input(parameter, of=self._of)
        if told and (parameter.required or not (parameter.deprecated or _EXCLUSIVE.search(parameter.description))):
            return literal(told)
        return self._input(parameter, of=self._of) if parameter.required else ""

    def _input(self, parameter: Parameter, *, of: str) -> str:
        schema = self._schemas.merged(parameter.schema)
        if "array" in types_of(schema):
            schema = self._schemas.merged(schema.get("items"))
        return self._inputs.for_schema(parameter.name, schema, parameter.description, of=of)

    def _mention_optional(self, taken: frozenset[str]) -> None:
        names = [
            text_of(one.name, 40)
            for one in self._operation.parameters
            if one.where == "query" and one.name not in taken and not one.deprecated
            if ("query", one.name.lower()) not in self._signed and not (one.required or self._value(one))
        ]
        if names:
            more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
            self.notes.append(f"{self._operation.key} also takes {', '.join(names[:_NAMES_SHOWN])}{more}.")

    # The body

    def _body(self) -> tuple[str, dict[str, Any]]:
        """The kind of the body (json, form or empty) and its merged schema."""
        if self._operation.method == "GET":
            return "", {}
        body = next((one for one in self._operation.parameters if one.where == "body"), None)
        if body is not None:
            return "json", self._schemas.merged(body.schema)
        fields = [one for one in self._operation.parameters if one.where == "formData"]
        if fields:
            required = [one.name for one in fields if one.required]
            return "form", {"properties": {one.name: dict(one.schema) for one in fields}, "required": required}
        content = mapping(self._document.resolve(self._operation.body.get("requestBody")).get("content"))
        for media, one in content.items():
            kind = "json" if "json" in str(media) else "form" if str(media).startswith(_FORM) else ""
            if kind:
                self._content_type = text_of(media) if kind == "json" and media != "application/json" else ""
                return kind, self._schemas.merged(self._document.resolve(one).get("schema"))
        if content:
            self.notes.append(f"The body ({text_of(next(iter(content)), 60)}) was left out.")
        return "", {}

    def _request_body(self, taken: frozenset[str]) -> dict[str, Any] | None:
        value = self._fields(self._body_schema, taken, 0)
        if not value:
            return None
        kind = "RequestBodyJsonObject" if self._body_kind == "json" else "RequestBodyUrlEncodedForm"
        return {"type": kind, "value": value}

    def _fields(self, schema: Mapping[str, Any], taken: frozenset[str], depth: int) -> dict[str, Any]:
        """The fields of an object that are required or have a default."""
        required = texts(schema.get("required"))
        found: dict[str, Any] = {}
        for name, one in self._schemas.properties(schema).items():
            if name in taken or one.get("readOnly") is True:
                continue
            value = self._field(name, one, depth, required=name in required)
            if value not in ("", None, {}, []):
                found[literal(name)] = value
        return found

    def _field(self, name: str, schema: dict[str, Any], depth: int, *, required: bool) -> Any:
        told = schema.get("default")
        if told_value(schema) and is_secret_name(name) and not isinstance(told, bool):
            return self._inputs.for_schema(name, schema, text_of(schema.get("description")), of=self._of)
        if isinstance(told, bool | int | float):
            return told
        if told_value(schema) and (required or told is not None):
            return literal(told_value(schema))
        if not required or depth > _DEEPEST_BODY:
            return None
        if "object" in types_of(schema):
            return self._fields(schema, frozenset(), depth + 1)
        if "array" in types_of(schema):
            item = self._schemas.merged(schema.get("items"))
            if options_of(item):
                return [literal(one) for one in options_of(item)]
            return (
                [self._field(name, item, depth + 1, required=True)]
                if can_be(item, "string", "integer", "object")
                else None
            )
        return self._inputs.for_schema(name, schema, text_of(schema.get("description")), of=self._of)


def words_of_place(operation: Operation, name: str) -> str:
    """What a place in a path is one of: `order` for the id in `/orders/{id}`."""
    steps = operation.steps
    at = next((index for index, step in enumerate(steps) if f"{{{name}}}" in step), 0)
    before = next((step for step in reversed(steps[:at]) if "{" not in step), "")
    return singular(before)


def singular(word: str) -> str:
    """One of what a word names several of: `entries` is `entry`."""
    lower = word.lower()
    if lower.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if lower.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if lower.endswith("s") and len(word) > 3 and not lower.endswith(("ss", "us", "is", "news")):
        return word[:-1]
    return word


def _filled(text: str, place: Any) -> str:
    """A text with templates in its places, and nothing else in it that is one."""
    found, end = "", 0
    for match in PLACE.finditer(text):
        found += literal(text[end : match.start()]) + place(match[1])
        end = match.end()
    return found + literal(text[end:])
