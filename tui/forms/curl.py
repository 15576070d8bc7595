"""Requests as `curl` commands: filled in from one that is pasted, and copied as one with secrets masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import TextArea

from core.manifest.problems import Path
from tui.forms.field_row import FormContext
from tui.importing.curl import CurlRequest, parse_curl, to_curl
from tui.importing.drafts import ImportRefused
from tui.importing.requests import import_request
from tui.model.session import BuilderSession
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line
from tui.widgets.display_text import compact_json
from tui.widgets.template_input import MOST_PASTED


class _CommandArea(TextArea):
    """Refuses what would take seconds to show."""

    def on_paste(self, event: events.Paste) -> None:
        if len(event.text) > MOST_PASTED:
            event.stop()
            event.prevent_default()
            text = f"That is too long for a command: at most {MOST_PASTED:,} characters can be pasted here."
            self.app.notify(text, severity="warning", markup=False)


class CurlDialog(Dialog[str]):
    """Asks for a command; the result is its text."""

    def __init__(self) -> None:
        super().__init__("Paste a curl command", [DialogButton("fill", "Fill the request", "primary"), CANCEL])

    def compose_body(self) -> ComposeResult:
        yield text_line(
            "URL, method, parameters, headers, authentication and body are taken from it. Secrets become inputs."
        )
        yield _CommandArea(soft_wrap=True, classes="curl-dialog--command")

    def answered(self, answer: str) -> None:
        self.dismiss(self.query_one(TextArea).text)


def ask_for_curl(app: App[object], session: BuilderSession, requester: Callable[[], Path]) -> None:
    """Ask for a command and fill a requester from it; `requester` gives its path once the command is there."""

    def fill(command: str | None) -> None:
        if command and command.strip():
            fill_from_curl(app, session, requester(), command)

    app.push_screen(CurlDialog(), fill)


def fill_from_curl(app: App[object], session: BuilderSession, requester: Path, command: str) -> None:
    """Fill the requester at a path from a command, and notify of the result."""
    try:
        request = parse_curl(command)
    except ImportRefused as error:
        app.notify(str(error), title="Nothing was filled in", severity="warning", markup=False)
        return
    fill_request(app, session, requester, request, "curl")


def fill_request(app: App[object], session: BuilderSession, requester: Path, request: CurlRequest, source: str) -> None:
    """Fill the requester at a path from a request, and notify of the result; `source` says where it is from."""
    imported = import_request(session, requester, request)
    sentences = ["The request was filled in."]
    if imported.inputs:
        sentences.append(f"Secrets are inputs now: {', '.join(imported.inputs)}.")
    app.notify(" ".join([*sentences, *imported.notes]), title=source, markup=False)


def curl_of(context: FormContext, path: Path) -> str:
    """The command for the requester at a path. What only a run knows stands between ‹ and ›."""
    request = context.session.value(path)
    request = request if isinstance(request, Mapping) else {}

    def text(value: Any) -> str:
        written = value if isinstance(value, str) else compact_json(value)
        shown = context.help.preview(path, written)
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
