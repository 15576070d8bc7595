"""Where redirects and responses lead, and what may go there: credentials and secrets stay on their origin."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

import httpx

from core.errors import ReadError
from core.http.policy import RedirectRefused
from core.http.request import RequestDraft
from core.http.secrets import Secrets

_ORIGIN = "longhaul-origin"
_UPGRADE = ("http:80", "https:443")


class OwnOrigin(DefaultCookiePolicy):
    """Returns a cookie only to the scheme and port that set it, or from http to https on the default ports.

    Hosts are matched as browsers do it.
    """

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Whether a cookie is accepted; its origin is written to it."""
        cookie.set_nonstandard_attr(_ORIGIN, _origin(request))
        return super().set_ok(cookie, request)

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        kept, wanted = cookie.get_nonstandard_attr(_ORIGIN), _origin(request)
        return (kept == wanted or (kept, wanted) == _UPGRADE) and super().return_ok(cookie, request)


def _origin(request: Request) -> str:
    url = urlsplit(request.full_url)
    return f"{url.scheme}:{url.port or (443 if url.scheme == 'https' else 80)}"


MAX_REDIRECTS = 20


def follow(
    request: httpx.Request, plain: httpx.Request, following: httpx.Request, secrets: Secrets
) -> tuple[httpx.Request, httpx.Request]:
    """The request to send next, and the same without credentials.

    `plain` is `request` without what the authenticator added, `following` the redirected request, with the headers
    and the body of `request`. Another origin gets only what `plain` has, and nothing secret. Raises `RedirectRefused`
    if the address or the body can't be sent there.
    """
    following.read()
    following.headers.pop("cookie", None)  # the client adds those that belong there
    if same_origin(request.url, following.url):
        return following, plain
    if secrets.holds(str(following.url)):
        raise _refused(following.url, "its address holds secrets", request)
    content = plain.content if following.content else b""
    text = content.decode("utf-8", "replace")
    if secrets.mask(text) != text:
        raise _refused(following.url, "the body holds secrets", request)
    headers = [
        (name, value)
        for name, value in following.headers.multi_items()
        if name != "content-length" and not _is_credential(name, value, request, plain, secrets)
    ]
    stripped = httpx.Request(following.method, following.url, headers=headers, content=content or None)
    return stripped, stripped


def _refused(url: httpx.URL, reason: str, request: httpx.Request) -> RedirectRefused:
    return RedirectRefused(f"a redirect to another site ({url.host}) is not followed: {reason}", request=request)


def _is_credential(name: str, value: str, request: httpx.Request, plain: httpx.Request, secrets: Secrets) -> bool:
    if secrets.holds(name) or secrets.holds(value):
        return True
    added = request.headers.get(name) == value and plain.headers.get(name) != value
    by_client = name in ("host", *DEFAULTS)
    return not by_client and (added or secrets.hides(name, value))


def without_secrets(draft: RequestDraft, secrets: Secrets) -> RequestDraft:
    """A request without its secrets, for another origin than the manifest names; no credentials were added to it yet.

    Raises `ReadError` if the address or the body holds secrets.
    """

    def free(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if not secrets.holds(f"{name}={value}")}

    left = draft.copy()
    left.params = free(draft.params)
    left.headers = {name: value for name, value in draft.headers.items() if not secrets.hides(name, value)}
    request = left.build()
    for what, text in (("address", str(request.url)), ("body", request.content.decode("utf-8", "replace"))):
        if secrets.holds(text):
            raise ReadError(
                f"The API leads to another site ({request.url.host}), and the request holds secrets in its {what}: "
                f"it is not sent there. {HOW_TO_NAME}"
            )
    return left


HOW_TO_NAME = "Name that site in a `url` of the manifest if it is to get them."

DEFAULTS = ("user-agent", "accept", "accept-encoding", "connection")
"""Headers that the client adds to every request."""


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether scheme, host and port are the same; http to https on the default ports counts as the same origin."""
    if one.host != other.host:
        return False
    if (one.scheme, one.port) == (other.scheme, other.port):
        return True
    return (one.scheme, other.scheme) == ("http", "https") and one.port is None and other.port is None
