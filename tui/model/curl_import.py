"""Filling a requester from a `curl` command: what is secret in it becomes an input."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.http.secrets import MASK
from core.manifest.problems import Path
from tui.model.config_references import reference
from tui.model.curl import CurlRequest, parse_curl
from tui.model.inputs import Input
from tui.model.session import BuilderSession

_SECRET = re.compile(
    r"cookie|x-(?:.*-)?(?:token|key|secret|auth)|(?:.*-)?(?:api-?key|access-?token|password|secret|auth-?token)"
    r"|(?:api_?|access_|auth_|secret_)?(?:key|token)|client_secret|password|secret",
    re.I,
)
"""Names of headers and parameters whose values are secrets."""
_OF_THE_CLIENT = re.compile(
    r"accept-(?:encoding|language)|connection|content-length|host|user-agent|origin|referer|priority|te|dnt|pragma"
    r"|cache-control|upgrade-insecure-requests|sec-.*",
    re.I,
)
"""Headers that the client sends by itself, or that only say which browser the command came from."""
_CONTENT_TYPES = {
    "json": "application/json",
    "graphql": "application/json",
    "form": "application/x-www-form-urlencoded",
}
_BODIES = {
    "json": "RequestBodyJsonObject",
    "form": "RequestBodyUrlEncodedForm",
    "text": "RequestBodyPlainText",
    "graphql": "RequestBodyGraphQL",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a command led to: the inputs that hold its secrets, and what was left out of it."""

    inputs: tuple[str, ...]
    notes: tuple[str, ...]


def import_curl(session: BuilderSession, path: Path, text: str) -> Imported:
    """Fill the requester at a path from a `curl` command, in one step to undo.

    URL, method, parameters, headers, authenticator and body become those of the command; the rest of the requester
    stays. Secrets become inputs, and their values test values. Raises CurlError.
    """
    return import_request(session, path, parse_curl(text))


def import_request(session: BuilderSession, path: Path, request: CurlRequest) -> Imported:
    """The same for a request that was read already. A secret that is masked in it becomes an input without a value."""
    filler = _Filler(session, path)
    with session.group(path):
        filler.fill(request)
        for key, value in filler.secrets.items():
            if MASK not in value:
                session.inputs.set_value(key, value)
    return Imported(tuple(filler.secrets), tuple(request.notes))


class _Filler:
    def __init__(self, session: BuilderSession, path: Path) -> None:
        self._session = session
        self._path = path
        self.secrets: dict[str, str] = {}

    def fill(self, request: CurlRequest) -> None:
        headers = [(name, value) for name, value in request.headers if not _OF_THE_CLIENT.fullmatch(name)]
        params = _mapping(request.params)
        headers = [pair for pair in headers if not self._implied(request, *pair)]
        authenticator = self._authenticator(request, headers, params)
        self._put("url", request.url)
        self._put("http_method", request.method)
        self._put("authenticator", authenticator)
        self._put("request_parameters", {name: self._guarded(name, value) for name, value in params.items()})
        self._put("request_headers", {name: self._guarded(name, value) for name, value in headers})
        self._put("request_body", self._body(request))
        for older in ("url_base", "path", "request_body_json", "request_body_data"):
            self._put(older, None)

    def _put(self, key: str, value: Any) -> None:
        path = (*self._path, key)
        if value:
            self._session.set(path, value)
        elif self._session.is_written(path):
            self._session.unset(path)

    def _implied(self, request: CurlRequest, name: str, value: str) -> bool:
        """Whether a header says only what the body says anyway."""
        content_type = value.split(";", maxsplit=1)[0].strip().lower()
        return name.lower() == "content-type" and content_type == _CONTENT_TYPES.get(request.body_kind)

    def _authenticator(
        self, request: CurlRequest, headers: list[tuple[str, str]], params: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The authenticator that the command amounts to; what it takes from is taken out of headers and parameters."""
        if request.user is not None:
            return self._basic(*request.user)
        written = next((value for name, value in headers if name.lower() == "authorization"), None)
        if written is not None:
            headers[:] = [pair for pair in headers if pair[0].lower() != "authorization"]
            scheme, _, token = written.partition(" ")
            if scheme.lower() == "bearer" and token:
                return {"type": "BearerAuthenticator", "api_token": self._input("api_key", "API Key", token.strip())}
            return self._key("header", "Authorization", written)
        name = next((name for name, _ in headers if _SECRET.fullmatch(name) and name.lower() != "cookie"), None)
        if name is not None:
            value = dict(headers)[name]
            headers[:] = [pair for pair in headers if pair[0] != name]
            return self._key("header", name, value)
        name = next((name for name in params if _SECRET.fullmatch(name)), None)
        return self._key("request_parameter", name, str(params.pop(name))) if name is not None else None

    def _basic(self, user: str, password: str) -> dict[str, Any]:
        found = {"type": "BasicHttpAuthenticator", "username": self._input("username", "Username", user, secret=False)}
        return {**found, "password": self._input("password", "Password", password)} if password else found

    def _key(self, where: str, name: str, value: str) -> dict[str, Any]:
        option = {"type": "RequestOption", "inject_into": where, "field_name": name}
        token = self._input("api_key", "API Key", value)
        return {"type": "ApiKeyAuthenticator", "api_token": token, "inject_into": option}

    def _guarded(self, name: str, value: Any) -> Any:
        """The value of a header or parameter, or the input that it becomes when it is a secret."""
        if not _SECRET.fullmatch(name) or not isinstance(value, str):
            return value
        return self._input(name.lower().replace("-", "_"), name, value)

    def _body(self, request: CurlRequest) -> dict[str, Any] | None:
        if request.body_kind == "none":
            return None
        value = _mapping(request.body) if request.body_kind == "form" else request.body
        return {"type": _BODIES[request.body_kind], "value": value}

    def _input(self, key: str, title: str, value: str, *, secret: bool = True) -> str:
        """The reference to an input with this value; a value that is a template already stays as it is."""
        if "{{" in value:
            return value
        inputs, values = self._session.inputs, self._session.values
        known = inputs.get(key)
        taken = self.secrets.get(key) or (values.secret(key) if known and known.secret else values.get(key))
        if known is not None and taken not in (None, value):
            key = inputs.key_for(title)
            known = None
        if known is None:
            inputs.add(Input(key, title, secret=secret))
        self.secrets[key] = value
        return reference(key)


def _mapping(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Pairs as a mapping; the values of a name that is repeated are a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
