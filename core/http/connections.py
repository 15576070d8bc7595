"""The HTTP clients of a run, and how they connect: trusted authorities and proxies."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

import httpcore
import httpx

from core.errors import ReadError
from core.extras import how_to_install
from core.http.bodies import CODINGS
from core.http.messages import PROXIES
from core.http.origins import OwnOrigin
from core.http.secrets import MASK, Secrets
from core.version import VERSION

SHARE = 8
"""Requests per client; the cost of its connection pool grows with the square of its connections."""
MOST = 64
"""The most clients; when all are busy, requests wait for a connection of the least busy one."""

READ = 262_144
"""Bytes that are read from a connection at once: as many as asyncio takes from the socket. What httpcore asks for, a
quarter of that, costs as much time again, for the rest is copied each time.
"""
httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = READ


class Clients:
    """Clients that share their cookies; each cookie goes to its own origin only.

    `make` makes a client; the first one is made at once. Earlier clients are preferred, so that successive requests
    find their connections open.
    """

    def __init__(self, make: Callable[[httpx.Limits, CookieJar], httpx.AsyncClient]) -> None:
        self._cookies = CookieJar(OwnOrigin())
        self._make = make
        self._clients: list[httpx.AsyncClient] = []
        self._busy: list[int] = []
        self._add()

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """A client for one request, up to the end of its response."""
        if min(self._busy) >= SHARE and len(self._clients) < MOST:
            self._add()
        index = next((index for index, busy in enumerate(self._busy) if busy < SHARE), None)
        if index is None:
            index = self._busy.index(min(self._busy))
        self._busy[index] += 1
        try:
            yield self._clients[index]
        finally:
            self._busy[index] -= 1

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()

    def _add(self) -> None:
        limits = httpx.Limits(max_connections=SHARE, max_keepalive_connections=SHARE)
        self._clients.append(self._make(limits, self._cookies))
        self._busy.append(0)


AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that name trusted authorities: a file or a directory."""
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def open_clients(secrets: Secrets) -> Clients:
    """The clients of a run. The proxies of the environment are checked, and their passwords registered as secrets.

    Raises `ReadError` with the variable that can't be used.
    """
    tls = tls_context()
    proxies = {name: url for name, url in getproxies_environment().items() if name in PROXIES and url}
    for name, url in proxies.items():
        _check_proxy(_variable(f"{name}_proxy"), url, secrets)
    try:
        return Clients(lambda limits, cookies: _client(tls, proxies, limits, cookies))
    except (httpx.InvalidURL, ValueError) as error:
        raise ReadError(
            f"{_variable('no_proxy')} can't be used: {error}. Write the hosts that need no proxy, with commas between."
        ) from None
    except ImportError:
        raise ReadError(how_to_install("SOCKS proxies", "socks")) from None


def tls_context() -> ssl.SSLContext:
    """The authorities that the environment names, else those that come with httpx.

    Raises `ReadError` with the variable that names what can't be used.
    """
    named: dict[str, tuple[str, str]] = {}
    for name in AUTHORITIES:
        if value := os.environ.get(name):  # to load the same file twice would take a tenth of the start
            named.setdefault(os.path.realpath(value), (name, value))
    _check_key_log()
    if not named:
        return httpx.create_ssl_context(trust_env=False)
    context: ssl.SSLContext | None = None
    for name, value in named.values():
        directory = name.endswith("_DIR") or Path(value).is_dir()
        try:
            if directory:
                places = value.split(os.pathsep) if name.endswith("_DIR") else [value]
                for place in places:
                    os.listdir(place)
                    context = _with_authorities(context, capath=place)
            else:
                context = _with_authorities(context, cafile=value)
        except OSError as error:
            kind = "directory" if directory else "file"
            reason = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
            raise ReadError(
                f"{name} names the {kind} {value} for the authorities to trust, but that can't be used: {reason}."
            ) from None
    assert context is not None
    return context


def _with_authorities(
    context: ssl.SSLContext | None, *, cafile: str | None = None, capath: str | None = None
) -> ssl.SSLContext:
    if context is None:
        return ssl.create_default_context(cafile=cafile, capath=capath)
    context.load_verify_locations(cafile=cafile, capath=capath)
    return context


def _check_key_log() -> None:
    """Python writes the keys of TLS connections to this file, and fails if it can't."""
    path = os.environ.get("SSLKEYLOGFILE")
    try:
        if path:
            with open(path, "a", encoding="ascii"):
                pass
    except OSError as error:
        raise ReadError(
            f"SSLKEYLOGFILE names {path} for the keys of connections, but that can't be written: {error.strerror}."
        ) from None


def _check_proxy(variable: str, written: str, secrets: Secrets) -> None:
    text = written if "://" in written else f"http://{written}"
    scheme, _, rest = text.partition("://")
    shown = f"{scheme}://{MASK}@{rest.rpartition('@')[2]}" if "@" in rest else text
    _, _, password = rest.rpartition("@")[0].partition(":")
    for secret in {password, unquote(password)}:
        secrets.add(secret)
    try:
        url, port = httpx.URL(text), urlsplit(text).port
        fits = scheme.lower() in _PROXY_SCHEMES and bool(url.host) and port != 0
    except (httpx.InvalidURL, ValueError):
        fits = False
    if not fits:
        raise ReadError(
            f"{variable} names the proxy “{shown}”, which is no address of one. "
            "Write it as http://HOST:PORT; characters such as / and @ of a password as %2F and %40."
        )


def _variable(name: str) -> str:
    """The name of a variable as it is in the environment; lower case takes precedence."""
    return name if name in os.environ else name.upper()


def client_headers() -> dict[str, str]:
    """The headers that every request has unless the manifest says otherwise."""
    return {"User-Agent": f"longhaul/{VERSION}", "Accept-Encoding": CODINGS}


def _client(
    tls: ssl.SSLContext, proxies: dict[str, str], limits: httpx.Limits, cookies: CookieJar
) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers=client_headers(),
        limits=limits,
        verify=tls,
        cookies=cookies,
        mounts=_to_https_proxies(tls, proxies, limits),
    )


def _to_https_proxies(
    tls: ssl.SSLContext, proxies: dict[str, str], limits: httpx.Limits
) -> dict[str, httpx.AsyncHTTPTransport]:
    """Transports for proxies that use TLS themselves: by default, httpx trusts its own authorities there."""
    if "*" in getproxies_environment().get("no", "").replace(",", " ").split():
        return {}
    return {
        f"{name}://": httpx.AsyncHTTPTransport(verify=tls, limits=limits, proxy=httpx.Proxy(url, ssl_context=tls))
        for name, url in proxies.items()
        if url.lower().startswith("https://")
    }
