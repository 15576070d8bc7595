"""Cookies go back to where they came from. Servers forget to say so, and a session cookie is a credential."""

from __future__ import annotations

from http.cookiejar import Cookie, DefaultCookiePolicy
from urllib.parse import urlsplit
from urllib.request import Request

_ORIGIN = "longhaul-origin"
_UPGRADE = ("http:80", "https:443")


class OwnOrigin(DefaultCookiePolicy):
    """Sends a cookie to the scheme and port that it is from, and from http to https on the default ports.

    Which hosts it goes to is as browsers do it.
    """

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Whether a cookie is taken; where it is from is written to it."""
        cookie.set_nonstandard_attr(_ORIGIN, _origin(request))
        return super().set_ok(cookie, request)

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        """Whether a cookie goes along with a request."""
        kept, wanted = cookie.get_nonstandard_attr(_ORIGIN), _origin(request)
        return (kept == wanted or (kept, wanted) == _UPGRADE) and super().return_ok(cookie, request)


def _origin(request: Request) -> str:
    url = urlsplit(request.full_url)
    return f"{url.scheme}:{url.port or (443 if url.scheme == 'https' else 80)}"
