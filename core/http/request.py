"""A request that several parts of a manifest contribute to: requester, paginator, slice and authenticator."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from core.errors import ReadError
from core.templates.maps import ParameterText, texts_of

_FULL = re.compile(r"https?://[^\s/?#]+(?=[/?#]|$)", re.IGNORECASE)
A_REQUEST_OPTION = "a request option"
"""The source of an addition unless another one is named: a paginator or a slice."""


@dataclass(slots=True)
class RequestDraft:
    """What is known of a request so far.

    `path` is joined to `url`, or replaces it if it is a full URL. One of `json`, `form` and `content` (plain text) can
    be the body. If `home` is given, credentials and secrets go only to the origin of that URL. `source` names, for
    error messages, what adds to the request at the moment. Adding something twice raises `ReadError` with its name and
    both sources; fields of JSON bodies may be added twice with the same value (Airbyte: the same rules).
    """

    method: str = "GET"
    url: str = ""
    path: str | None = None
    params: dict[str, ParameterText] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    form: dict[str, ParameterText] = field(default_factory=dict)
    content: str | None = None
    home: str | None = None
    source: str = A_REQUEST_OPTION
    _sources: dict[tuple[str, str], str] = field(default_factory=dict)

    def set_path(self, path: str) -> None:
        """Use another path, or URL, than the requester's."""
        self._claim("path", "", taken=self.path is not None, source=self.source)
        self.path = path

    def add_param(self, name: str, value: Any) -> None:
        self._claim("query parameter", name, taken=name in self.params, source=self.source)
        self.params[name] = texts_of(value)

    def add_header(self, name: str, value: Any) -> None:
        """Add a header; names are case-insensitive."""
        taken = name.lower() in (other.lower() for other in self.headers)
        self._claim("header", name.lower(), taken=taken, source=self.source)
        text = texts_of(value)
        self.headers[name] = text if isinstance(text, str) else ", ".join(text)

    def set_text(self, text: str) -> None:
        """Use plain text as the body."""
        self._claim("body", "", taken=self.content is not None, source=self.source)
        self.content = text

    def add_form(self, name: str, value: Any) -> None:
        self._claim("form field", name, taken=name in self.form, source=self.source)
        self.form[name] = texts_of(value)

    def add_json(self, path: Sequence[str], value: Any) -> None:
        """Add a field to a JSON body, at a path of keys."""
        for key in reversed(path):
            value = {key: value}
        self.merge_json(value)

    def merge_json(self, body: Any) -> None:
        self._merge_json(body, self.source)

    def merge(self, other: RequestDraft) -> None:
        """Add what `other` has: path, parameters, headers and body, with their sources."""
        mine = self.source
        for kind, items, add in (
            ("query parameter", other.params, self.add_param),
            ("header", other.headers, self.add_header),
            ("form field", other.form, self.add_form),
        ):
            for name, value in items.items():
                self.source = other._source_of(kind, name.lower() if kind == "header" else name)
                add(name, value)
        self.source = other.source
        if other.path is not None:
            self.set_path(other.path)
        if other.json is not None:
            self.merge_json(other.json)
        if other.content is not None:
            self.set_text(other.content)
        self.source = mine

    def copy(self) -> RequestDraft:
        """An independent copy."""
        return copy.deepcopy(self)

    def full_url(self) -> str:
        """The URL with its query. Raises `ReadError`."""
        url = self._joined()
        query = urlencode(_not_in_url(self.params, url), doseq=True)
        if not _FULL.match(url):
            raise ReadError(
                f"“{url}” is not a full URL; check `url` of the requester: it begins with https:// or http://, "
                "and a host follows."
            )
        separator = "&" if urlsplit(url).query else "?"
        return f"{url.rstrip('?&')}{separator}{query}" if query else url

    def leads_to(self) -> httpx.URL:
        """Where the request goes. Raises `ReadError`."""
        return url_of(self._joined())

    def _joined(self) -> str:
        """The URL without its query parameters. Raises `ReadError` if it is invalid, or its port is."""
        try:
            url = join_url(self.url.strip(), self.path).partition("#")[0]
            _ = urlsplit(url).port
        except ValueError as error:
            raise _not_a_url(self.url.strip(), error) from None
        return url

    def build(self) -> httpx.Request:
        """The request. Raises `ReadError` if it can't be sent like this."""
        content, content_type = self._body()
        headers = httpx.Headers([(name.encode(), value.strip().encode()) for name, value in self.headers.items()])
        if content_type is not None:
            headers.setdefault("Content-Type", content_type)
        url = self.full_url()
        broken = next((name for name in self.headers if "\n" in headers[name] or "\r" in headers[name]), None)
        if broken is not None:
            raise ReadError(f"The header `{broken}` has a line break in it; headers must be one line.")
        try:
            return httpx.Request(self.method, url, headers=headers, content=content)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise _not_a_url(url, error) from None

    def _body(self) -> tuple[bytes | None, str | None]:
        """The bytes and their content type. An empty JSON object or form is no body (Airbyte: the same)."""
        written = [name for name in ("json", "form", "content") if getattr(self, name)]
        if len(written) > 1:
            kinds = {"json": "JSON", "form": "a form", "content": "plain text"}
            raise ReadError(
                f"The request has two bodies: {kinds[written[0]]} and {kinds[written[1]]}. "
                "Write one of them, and inject request options into the same kind."
            )
        if self.json:
            text = json.dumps(self.json, ensure_ascii=False, default=str, separators=(",", ":"))
            return text.encode(), "application/json"
        if self.form:
            return urlencode(self.form, doseq=True).encode(), "application/x-www-form-urlencoded"
        if self.content:
            return self.content.encode(), "text/plain; charset=utf-8"
        return None, None

    def _claim(self, kind: str, name: str, *, taken: bool, source: str) -> None:
        if taken:
            raise _collision(kind, name, self._source_of(kind, name), source)
        self._sources[kind, name] = source

    def _source_of(self, kind: str, name: str) -> str:
        return self._sources.get((kind, name), self.source)

    def _merge_json(self, body: Any, source: str) -> None:
        if isinstance(body, Mapping) and isinstance(self.json, dict | None):
            self.json = {} if self.json is None else self.json
            self._merge_mappings(self.json, body, (), source)
        elif self.json is None or self.json == body:
            self.json = body
        else:
            raise _collision("body", "", self._source_of("body field", ""), source)

    def _merge_mappings(
        self, target: MutableMapping[str, Any], added: Mapping[str, Any], path: tuple[str, ...], source: str
    ) -> None:
        for key, value in added.items():
            here = (*path, key)
            if key not in target:
                target[key] = copy.deepcopy(value)
                self._sources["body field", ".".join(here)] = source
            elif isinstance(target[key], dict) and isinstance(value, Mapping):
                self._merge_mappings(target[key], value, here, source)
            elif target[key] != value:
                names = (".".join(here[:length]) for length in range(len(here), 0, -1))
                first = next(filter(None, (self._sources.get(("body field", name)) for name in names)), self.source)
                raise _collision("body field", ".".join(here), first, source)


def join_url(url: str, path: str | None) -> str:
    """Without a path the URL as it is; else the path below it, or instead of it if it is a full URL.

    Airbyte: the same, but it takes what stands before a colon (`files:export`) for the scheme of another URL, and joins
    the path to the query of a URL that has one, with its last step and the query lost. Here the path comes before the
    query, or where that is unfinished (`?method=`), ends it.
    """
    if not path:
        return url
    if path.startswith("/") or _FULL.match(path):
        return urljoin(url, path)
    base, mark, query = url.partition("?")
    if mark and (not query or query.endswith(("=", "&"))):
        return url + path
    joined = urljoin(base if base.endswith("/") else f"{base}/", f"./{path}")
    return f"{joined}{'&' if '?' in joined else '?'}{query}" if query else joined


def url_of(text: str) -> httpx.URL:
    """The text as a URL. Raises `ReadError`."""
    try:
        return httpx.URL(text.strip())
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise _not_a_url(text, error) from None


def _not_in_url(params: Mapping[str, ParameterText], url: str) -> dict[str, ParameterText]:
    """The parameters that the URL does not have already with the same value."""
    written = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return {name: value for name, value in params.items() if written.get(name) != value}


def _not_a_url(url: str, error: Exception) -> ReadError:
    return ReadError(f"“{url}” is not a valid URL ({error}); check the URL of the requester.")


def _collision(kind: str, name: str, first: str, second: str) -> ReadError:
    what = f"The {kind} `{name}`" if name else f"The {kind} of the request"
    who = f"twice by {first}" if first == second else f"by {first} and by {second}"
    return ReadError(f"{what} is set {who}. Remove one of the two.")
