"""How the requests of a document are signed in: its security schemes as authenticators."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from tui.importing.openapi.document import ApiDocument, Operation, mapping, mappings, text_of, texts
from tui.importing.openapi.inputs import StreamInputs, literal, slug

_PLACES = {"query": "request_parameter", "header": "header", "cookie": "header"}
_GRANTS = {
    "clientCredentials": "client_credentials",
    "application": "client_credentials",
    "authorizationCode": "refresh_token",
    "accessCode": "refresh_token",
}
"""The grant types for flows; what needs the least of a person first."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BEARER = re.compile(r"\bbearer\b", re.I)


@dataclass(slots=True)
class SignIn:
    """How a request is signed: an authenticator, and keys that go beside it."""

    authenticator: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    carriers: set[tuple[str, str]] = field(default_factory=set)
    """The places and names of the parameters that carry keys, in lower case."""


class Security:
    """Makes authenticators of what a document demands. `server` is the address that relative ones start from."""

    def __init__(self, document: ApiDocument, inputs: StreamInputs, server: str) -> None:
        self._document = document
        self._schemes = document.security_schemes()
        self._inputs = inputs
        self._server = server
        self._prefixes = self._told_apart()

    def _told_apart(self) -> dict[str, str]:
        """What the inputs of each scheme begin with: nothing for the first one of a kind, then the names of schemes."""
        found: dict[str, str] = {}
        kinds: set[str] = set()
        for name in filter(lambda one: isinstance(one, str), self._schemes):
            scheme = self._scheme(name)
            kind = "basic" if _is_basic(scheme) else "oauth" if scheme.get("type") == "oauth2" else "key"
            found[name] = f"{slug(name)}_" if kind in kinds else ""
            kinds.add(kind)
        return found

    def _input(self, scheme: str, key: str, title: str, *, hint: str = "", secret: bool = True) -> str:
        """The template for an input of a scheme."""
        prefix = self._prefixes.get(scheme, "")
        key, title = (f"{prefix}{key}", f"{title} ({text_of(scheme, 40)})") if prefix else (key, title)
        return self._inputs.add(key, title=title, hint=hint, secret=secret)

    def sign_in(self, operation: Operation) -> SignIn:
        """By the first alternative that can be taken over."""
        alternatives, notes = self._alternatives(operation)
        for place, alternative in enumerate(alternatives):
            if all(self._can(self._scheme(name)) for name in alternative):
                others = [_names(one) for one in (*alternatives[:place], *alternatives[place + 1 :])]
                found = self._of_all(alternative)
                if others:
                    how = f"Signing in by {_names(alternative)} was taken" if alternative else "Requests are not signed"
                    found.notes.append(f"{how}; there is also {', '.join(others[:4])}.")
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
            if name in keys:
                self._add_key(found, name)
            elif found.authenticator is None:
                scopes = texts(alternative[name])
                found.authenticator = self._authenticator(name, scopes, found.notes)
            else:
                found.notes.append(f"The second way of signing in, {text_of(name, 40)}, was left out.")
        return found

    def _add_key(self, found: SignIn, name: str) -> None:
        scheme = self._scheme(name)
        field_name, where, hint = scheme["name"], scheme["in"], text_of(scheme.get("description"))
        is_free = found.authenticator is None
        if is_free and where == "header" and field_name.lower() == "authorization" and _BEARER.search(hint):
            found.authenticator = self._bearer(name)
            return
        token = self._input(name, "api_key", "API Key", hint=hint)
        found.carriers.add((where, field_name.lower()))
        if where == "cookie":
            field_name, token = "Cookie", f"{literal(field_name)}={token}"
        if is_free:
            option = {"type": "RequestOption", "inject_into": _PLACES[where], "field_name": literal(field_name)}
            found.authenticator = {"type": "ApiKeyAuthenticator", "api_token": token, "inject_into": option}
        elif where == "query":
            found.parameters[literal(field_name)] = token
        else:
            found.headers[literal(field_name)] = token

    def _authenticator(self, name: str, scopes: Sequence[str], notes: list[str]) -> dict[str, Any]:
        scheme = self._scheme(name)
        if _is_basic(scheme):
            username = self._input(name, "username", "Username", hint=text_of(scheme.get("description")), secret=False)
            password = self._input(name, "password", "Password")
            return {"type": "BasicHttpAuthenticator", "username": username, "password": password}
        return self._oauth(name, scopes, notes) if scheme.get("type") == "oauth2" else self._bearer(name)

    def _bearer(self, name: str) -> dict[str, Any]:
        hint = text_of(self._scheme(name).get("description"))
        return {"type": "BearerAuthenticator", "api_token": self._input(name, "api_key", "API token", hint=hint)}

    def _oauth(self, name: str, scopes: Sequence[str], notes: list[str]) -> dict[str, Any]:
        """A login by the first flow that needs no browser once it is set up; else a token from elsewhere."""
        scheme = self._scheme(name)
        flows = mapping(scheme.get("flows")) or {str(scheme.get("flow")): scheme}
        for known, grant in _GRANTS.items():
            flow = mapping(flows.get(known))
            endpoint = self._endpoint(flow.get("refreshUrl") or flow.get("tokenUrl"))
            if endpoint:
                return self._login(name, endpoint, grant, scopes)
        notes.append("The login can't be taken over as it is: get an access token elsewhere, it is an input.")
        return {"type": "BearerAuthenticator", "api_token": self._input(name, "access_token", "Access token")}

    def _login(self, name: str, endpoint: str, grant: str, scopes: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": "OAuthAuthenticator",
            "token_refresh_endpoint": literal(endpoint),
            "client_id": self._input(name, "client_id", "Client ID", secret=False),
            "client_secret": self._input(name, "client_secret", "Client secret"),
            "grant_type": grant,
        }
        if grant == "refresh_token":
            hint = "It comes with the first access token, once the user has consented."
            return {**found, "refresh_token": self._input(name, "refresh_token", "Refresh token", hint=hint)}
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


def _is_basic(scheme: Mapping[str, Any]) -> bool:
    return scheme.get("type") == "basic" or (
        scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "basic"
    )
