"""A request of the manifest as a `curl` command, as far as it is known before anything runs; secrets are masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from core.manifest.problems import Path
from tui.forms.tools import FormTools
from tui.session.curl import to_curl
from tui.widgets.cells import compact_json


def curl_of(tools: FormTools, path: Path) -> str:
    """The command for the requester at a path. What only a run knows stands between ‹ and ›."""
    request = tools.session.value(path)
    request = request if isinstance(request, Mapping) else {}

    def text(value: Any) -> str:
        written = value if isinstance(value, str) else compact_json(value)
        shown = tools.preview(path, written)
        return written if shown.error else shown.text

    headers = [(name, text(value)) for name, value in _pairs(request.get("request_headers"))]
    params = [
        (name, f"‹{name}›" if isinstance(one, Mapping) else text(one))
        for name, value in _pairs(request.get("request_parameters"))
        for one in (value if isinstance(value, list) else [value])
    ]
    for place, name, value in _credentials(request.get("authenticator")):
        (headers if place == "header" else params).append((name, text(value)))
    body, content_type = _body(request.get("request_body"), text)
    if content_type and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    url = text(request.get("url") or "")
    query = _readable(urlencode(params, safe="*'[]{} ")) if params else ""
    joined = url + ("&" if "?" in url else "?") * bool(query) + query
    return to_curl(str(request.get("http_method") or "GET"), joined, headers, body)


def _readable(query: str) -> str:
    """An encoded query in which the marks of what only a run knows can be read."""
    return query.replace(quote("‹"), "‹").replace(quote("›"), "›")


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return [(str(key), one) for key, one in value.items()] if isinstance(value, Mapping) else []


def _credentials(authenticator: Any) -> list[tuple[str, str, Any]]:
    """What an authenticator adds that needs no login: the place, the name, the value."""
    if not isinstance(authenticator, Mapping):
        return []
    match authenticator.get("type"):
        case "BearerAuthenticator":
            return [("header", "Authorization", f"Bearer {authenticator.get('api_token', '')}")]
        case "ApiKeyAuthenticator":
            option = authenticator.get("inject_into")
            option = option if isinstance(option, Mapping) else {}
            name = option.get("field_name") or authenticator.get("header") or "Authorization"
            place = "header" if option.get("inject_into", "header") == "header" else "parameter"
            return [(place, str(name), authenticator.get("api_token", ""))]
    kind = str(authenticator.get("type", "")).removesuffix("Authenticator")
    return [] if kind in ("NoAuth", "") else [("header", "Authorization", f"‹{kind}›")]


def _body(body: Any, text: Any) -> tuple[str | None, str | None]:
    """The body, and the content type that it is sent with."""
    if not isinstance(body, Mapping):
        return None, None
    value = body.get("value")
    match body.get("type"):
        case "RequestBodyJsonObject" | "RequestBodyGraphQL":
            return text(value), "application/json"
        case "RequestBodyUrlEncodedForm":
            return urlencode([(name, text(one)) for name, one in _pairs(value)]), None
    return text(value if value is not None else ""), None
