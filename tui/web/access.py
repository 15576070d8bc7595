"""Who may use the builder in a browser: nobody by way of a foreign page, from other machines only with the token."""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
import socket
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

_HOST = re.compile(r"[\w.:\[\]%-]+", re.ASCII)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NO_TOKEN = "403: the token is missing or wrong. Open the address that `longhaul --serve` has printed.\n"
_FOREIGN = "403: refused, because this request comes from another site or goes by another name.\n"


class Gate:
    """Lets in who may use a server that listens at `host` and `port`.

    Any page in a browser may open a connection to this machine, also under a name of its own that leads here (DNS
    rebinding). So a server that only this machine can reach takes requests for its own name only, and no websocket
    takes one from another site. A server that others can reach wants its token, which moves into a cookie then.
    """

    def __init__(self, host: str, port: int) -> None:
        self.token = None if is_loopback(host) else secrets.token_urlsafe(24)
        self._host = host
        self._cookie = f"longhaul-{port}"

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 403 to a request that is not let in."""
        if not self._is_own(request):
            raise web.HTTPForbidden(text=_FOREIGN)
        if not self._has_token(request):
            raise web.HTTPForbidden(text=_NO_TOKEN)
        response = await handler(request)
        if self.token is not None and "token" in request.query and not response.prepared:
            response.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict")
        return response

    def _is_own(self, request: web.Request) -> bool:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if not _HOST.fullmatch(host) or (self.token is None and not self._names_this_machine(host)):
            return False
        return origin is None or origin.partition("://")[2] == host

    def _names_this_machine(self, host: str) -> bool:
        """Whether a Host header, whose port may be that of a tunnel, is one of a server on this machine."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in ("localhost", self._host.lower()) or _is_loopback_address(name)

    def _has_token(self, request: web.Request) -> bool:
        if self.token is None:
            return True
        given = (request.query.get("token", ""), request.cookies.get(self._cookie, ""))
        return any(hmac.compare_digest(one.encode(errors="replace"), self.token.encode()) for one in given)

    async def prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Complete the headers of an answer: nothing is loaded from elsewhere, framed by others, or kept."""
        host = request.headers.get("Host", "")
        response.headers["Content-Security-Policy"] = _POLICY.format(host=host if _HOST.fullmatch(host) else "")
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there. False for a name that is unknown."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(_is_loopback_address(str(address[0])) for *_, address in found)


def _is_loopback_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
