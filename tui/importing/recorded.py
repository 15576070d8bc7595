"""Requests of a recording as the builder fills requesters from them: the same as from a `curl` command."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from core.cases.case import RecordedExchange
from tui.importing.curl import CurlRequest, request_of

_FURNITURE = re.compile(r"(?:image|font|video|audio)/|text/(?:css|javascript)|application/(?:x-)?javascript", re.I)
_FURNITURE_NAME = re.compile(r".*\.(?:png|jpe?g|gif|svg|ico|webp|avif|css|m?js|woff2?|ttf|map|mp4)", re.I)

_ANYTHING = ("accept", "*/*")


def curl_request(exchange: RecordedExchange) -> CurlRequest:
    """The request of an exchange."""
    body = exchange.request_body.decode(errors="replace")
    headers = [(name, value) for name, value in exchange.request_headers if (name.lower(), value) != _ANYTHING]
    return request_of(exchange.method, exchange.url, headers, body)


def is_page_furniture(exchange: RecordedExchange) -> bool:
    """Whether an exchange is about what a web page is made of, such as images and styles, and not about data."""
    if exchange.method in ("OPTIONS", "CONNECT") or _FURNITURE.match(exchange.response_header("content-type")):
        return True
    return _FURNITURE_NAME.fullmatch(urlsplit(exchange.url).path) is not None
