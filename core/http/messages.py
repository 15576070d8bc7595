"""Messages for people about what went wrong with a request."""

from __future__ import annotations

import os
import re
import socket
import ssl
from html import unescape
from typing import Any
from urllib.request import getproxies_environment

import httpx

from core.http.charsets import json_value
from core.http.exchange import MARGIN, Exchange, Role
from core.http.policy import Action, Decision, Outcome, RequestFailed, bad_certificate, causes
from core.http.secrets import Secrets, mask_known

SHOWN = 300
"""Characters of the API's own message that ours quote."""
PAGE_SEEN = 20_000
"""Characters of a web page that are searched: the time for a hostile one may grow with their square."""
BODY_SHOWN = 2_000
"""Characters of an error body that a failure keeps."""

PROXIES = ("http", "https", "all")
"""Prefixes of the environment variables that name proxies."""
_MESSAGE_KEYS = (
    "message",
    "messages",
    "error",
    "errors",
    "failures",
    "failure",
    "detail",
    "err",
    "error_message",
    "msg",
    "reason",
    "status_message",
)
_MARKUP = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title")

_ADVICE = {
    400: "Check the parameters and the body of the request.",
    401: "Check the credentials: the authenticator and the inputs that it uses.",
    402: "The account must be in order with the API's billing.",
    403: "The credentials are known to the API but lack the permission for this.",
    404: "Check the URL.",
    405: "Check the HTTP method.",
    406: "Check the Accept header of the request.",
    407: "Check the proxy's user and password in the proxy variables of the environment.",
    409: "Something on the API stands in the way; its answer says what.",
    410: "What the URL names is gone for good.",
    413: "Send less in one request.",
    415: "Check the Content-Type header and the kind of body.",
    422: "Check the parameters and the body of the request.",
    429: "Wait, or ask for less at a time; a backoff strategy in the error handler sets the waits.",
}
_ON_PAGINATION = {
    Action.RESET_PAGINATION: "The manifest asks to start again from the first page.",
    Action.REDUCE_PAGE_SIZE: "The manifest asks for smaller pages.",
    Action.SPLIT_REQUEST_WINDOW: "The manifest asks for a smaller interval.",
}


def json_body(response: httpx.Response) -> Any:
    """The JSON value in a response, or None if its body is not JSON.

    Raises `httpx.ResponseNotRead` if the body was not read.
    """
    try:
        return json_value(response)
    except ValueError:
        return None


def api_message(response: httpx.Response) -> str | None:
    """The API's own error message; the whole text of a body that is not JSON.

    Airbyte: the first of `message`, `error`, `detail`, ... that is not empty, at any depth; lists joined with commas.
    """
    body = json_body(response)
    try:
        return response.text if body is None else _first_message(body)
    except RecursionError:
        return response.text


def message_in(value: Any) -> str | None:
    """The first message in a value, where Airbyte looks for it; None where there is none, or none that is not too deep
    inside.
    """
    try:
        return _first_message(value)
    except RecursionError:
        return None


def _first_message(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(text for text in map(_first_message, value) if text is not None)
    if isinstance(value, dict):
        return _first_message(next((value[key] for key in _MESSAGE_KEYS if value.get(key)), None))
    return None


def shorten(text: str, limit: int = SHOWN) -> str:
    """A text from elsewhere on one line, secrets masked, cut after `limit` characters.

    Its backticks become apostrophes: in messages, backticks mark what the manifest calls so.
    """
    line = " ".join(mask_known(text[: 4 * limit + MARGIN], 4 * limit).split()).replace("`", "'")
    return line if len(line) <= limit else line[:limit].rstrip() + "…"


def around(text: str, position: int, length: int) -> tuple[str, str]:
    """Up to `length` characters before and after a position, secrets masked even where they are cut."""
    first = max(0, position - MARGIN)
    near = text[first : position + MARGIN]
    before = mask_known(near, position - first)
    after = mask_known(near)[len(before) :]
    return before[-length:], after[:length]


def request_line(exchange: Exchange) -> str:
    """Method and URL, short enough for a message."""
    return f"{exchange.method} {shorten(exchange.url)}"


def describe_outcome(outcome: Outcome, exchange: Exchange) -> str:
    """What happened, as a clause: `GET https://... answered 404 Not Found`."""
    if isinstance(outcome, httpx.Response):
        return f"{request_line(exchange)} answered {outcome.status_code} {outcome.reason_phrase}".rstrip()
    return f"{request_line(exchange)} failed: {exchange.error or outcome}"


def describe_error(error: httpx.HTTPError, timeouts: httpx.Timeout) -> str:
    """Why there is no response, as a clause without a full stop."""
    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection within {timeouts.connect:g} s"
    if isinstance(error, httpx.TimeoutException):
        return f"no data for {timeouts.read:g} s"
    if bad_certificate(error):
        return f"the server's certificate is not trusted ({_innermost(error)})"
    if isinstance(error, httpx.ProxyError):
        return f"the proxy refused: {error}"
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({_innermost(error)})"
    if isinstance(error, httpx.RemoteProtocolError):
        return f"the server broke off ({_sentence(error)})"
    return _sentence(error)


def _innermost(error: BaseException) -> str:
    """The most specific text: that of the operating system or of TLS if there is one."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, (socket.gaierror, ssl.SSLError)) and cause.strerror:
            return cause.strerror
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
    return _sentence(error)


def _sentence(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__


def failure(outcome: Outcome, exchange: Exchange, decision: Decision, attempts: int, secrets: Secrets) -> RequestFailed:
    """The exception for an outcome that is final."""
    parts = [describe_outcome(outcome, exchange)]
    body = None
    if isinstance(outcome, httpx.Response):
        body = secrets.mask(outcome.text)[:BODY_SHOWN] or None
        explanation = _api_text(outcome)
        parts[0] += f": {explanation}" if explanation else ""
    text = _full_stop(parts[0])
    if decision.message:
        text = f"{_full_stop(shorten(decision.message, BODY_SHOWN))} ({text.removesuffix('.')})"
    parts = [text, _repeated(attempts), _ON_PAGINATION.get(decision.action, ""), _advice(outcome, exchange, decision)]
    message = secrets.mask(" ".join(part for part in parts if part))
    return RequestFailed(
        message,
        exchange=exchange,
        action=decision.action,
        failure_type=decision.failure_type,
        body=body,
        what=secrets.mask(text),
        unplaced=decision.unplaced,
    )


def _api_text(response: httpx.Response) -> str:
    """What the API says, on one line: its message, or else the body, or the title of a web page."""
    text = api_message(response) or response.text
    if "<" in text and "html" in response.headers.get("content-type", "html"):
        text = mask_known(text[: PAGE_SEEN + MARGIN], PAGE_SEEN)
        text = unescape(page_title(text) or _MARKUP.sub(" ", text))
    return shorten(text)


def page_title(text: str) -> str:
    """The title of a web page as it is written there; empty where its first `PAGE_SEEN` characters hold none."""
    title = _TITLE.search(text, 0, PAGE_SEEN)
    return title[1].strip() if title else ""


def reason(outcome: Outcome, decision: Decision) -> str:
    """Why a response is not accepted, to follow what happened: `: ` and the manifest's message, else the API's."""
    explanation = decision.message or (_api_text(outcome) if isinstance(outcome, httpx.Response) else "")
    return f": {shorten(explanation).rstrip('.')}" if explanation else ""


def _repeated(attempts: int) -> str:
    return f"It was tried {attempts} times." if attempts > 1 else ""


def _advice(outcome: Outcome, exchange: Exchange, decision: Decision) -> str:
    if decision.message or decision.action in _ON_PAGINATION:
        return ""
    if isinstance(outcome, httpx.Response):
        if outcome.status_code == 403 and exchange.role is Role.DOWNLOAD:
            return "The link may have expired, or the credentials lack the permission for this."
        server = "The fault is on the server's side; try again later." if outcome.status_code >= 500 else ""
        return _ADVICE.get(outcome.status_code, server)
    if bad_certificate(outcome):
        return "If a company's own authority signed it, name its file in SSL_CERT_FILE or REQUESTS_CA_BUNDLE."
    if isinstance(outcome, (httpx.NetworkError, httpx.TimeoutException, httpx.ProxyError)):
        proxies = " and the proxy that the environment names" if any(map(getproxies_environment().get, PROXIES)) else ""
        return f"Check the URL and the network{proxies}, or try again later."
    return ""


def _full_stop(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
