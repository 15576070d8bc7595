"""How the requests of a document are signed in: its security schemes as authenticators."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from tui.importing.openapi.document import ApiDocument, Operation, mapping, mappings, text_of
from tui.importing.openapi.inputs import StreamInputs, literal

_PLACES = {"query": "request_parameter", "header": "header", "cookie": "header"}
_FLOWS = ("clientCredentials", "application", "authorizationCode", "accessCode", "password", "implicit")
"""In this order: what needs the least of a person first."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BEARER = re.compile(r"\bbearer\b", re.I)


@dataclass(slots=True)
class SignIn:
    """How a request is signed: an authenticator, and keys that go beside it."""

    authenticator: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Security:
    """Makes authenticators of what a document demands. `server` is the address that relative ones start from."""

    def __init__(self, document: ApiDocument, inputs: StreamInputs, server: str) -> None:
        self._document = document
        self._schemes = document.security_schemes()
        self._inputs = inputs
        self._server = server

    def sign_in(self, operation: Operation) -> SignIn:
        """By the first alternative that can be taken over."""
        alternatives, notes = self._alternatives(operation)
        for place, alternative in enumerate(alternatives):
            if all(self._can(self._scheme(name)) for name in alternative):
                others = [_names(one) for one in (*alternatives[:place], *alternatives[place + 1 :])]
                found = self._of_all(alternative)
                if others:
                    also = ", ".join(others[:4])
                    found.notes.append(f"Signing in by {_names(alternative)} was taken; there is also {also}.")
                found.notes += notes
                return found
        if alternatives:
            names = ", ".join(map(_names, alternatives[:4]))
            return SignIn(notes=[f"The way of signing in ({names}) can't be taken over; set the authentication."])
        return SignIn()

    def _alternatives(self, operation: Operation) -> tuple[list[dict[str, Any]], list[str]]:
        """The ways of signing in; where the document names schemes but never says for what, each of them."""
        told = operation.body.get("security", self._document.tree.get("security"))
        if told is not None or not self._schemes or any("security" in one.body for one in self._document.operations):
            return mappings(told), []
        note = "The document doesn't say which requests are signed; all are."
        return [{name: []} for name in self._schemes if isinstance(name, str)], [note]

    def _scheme(self, name: str) -> Mapping[str, Any]:
        return self._document.resolve(self._schemes.get(name))

    @staticmethod
    def _can(scheme: Mapping[str, Any]) -> bool:
        match scheme.get("type"):
            case "basic" | "oauth2" | "openIdConnect":
                return True
            case "http":
                return str(scheme.get("scheme")).lower() in ("basic", "bearer")
            case "apiKey":
                name = scheme.get("name")
                if not isinstance(name, str) or scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
                    return False
                return scheme.get("in") == "query" or (
                    scheme.get("in") in _PLACES and bool(_HEADER_NAME.fullmatch(name))
                )
        return False

    def _of_all(self, alternative: Mapping[str, Any]) -> SignIn:
        """All schemes of an alternative: one is the authenticator, further keys go into headers and parameters."""
        found = SignIn()
        keys = [name for name in alternative if self._scheme(name).get("type") == "apiKey"]
        for name in sorted(alternative, key=lambda one: one in keys):
            scheme, scopes = self._scheme(name), alternative[name]
            if name in keys:
                self._add_key(found, name, scheme, alone=len(keys) == 1)
            elif found.authenticator is None:
                found.authenticator = self._authenticator(
                    scheme, scopes if isinstance(scopes, list) else [], found.notes
                )
            else:
                found.notes.append(f"The second way of signing in, {text_of(name, 40)}, was left out.")
        return found

    def _add_key(self, found: SignIn, name: str, scheme: Mapping[str, Any], *, alone: bool) -> None:
        field_name, where, hint = scheme["name"], scheme["in"], text_of(scheme.get("description"))
        if (
            where == "header"
            and field_name.lower() == "authorization"
            and _BEARER.search(hint)
            and found.authenticator is None
        ):
            found.authenticator = self._bearer(hint)
            return
        key, title = ("api_key", "API Key") if alone else (name, text_of(field_name, 60))
        token = self._inputs.add(key, title=title, hint=hint, secret=True)
        if where == "cookie":
            field_name, token = "Cookie", f"{literal(field_name)}={token}"
        if found.authenticator is None:
            option = {"type": "RequestOption", "inject_into": _PLACES[where], "field_name": literal(field_name)}
            found.authenticator = {"type": "ApiKeyAuthenticator", "api_token": token, "inject_into": option}
        elif where == "query":
            found.parameters[literal(field_name)] = token
        else:
            found.headers[literal(field_name)] = token

    def _authenticator(self, scheme: Mapping[str, Any], scopes: Sequence[Any], notes: list[str]) -> dict[str, Any]:
        hint = text_of(scheme.get("description"))
        if scheme.get("type") == "basic" or str(scheme.get("scheme")).lower() == "basic":
            username = self._inputs.add("username", title="Username", hint=hint)
            password = self._inputs.add("password", title="Password", secret=True)
            return {"type": "BasicHttpAuthenticator", "username": username, "password": password}
        if scheme.get("type") == "oauth2":
            return self._oauth(scheme, [text_of(one) for one in scopes if isinstance(one, str)], notes)
        return self._bearer(hint)

    def _bearer(self, hint: str) -> dict[str, Any]:
        token = self._inputs.add("api_key", title="API token", hint=hint, secret=True)
        return {"type": "BearerAuthenticator", "api_token": token}

    def _oauth(self, scheme: Mapping[str, Any], scopes: Sequence[str], notes: list[str]) -> dict[str, Any]:
        flows = mapping(scheme.get("flows")) or {str(scheme.get("flow")): scheme}
        for name in _FLOWS:
            flow = mapping(flows.get(name))
            endpoint = self._endpoint(flow.get("refreshUrl") or flow.get("tokenUrl"))
            if endpoint and name in ("clientCredentials", "application", "authorizationCode", "accessCode"):
                return self._login(endpoint, scopes, by_refreshing=name.startswith("a") and name != "application")
        notes.append("The login can't be taken over as it is: get an access token elsewhere, it is an input.")
        token = self._inputs.add("access_token", title="Access token", secret=True)
        return {"type": "BearerAuthenticator", "api_token": token}

    def _login(self, endpoint: str, scopes: Sequence[str], *, by_refreshing: bool) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": "OAuthAuthenticator",
            "token_refresh_endpoint": literal(endpoint),
            "client_id": self._inputs.add("client_id", title="Client ID"),
            "client_secret": self._inputs.add("client_secret", title="Client secret", secret=True),
            "grant_type": "refresh_token" if by_refreshing else "client_credentials",
        }
        if by_refreshing:
            hint = "It comes with the first access token, once the user has consented."
            return {
                **found,
                "refresh_token": self._inputs.add("refresh_token", title="Refresh token", hint=hint, secret=True),
            }
        return {**found, "refresh_request_body": {"scope": literal(" ".join(scopes))}} if scopes else found

    def _endpoint(self, written: Any) -> str:
        """The address that gives tokens; empty where it isn't known."""
        if not isinstance(written, str) or not written:
            return ""
        try:
            url = urljoin(self._server, written) if "{" not in self._server else written
            return url if urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname else ""
        except ValueError:
            return ""


def _names(alternative: Mapping[str, Any]) -> str:
    return " with ".join(text_of(name, 40) for name in alternative) or "no authentication"
