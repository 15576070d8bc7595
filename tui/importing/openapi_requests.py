"""How the requests of an OpenAPI document are addressed and signed: servers, parameters and security schemes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tui.importing.drafts import InputDraft
from tui.importing.openapi_document import ApiDocument, Operation, mapping
from tui.model.config_references import reference

_PLACE = re.compile(r"\{([^{}]+)\}")
_OPENING = re.compile(r"\{[{%#]")
_OF_HEADERS = frozenset({"accept", "content-type", "authorization"})
_FIELDS = {"query": "request_parameter", "header": "header"}


class RequestDraft:
    """The requester of an operation, and the inputs and notes that it leads to."""

    def __init__(self, document: ApiDocument, operation: Operation) -> None:
        self._document = document
        self._operation = operation
        self.inputs: dict[str, InputDraft] = {}
        self.notes: list[str] = []

    def requester(self) -> dict[str, Any]:
        method = self._operation.method
        found: dict[str, Any] = {"type": "HttpRequester", "url": self._url(), "http_method": method}
        authenticator = self._authenticator()
        if authenticator:
            found["authenticator"] = authenticator
        for where, field in (("query", "request_parameters"), ("header", "request_headers")):
            values = self._parameters(where)
            if values:
                found[field] = values
        return found

    def _url(self) -> str:
        server = next(iter(self._operation.servers), {})
        if len(self._operation.servers) > 1:
            self.notes.append("The document names several servers; the first was taken.")
        variables = mapping(server.get("variables"))
        base = str(server.get("url") or "").rstrip("/")
        base = _PLACE.sub(lambda place: self._variable(place[1], mapping(variables.get(place[1]))), base)
        if not base.startswith(("http://", "https://", "{{")):
            base = self._input("api_url", "API URL", hint="Such as https://api.example.com") + base
        return base + _PLACE.sub(lambda place: self._input(place[1], place[1]), self._operation.path)

    def _variable(self, name: str, variable: Mapping[str, Any]) -> str:
        options = variable.get("enum")
        texts = tuple(str(one) for one in options) if isinstance(options, list) else ()
        return self._input(name, name, options=texts, default=variable.get("default"))

    def _parameters(self, where: str) -> dict[str, Any]:
        """The values of the required parameters; optional ones are left to the API."""
        found: dict[str, Any] = {}
        for parameter in self._operation.parameters:
            name = parameter["name"]
            if parameter["in"] != where or parameter.get("required") is not True or name.lower() in _OF_HEADERS:
                continue
            if _OPENING.search(name):
                self.notes.append(f"The parameter {name[:80]} was left out: its name looks like a template.")
                continue
            default = mapping(parameter["schema"]).get("default")
            found[name] = self._input(name, name, default=default)
        return found

    def _authenticator(self) -> dict[str, Any] | None:
        """That of the first alternative that can be expressed with one scheme."""
        alternatives = self._document.security(self._operation)
        schemes = self._document.security_schemes()
        for alternative in alternatives:
            if len(alternative) == 1:
                found = self._of_scheme(self._document.resolve(schemes.get(next(iter(alternative)))))
                if found:
                    return found
        if any(alternatives):
            self.notes.append("The way to sign in that the document tells can't be taken over; set the authentication.")
        return None

    def _of_scheme(self, scheme: Mapping[str, Any]) -> dict[str, Any] | None:
        kind, http = scheme.get("type"), str(scheme.get("scheme") or "").lower()
        if kind == "basic" or (kind == "http" and http == "basic"):
            password = self._input("password", "Password", secret=True)
            return {
                "type": "BasicHttpAuthenticator",
                "username": self._input("username", "Username"),
                "password": password,
            }
        if kind == "http" and http == "bearer":
            return {"type": "BearerAuthenticator", "api_token": self._input("api_key", "API Key", secret=True)}
        name, where = scheme.get("name"), _FIELDS.get(str(scheme.get("in")))
        if kind == "apiKey" and isinstance(name, str) and where and not _OPENING.search(name):
            option = {"type": "RequestOption", "inject_into": where, "field_name": name}
            token = self._input("api_key", "API Key", secret=True)
            return {"type": "ApiKeyAuthenticator", "api_token": token, "inject_into": option}
        return None

    def _input(self, name: str, title: str, **facts: Any) -> str:
        key = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_") or "value"
        if key[0].isdigit():
            key = f"value_{key}"
        self.inputs.setdefault(key, InputDraft(key, title, **facts))
        return reference(key)
