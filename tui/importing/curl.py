"""The `curl` command line, read and written: what browsers, Postman and API documentation copy to the clipboard."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote_plus, unquote, urlsplit, urlunsplit

from tui.importing.curl_options import Option, notes_on, split_options
from tui.importing.dialects import in_bash
from tui.importing.drafts import ImportRefused
from tui.importing.marks import MARK, marked, replaced
from tui.importing.material import with_line_feeds
from tui.importing.shell_text import Command, script_of

BodyKind = Literal["none", "json", "form", "text", "graphql"]
Pairs = list[tuple[str, str]]

FORM = "application/x-www-form-urlencoded"
_DATA = frozenset({"data", "data-raw", "data-binary", "data-ascii", "data-urlencode", "json"})
_PREFIXES = """
sudo doas time env command exec nohup nice watch xargs timeout docker podman kubectl then do else if
while until ! { & call start
"""
_BEFORE = frozenset(_PREFIXES.split())
"""What may stand before the command itself, with words of its own."""
_WORDS_BEFORE = 24
_LOCAL = re.compile(r"(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])(?::\d+)?(?:[/?#]|$)")
_PLACEHOLDER = re.compile(r"(?<!\{)\{([A-Za-z_][\w.-]{0,60})\}(?!\})|(?<=/):([A-Za-z_]\w{0,60})(?=[/?#]|$)")
_PLACE_IN_QUERY = re.compile(r"(?<==)\{([A-Za-z_][\w.-]{0,60})\}(?=&|$)")
_RANGE = re.compile(r"\[(\d+|[A-Za-z])-(?:\d+|[A-Za-z])(?::\d+)?\]")
_GLOB = re.compile(r"\{([^{},]*),[^{}]*\}|\[(\w+)-\w+(?::\d+)?\]")
_UNREADABLE = "\ufffd"
"""Stands for what is encoded in other ways than as UTF-8."""
_MOST_REQUESTS = 200
_MOST_CHARACTERS = 2_000_000


@dataclass(slots=True)
class CurlRequest:
    """The request that a command sends. `url` is without its query, which is in `params`.

    `body` is a mapping for JSON and GraphQL, pairs for a form, else text. `notes` say what was left out. Texts may hold
    marks (see `marks`); `known` are the values of those that have one.
    """

    method: str
    url: str
    params: Pairs = field(default_factory=list)
    headers: Pairs = field(default_factory=list)
    user: tuple[str, str] | None = field(default=None, repr=False)
    aws: tuple[str, str] | None = None
    """The region and the service that it is signed for, where it is; `user` is the access key then."""
    body_kind: BodyKind = "none"
    body: Any = None
    notes: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict, repr=False)

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


def parse_curl(text: str) -> CurlRequest:
    """The first request of the first `curl` command in a text. Raises ImportRefused."""
    requests = curl_requests(text)
    if len(requests) > 1:
        requests[0].notes.append(f"Only the first of {len(requests)} requests was taken.")
    return requests[0]


def curl_requests(text: str) -> list[CurlRequest]:
    """The requests of all `curl` commands in a text, at least one. Raises ImportRefused."""
    text = with_line_feeds(text).strip()
    if len(text) > _MOST_CHARACTERS:
        raise ImportRefused(f"More than {_MOST_CHARACTERS:,} characters are not read as a command.")
    script = script_of(in_bash(text))
    found: list[CurlRequest] = []
    is_there = False
    for command in script.commands:
        words = _curl_words(command.words)
        if words is None:
            continue
        is_there = True
        for options in split_options(words):
            found += _requests_of(options, command, script.known)
        if len(found) > _MOST_REQUESTS:
            raise ImportRefused(f"More than {_MOST_REQUESTS} requests are not read at once.")
    if not found:
        said = "The command names no URL." if is_there else "This is not a curl command; it begins with `curl`."
        raise ImportRefused(said)
    return found


def request_of(method: str, url: str, headers: Pairs, body: str) -> CurlRequest:
    """A request that is known by its parts, in the shape of a command."""
    address, params, _ = _split(url)
    request = CurlRequest(method.upper(), address, params, headers)
    if body:
        fill_body(request, body)
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


def fill_body(request: CurlRequest, text: str, *, is_json: bool = False) -> None:
    """Give a request a body: as JSON, GraphQL or a form where that is what its content type and its text say."""
    content_type = (request.header("Content-Type") or "").lower()
    parsed = _json(text)
    if isinstance(parsed, dict) and ("json" in content_type or not content_type or is_json):
        request.body_kind = "graphql" if isinstance(parsed.get("query"), str) and "graphql" in request.url else "json"
        request.body = parsed
    elif (FORM in content_type or not content_type) and _is_form(text):
        request.body_kind, request.body = "form", parse_qsl(text, keep_blank_values=True)
    else:
        request.body_kind, request.body = "text", text


# Commands


def _curl_words(words: list[str]) -> list[str] | None:
    """The words behind `curl`, where a command is one; `sudo`, `time` and the like may stand before it."""
    places = (place for place, word in enumerate(words[:_WORDS_BEFORE]) if _is_curl(word))
    place = next(places, None)
    if place is None or (place > 0 and words[0].rsplit("/", 1)[-1] not in _BEFORE):
        return None
    return words[place + 1 :]


def _is_curl(word: str) -> bool:
    return re.split(r"[/\\]", word)[-1].lower().removesuffix(".exe") == "curl"


def _requests_of(options: list[Option], command: Command, known: dict[str, str]) -> list[CurlRequest]:
    """What a command sends: one request for each of its URLs, which share all else."""
    urls = [value for name, value in options if name == "url" and value]
    return [_request(url, options, command, known) for url in urls]


def _request(url: str, options: list[Option], command: Command, known: dict[str, str]) -> CurlRequest:
    given = {name for name, _ in options}
    notes = notes_on(options)
    if "globoff" not in given:
        url = _without_globs(url, notes)
    address, params, user = _split(_with_scheme(url))
    request = CurlRequest("GET", address, params, user=user, notes=notes, known=dict(known))
    data: list[str] = []
    for name, value in options:
        if name in _DATA:
            _add_data(request, name, value, command.stdin, data)
        else:
            _take(request, name, value, command.stdin)
    has_body = bool(given & _DATA)
    if "get" in given:
        request.params += parse_qsl("".join(data), keep_blank_values=True)
    elif data:
        _fill_from_data(request, "".join(data), is_json="json" in given)
    request.method = _method(options, has_body=has_body and "get" not in given)
    _note_form(request, options)
    if request.header("Authorization") is not None:
        request.user = None
    request.notes = [str(replaced(one, lambda name: f"${name}")) for one in request.notes]
    return request


def _method(options: list[Option], *, has_body: bool) -> str:
    given = dict(options)
    if given.get("request"):
        return given["request"].upper()
    if "head" in given:
        return "HEAD"
    if "upload-file" in given:
        return "PUT"
    return "POST" if has_body or given.keys() & {"form", "form-string"} else "GET"


def _take(request: CurlRequest, name: str, value: str, stdin: str | None) -> None:
    """Take over an option that says something of the request."""
    headers = request.headers
    match name:
        case "header" if value.startswith("@"):
            request.notes.append(f"The headers are in the file {value[1:]}, which was not read.")
        case "header":
            header, colon, content = value.partition(":")
            if colon and content.strip():
                headers.append((header.strip(), content.strip()))
        case "user":
            user, colon, password = value.partition(":")
            is_asked = not colon and not MARK.search(user)  # curl asks for it
            request.user = (user, marked("password") if is_asked else password)
        case "aws-sigv4":
            request.aws = _signed_for(value, request.url)
        case "oauth2-bearer":
            headers.append(("Authorization", f"Bearer {value}"))
        case "cookie" if "=" not in value and not MARK.search(value):
            request.notes.append(f"The cookies are in the file {value}, which was not read.")
        case "cookie":
            headers.append(("Cookie", value))
        case "user-agent" | "referer" if value:
            headers.append((name.title(), value.removesuffix(";auto")))
        case "range" if value:
            headers.append(("Range", f"bytes={value}"))
        case "url-query":
            query = value[1:] if value.startswith("+") else _urlencoded(request, value, stdin)
            request.params += parse_qsl(query or "", keep_blank_values=True)


def _signed_for(value: str, url: str) -> tuple[str, str]:
    """The region and the service of `--aws-sigv4 aws:amz:REGION:SERVICE`; curl takes those left out from the host."""
    parts = [*value.split(":"), "", "", "", ""]
    host = (urlsplit(url).hostname or "").split(".")
    return parts[2] or (host[1] if len(host) > 2 else ""), parts[3] or host[0]


def _note_form(request: CurlRequest, options: list[Option]) -> None:
    parts = [value.partition("=")[0] for name, value in options if name in ("form", "form-string")]
    if parts:
        names = ", ".join(dict.fromkeys(parts))
        request.notes.append(
            f"Forms of several parts (-F) can't be sent, so these fields were left out: {names}. Many APIs take them "
            "as an ordinary form or as JSON, too: add them in Request Body. Files can't be sent."
        )


# Data


def _add_data(request: CurlRequest, name: str, value: str, stdin: str | None, data: list[str]) -> None:
    """Append the data of one option, as `curl` joins them."""
    text: str | None
    if name == "data-urlencode":
        text = _urlencoded(request, value, stdin)
    elif value.startswith("@") and name != "data-raw":
        text = _from_file(request, value[1:], stdin)
        if text is not None and name in ("data", "data-ascii"):
            text = text.replace("\n", "").replace("\r", "")
    else:
        text = value
    if text is not None:
        data.append(f"&{text}" if data and name != "json" else text)


def _urlencoded(request: CurlRequest, value: str, stdin: str | None) -> str | None:
    """`content`, `=content`, `name=content`, `@file` or `name@file` with the content encoded."""
    found = re.search(r"[=@]", value)
    if found is None:
        return quote_plus(value)
    name, content = value[: found.start()], value[found.end() :]
    if found[0] == "@":
        read = _from_file(request, content, stdin)
        if read is None:
            return None
        content = read
    return f"{name}={quote_plus(content)}" if name else quote_plus(content)


def _from_file(request: CurlRequest, file: str, stdin: str | None) -> str | None:
    """What stands on the standard input where the text says it. Files are not read."""
    if file == "-" and stdin is not None:
        return stdin
    where = "the standard input, which is not known here" if file == "-" else f"the file {file}, which was not read"
    request.notes.append(f"The data comes from {where}.")
    return None


def _fill_from_data(request: CurlRequest, text: str, *, is_json: bool) -> None:
    if is_json:
        for name in ("Content-Type", "Accept"):
            if request.header(name) is None:
                request.headers.append((name, "application/json"))
    fill_body(request, text, is_json=is_json)
    if request.body_kind == "text" and request.header("Content-Type") is None:
        request.headers.append(("Content-Type", FORM))  # what `curl` calls all data


# URLs


def _with_scheme(url: str) -> str:
    if url.startswith(("http://", "https://", "{{")) or "://" in url.partition("?")[0] or url.startswith("\ue000"):
        return url
    return f"{'http' if _LOCAL.match(url) else 'https'}://{url}"


def _without_globs(url: str, notes: list[str]) -> str:
    """The first of the URLs that one with `{a,b}` or `[1-9]` stands for; `{id}` is a place for a value."""
    base, question, query = url.partition("?")
    first = _GLOB.sub(lambda found: found[1] or found[2] or "", base)
    plain = _RANGE.sub(lambda found: found[1], query)
    if (first, plain) != (base, query):
        notes.append("The URL stands for several; the first of them was taken.")
    return _with_places(first) + question + _PLACE_IN_QUERY.sub(lambda found: marked(found[1]), plain)


def _with_places(url: str) -> str:
    """The URL with marks where documentation writes `{id}` or `:id`."""
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + _PLACEHOLDER.sub(lambda found: marked(found[1] or found[2]), rest)


def _split(url: str) -> tuple[str, Pairs, tuple[str, str] | None]:
    """A URL without its query, the query, and the name and password in it."""
    if url.startswith(("{{", "\ue000")):
        base, _, query = url.partition("#")[0].partition("?")
        return base, parse_qsl(query, keep_blank_values=True), None
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ImportRefused("The URL of the command can't be read.") from None
    user: tuple[str, str] | None = None
    before, at, host = parts.netloc.rpartition("@")
    if at:
        name, _, password = before.partition(":")
        user = (unquote(name), unquote(password))
    pairs = parts.query.split("&")
    odd = [one for one in pairs if _UNREADABLE in unquote(one)]
    plain = urlunsplit(parts._replace(netloc=host, query="&".join(odd), fragment=""))
    return plain, parse_qsl("&".join(one for one in pairs if one not in odd), keep_blank_values=True), user


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_form(text: str) -> bool:
    """Whether a text is pairs of a form, spaces in their values forgiven."""
    parts = text.split("&")
    is_read = _UNREADABLE not in unquote(text) or _UNREADABLE in text
    return bool(text) and is_read and all(re.match(r"[^=\s{}<\"]+=", one) and "\n" not in one for one in parts)
