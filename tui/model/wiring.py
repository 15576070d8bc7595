"""Inputs that come with an authenticator: choosing one creates them and refers to them, so that it works at once."""

from __future__ import annotations

from typing import Any

from tui.model.inputs import Input, Inputs

_API_KEY = ("api_token", Input("api_key", "API Key", secret=True))
_WIRES: dict[str, tuple[tuple[str, Input], ...]] = {
    "ApiKeyAuthenticator": (_API_KEY,),
    "BearerAuthenticator": (_API_KEY,),
    "BasicHttpAuthenticator": (
        ("username", Input("username", "Username")),
        ("password", Input("password", "Password", required=False, secret=True)),
    ),
    "JwtAuthenticator": (("secret_key", Input("secret_key", "Secret Key", secret=True)),),
    "LegacySessionTokenAuthenticator": (
        ("session_token", Input("session_token", "Session Token", required=False, secret=True)),
        ("username", Input("username", "Username")),
        ("password", Input("password", "Password", required=False, secret=True)),
    ),
    "OAuthAuthenticator": (
        ("client_id", Input("client_id", "Client ID", secret=True)),
        ("client_secret", Input("client_secret", "Client Secret", secret=True)),
        ("refresh_token", Input("client_refresh_token", "Refresh Token", secret=True)),
        ("access_token_value", Input("client_access_token", "Access Token", required=False, secret=True)),
    ),
    "RateLimitedMultipleTokenAuthenticator": (
        ("tokens", Input("api_tokens", "API Tokens", hint="Several tokens, separated by commas.", secret=True)),
    ),
}
"""By the type of the authenticator: the field, and the input that it takes its value from (Airbyte: the same)."""


def wired(component: dict[str, Any]) -> dict[str, Any]:
    """A fresh authenticator that refers to its inputs; every other component as it is."""
    wires = _WIRES.get(str(component.get("type")), ())
    return {**component, **{field: reference(one.key) for field, one in wires if not component.get(field)}}


def add_inputs(component: dict[str, Any], inputs: Inputs) -> list[str]:
    """Create the inputs that a wired authenticator refers to and that are not there; the keys of those created."""
    created = []
    for field, one in _WIRES.get(str(component.get("type")), ()):
        if component.get(field) == reference(one.key) and inputs.get(one.key) is None:
            inputs.add(one)
            created.append(one.key)
    return created


def reference(key: str) -> str:
    """The template that gives the value of an input."""
    return f"{{{{ {input_name(key)} }}}}"


def input_name(key: str) -> str:
    """What an input is called in a template."""
    return f"config['{key}']"
