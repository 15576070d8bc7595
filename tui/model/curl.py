"""The `curl` command line, read and written: what browsers, Postman and API documentation copy to the clipboard."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

BodyKind = Literal["none", "json", "form", "text", "graphql"]
Pairs = list[tuple[str, str]]

_QUOTED = re.compile(
    r"(?<!\S)(?:\|\|?|;|&&?|>>?)(?!\S)|\\\r?\n|\^\r?\n|'[^']*'|\$'((?:[^'\\]|\\.)*)'|\"(?:\\.|[^\"\\])*\"", re.DOTALL
)
_END = "\0"
"""Stands where the command ends, in a pipe for example."""
_WITHOUT_MEANING = frozenset(
    {"compressed", "insecure", "location", "silent", "show-error", "include", "verbose", "fail", "http1.1", "http2"}
    | {"globoff", "no-buffer", "ipv4", "ipv6"}
)
_SHORT = {
    "X": "request",
    "H": "header",
    "d": "data",
    "u": "user",
    "G": "get",
    "b": "cookie",
    "F": "form",
    "A": "user-agent",
    "e": "referer",
    "I": "head",
    "k": "insecure",
    "L": "location",
    "s": "silent",
    "S": "show-error",
    "i": "include",
    "v": "verbose",
    "f": "fail",
    "g": "globoff",
    "N": "no-buffer",
    "o": "output",
    "m": "max-time",
    "x": "proxy",
}
_SWITCHES = _WITHOUT_MEANING | {"get", "head"}
_DATA = frozenset({"data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json"})
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}


class CurlError(ValueError):
    """A text that is no `curl` command; the message is for people."""


@dataclass(slots=True)
class CurlRequest:
    """The request that a command sends. `url` is without its query, which is in `params`.

    `body` is a mapping for JSON and GraphQL, pairs for a form, else text. `notes` say what was left out.
    """

    method: str
    url: str
    params: Pairs = field(default_factory=list)
    headers: Pairs = field(default_factory=list)
    user: tuple[str, str] | None = None
    body_kind: BodyKind = "none"
    body: Any = None
    notes: list[str] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


def parse_curl(text: str) -> CurlRequest:
    """Read a `curl` command. Raises CurlError."""
    words = _words(text)
    options, urls = _options(words[1:])
    if not urls:
        raise CurlError("The command names no URL.")
    if not urls[0].startswith(("http://", "https://", "{{")):
        urls[0] = f"https://{urls[0]}"
    url, params = _split(urls[0])
    request = CurlRequest("GET", url, params)
    data: list[str] = []
    for name, value in options:
        _take(request, name, value, data)
    given = next((value for name, value in options if name == "request"), None)
    in_url = any(name == "get" for name, _ in options)
    if in_url:
        request.params += parse_qsl("&".join(data), keep_blank_values=True)
    elif data:
        _fill_body(request, data, json_options=[name for name, _ in options if name == "json"])
    implied = "HEAD" if any(name == "head" for name, _ in options) else "POST" if data and not in_url else "GET"
    request.method = (given or implied).upper()
    return request


def request_of(method: str, url: str, headers: Pairs, body: str) -> CurlRequest:
    """A request that is known by its parts, in the shape of a command."""
    address, params = _split(url)
    request = CurlRequest(method.upper(), address, params, headers)
    if body:
        _fill_body(request, [body], json_options=[])
    return request


def to_curl(method: str, url: str, headers: Iterable[tuple[str, str]] = (), body: str | None = None) -> str:
    """A command that sends this request, one option a line."""
    lines = ["curl"]
    if method.upper() != ("POST" if body else "GET"):
        lines[0] += f" -X {shlex.quote(method.upper())}"
    lines[0] += f" {shlex.quote(url)}"
    lines += [f"  -H {shlex.quote(f'{name}: {value}')}" for name, value in headers]
    if body:
        lines.append(f"  --data-raw {shlex.quote(body)}")
    return " \\\n".join(lines)


def _words(text: str) -> list[str]:
    plain = _QUOTED.sub(_plainly, text.strip().removeprefix("$ "))
    try:
        words = shlex.split(plain)
    except ValueError as error:
        raise CurlError(f"The command can't be read: {str(error).lower()}.") from None
    end = next((index for index, word in enumerate(words) if word == _END), len(words))
    if not words[:end] or words[0].rsplit("/", 1)[-1].removesuffix(".exe") != "curl":
        raise CurlError("This is not a curl command; it begins with `curl`.")
    return words[:end]


def _plainly(match: re.Match[str]) -> str:
    """What `shlex` does not know in a way that it does: `$'...'`, continued lines, and ends of commands."""
    found = match[0]
    if found.startswith("$'"):
        return shlex.quote(_unescaped(match[1]))
    if found[0] in "\\^":
        return " "
    return found if found[0] in "'\"" else _END


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "uUx" and len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    return re.sub(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{1,2}|.)", one, text, flags=re.DOTALL)


def _options(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The options with their values, by their long names, and the URLs."""
    options: list[tuple[str, str]] = []
    urls: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name == "url":
                urls.append(value if equals else next(rest, ""))
            elif name in _SWITCHES:
                options.append((name, ""))
            else:
                options.append((name, value if equals else next(rest, "")))
        elif word.startswith("-") and len(word) > 1:
            options += _short(word[1:], rest)
        else:
            urls.append(word)
    return options, urls


def _short(letters: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    for place, letter in enumerate(letters):
        name = _SHORT.get(letter, letter)
        if name in _SWITCHES:
            yield name, ""
        else:
            yield name, letters[place + 1 :] or next(rest, "")
            return


def _take(request: CurlRequest, name: str, value: str, data: list[str]) -> None:
    if name in _DATA:
        if value.startswith("@") and name != "data-raw":
            request.notes.append(f"The data comes from the file {value[1:]}, which was not read.")
        else:
            data.append(_urlencoded(value) if name == "data-urlencode" else value)
    elif name == "header":
        header, colon, content = value.partition(":")
        if colon and content.strip():
            request.headers.append((header.strip(), content.strip()))
    elif name == "user":
        user, _, password = value.partition(":")
        request.user = (user, password)
    elif name in ("cookie", "user-agent", "referer"):
        request.headers.append((name.title(), value))
    elif name in ("form", "form-string"):
        request.notes.append(f"The form part {value.partition('=')[0]} was left out: uploads are not supported.")
    elif name not in _SWITCHES and name != "request":
        request.notes.append(f"The option {'-' if len(name) == 1 else '--'}{name} was left out.")


def _urlencoded(value: str) -> str:
    name, equals, content = value.partition("=")
    if not equals:
        return quote_plus(value)
    return f"{name}={quote_plus(content)}" if name else quote_plus(content)


def _split(url: str) -> tuple[str, Pairs]:
    if url.startswith("{{"):
        base, _, query = url.partition("?")
        return base, parse_qsl(query, keep_blank_values=True)
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="", fragment="")), parse_qsl(parts.query, keep_blank_values=True)


def _fill_body(request: CurlRequest, data: list[str], json_options: list[str]) -> None:
    text = "".join(data) if json_options else "&".join(data)
    content_type = (request.header("Content-Type") or "").lower()
    parsed = _json(text)
    if isinstance(parsed, dict) and ("json" in content_type or not content_type or json_options):
        request.body_kind = "graphql" if isinstance(parsed.get("query"), str) and "graphql" in request.url else "json"
        request.body = parsed
    elif "x-www-form-urlencoded" in content_type or (not content_type and _is_form(text)):
        request.body_kind, request.body = "form", parse_qsl(text, keep_blank_values=True)
    else:
        request.body_kind, request.body = "text", text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_form(text: str) -> bool:
    return bool(text) and all("=" in part and not re.search(r"\s", part) for part in text.split("&"))
