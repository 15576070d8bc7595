"""Where a redirect leads, and what may come along: credentials and secrets stay on their origin."""

from __future__ import annotations

import httpx

from core.http.policy import RedirectRefused
from core.http.secrets import Secrets

MAX_REDIRECTS = 20


def follow(
    request: httpx.Request, plain: httpx.Request, following: httpx.Request, secrets: Secrets
) -> tuple[httpx.Request, httpx.Request]:
    """The request to send next, and the same without credentials.

    `plain` is `request` without what the authenticator added, `following` where the redirect leads, with the
    headers and the body of `request`. On another origin only what `plain` has goes along, and none of it that
    is secret. Raises `RedirectRefused` when the body can't be sent there.
    """
    following.read()
    if same_origin(request.url, following.url):
        return following, plain
    content = plain.content if following.content else b""
    text = content.decode("utf-8", "replace")
    if secrets.mask(text) != text:
        raise RedirectRefused(
            f"a redirect to another site ({following.url.host}) is not followed: the body holds secrets",
            request=request,
        )
    headers = [
        (name, value)
        for name, value in following.headers.multi_items()
        if name != "content-length" and not _is_credential(name, value, request, plain, secrets)
    ]
    stripped = httpx.Request(following.method, following.url, headers=headers, content=content or None)
    return stripped, stripped


def _is_credential(name: str, value: str, request: httpx.Request, plain: httpx.Request, secrets: Secrets) -> bool:
    added = request.headers.get(name) == value and plain.headers.get(name) != value
    by_client = name in ("host", "cookie", *DEFAULTS)
    return not by_client and (added or secrets.hides(name, value))


DEFAULTS = ("user-agent", "accept", "accept-encoding", "connection")
"""Headers that the client adds to every request."""


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Same scheme, host and port; from http to https on the default ports is no change of origin."""
    if one.host != other.host:
        return False
    if (one.scheme, one.port) == (other.scheme, other.port):
        return True
    return (one.scheme, other.scheme) == ("http", "https") and one.port is None and other.port is None
