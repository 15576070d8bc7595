"""Postman collections, versions 2.0 and 2.1: folders, variables, inherited authentication, bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from core.wording import one_line
from tui.importing.curl import FORM, CurlRequest, Pairs, fill_body, request_of
from tui.importing.drafts import ImportRefused, InputDraft, Offer, StreamDraft
from tui.importing.input_drafts import InputCollector
from tui.importing.marks import MARK, marked, without_marks
from tui.importing.material import Material
from tui.importing.requests import name_of, requester_of, stream_of

_MOST_REQUESTS = 5_000
_DEEPEST = 30
_VARIABLE = re.compile(r"\{\{\s*([^{}]{1,100}?)\s*\}\}")
_PATH_VARIABLE = re.compile(r"(?<=/):([A-Za-z_][\w-]*)")
_SHOWN = 60
_LONGEST_VALUE = 10_000
_LANGUAGES = {"json": "application/json", "xml": "application/xml", "html": "text/html", "text": "text/plain"}


@dataclass(frozen=True, slots=True)
class _Item:
    """A request in its folders, with the authentication that counts for it."""

    name: str
    folders: tuple[str, ...]
    request: Mapping[str, Any]
    auth: Mapping[str, Any] | None
    variables: Mapping[str, str] = field(repr=False)


class PostmanSource:
    """The requests of a collection, by their folders."""

    def __init__(self, name: str, items: Sequence[_Item]) -> None:
        self._name = name
        self._items = items

    @property
    def title(self) -> str:
        return f"Postman collection {self._name}".strip()

    def offers(self) -> list[Offer]:
        return [
            Offer(str(place), f"{_method(one)} {one_line(one.name, _SHOWN)}", _address(one), " / ".join(one.folders))
            for place, one in enumerate(self._items)
        ]

    def drafts(self, keys: Sequence[str]) -> list[StreamDraft]:
        """The streams of the chosen requests. Raises ImportRefused when one of them has no URL."""
        return [_draft(one) for place, one in enumerate(self._items) if str(place) in keys]


def read_postman(material: Material) -> PostmanSource | None:
    """The collection in a text or file; None when it is none. Raises ImportRefused."""
    tree: Mapping[str, Any] = material.mapping
    tree = _mapping(tree.get("collection")) or tree  # as the API of Postman wraps it
    info = _mapping(tree.get("info"))
    if not isinstance(tree.get("item"), list) or not ("_postman_id" in info or "schema" in info or "name" in info):
        if "requests" in tree and "order" in tree and "folders" in tree:
            raise ImportRefused("This is a Postman collection of version 1; export it as version 2.1.")
        return None
    items = list(_items(tree, (), None, {}, 0))
    if not items:
        raise ImportRefused("There are no requests in this Postman collection.")
    return PostmanSource(str(info.get("name") or ""), items)


def _items(
    folder: Mapping[str, Any],
    path: tuple[str, ...],
    auth: Mapping[str, Any] | None,
    variables: Mapping[str, str],
    depth: int,
) -> Iterator[_Item]:
    if depth > _DEEPEST:
        raise ImportRefused("The folders of the collection are nested too deeply to be read.")
    auth = _mapping(folder.get("auth")) or auth
    variables = {**variables, **_variables(folder.get("variable"))}
    for number, entry in enumerate(_rows(folder.get("item"))):
        if number >= _MOST_REQUESTS:
            raise ImportRefused(f"More than {_MOST_REQUESTS:,} requests in a folder are not read.")
        name = str(entry.get("name") or "")
        if isinstance(entry.get("item"), list):
            yield from _items(entry, (*path, name), auth, variables, depth + 1)
        elif entry.get("request"):
            written = entry["request"]
            request = written if isinstance(written, Mapping) else {"url": str(written)}
            own = _mapping(request.get("auth")) or auth
            yield _Item(name or "request", path, request, own, {**variables, **_variables(entry.get("variable"))})


# Streams


def _draft(item: _Item) -> StreamDraft:
    known = dict(item.variables)
    request = _request(item, known)
    collector = InputCollector(_resolved(known))
    authenticator, notes = _authenticator(item, request, collector)
    requester = requester_of(request, collector)
    if authenticator is not None:
        order = ("type", "url", "http_method")
        head = {key: requester[key] for key in order}
        requester = {**head, "authenticator": authenticator, **{k: v for k, v in requester.items() if k not in order}}
    name = re.sub(r"[^\w]+", "_", item.name.lower()).strip("_")[:60] or name_of(request.url)
    return stream_of(name, requester, collector.inputs, (*request.notes, *notes))


def _request(item: _Item, known: dict[str, str]) -> CurlRequest:
    """The request, with marks where it has variables; values of variables in its path are added to `known`."""
    written = item.request
    parts = _mapping(written.get("url"))
    raw = str(parts.get("raw") or "") if parts else str(written.get("url") or "")
    raw = raw or _joined(parts)
    if not raw.strip():
        raise ImportRefused(f"The request {item.name} has no URL.")
    base, _, query = _marked(raw).partition("#")[0].partition("?")
    for key, value in _variables(parts.get("variable")).items():
        known.setdefault(key, value)
    base = _PATH_VARIABLE.sub(lambda found: marked(found[1]), base)
    if not base.startswith(("http://", "https://", "\ue000")):
        base = f"https://{base}"
    request = request_of(
        _method(item), f"{base}?{query}" if query and "query" not in parts else base, _headers(item), ""
    )
    if "query" in parts:
        request.params = [(unquote_plus(name), unquote_plus(value)) for name, value in _pairs(parts["query"])]
    _fill(request, _mapping(written.get("body")))
    return request


def _joined(url: Mapping[str, Any]) -> str:
    """A URL from its parts."""
    host, path = url.get("host"), url.get("path")
    host = ".".join(map(str, host)) if isinstance(host, list) else str(host or "")
    steps = path if isinstance(path, list) else [path or ""]
    plain = [str(one.get("value", "")) if isinstance(one, Mapping) else str(one) for one in steps]
    scheme = f"{url['protocol']}://" if url.get("protocol") else ""
    return f"{scheme}{host}/{'/'.join(plain).lstrip('/')}" if host else ""


def _headers(item: _Item) -> Pairs:
    written = item.request.get("header")
    if isinstance(written, str):
        lines = (line.partition(":") for line in written.splitlines())
        return [(_marked(name.strip()), _marked(value.strip())) for name, colon, value in lines if colon]
    return [(name, value) for name, value in _pairs(written) if name]


def _fill(request: CurlRequest, body: Mapping[str, Any]) -> None:
    """Give the request its body."""
    match body.get("mode"):
        case "raw" if str(body.get("raw") or "").strip():
            language = _mapping(_mapping(body.get("options")).get("raw")).get("language")
            text = _marked(str(body["raw"]))
            content_type = _LANGUAGES.get(str(language))
            if content_type and request.header("Content-Type") is None:
                request.headers.append(("Content-Type", content_type))
            fill_body(request, text)
        case "urlencoded":
            request.body_kind, request.body = "form", _pairs(body.get("urlencoded"))
            request.headers = [one for one in request.headers if one[0].lower() != "content-type"]
            request.headers.append(("Content-Type", FORM))
        case "graphql":
            graphql = _mapping(body.get("graphql"))
            request.body_kind = "graphql"
            request.body = {"query": _marked(str(graphql.get("query") or "")), **_graphql_variables(graphql)}
        case "formdata" if _rows(body.get("formdata")):
            names = ", ".join(str(one.get("key")) for one in _rows(body.get("formdata")) if not one.get("disabled"))
            request.notes.append(f"Forms of several parts can't be sent, so these fields were left out: {names}.")
        case "file":
            request.notes.append("The body is a file, which was not read.")


def _graphql_variables(graphql: Mapping[str, Any]) -> dict[str, Any]:
    written = graphql.get("variables")
    if isinstance(written, str) and written.strip():
        try:
            written = json.loads(_marked(written))
        except (ValueError, RecursionError):
            return {}
    return {"variables": written} if isinstance(written, Mapping) and written else {}


# Authentication


def _authenticator(
    item: _Item, request: CurlRequest, inputs: InputCollector
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The authenticator that an item has or inherits, and what is to be said of it."""
    auth = item.auth or {}
    kind = str(auth.get("type") or "noauth")
    values = _settings(auth.get(kind))
    if kind == "noauth" or request.header("Authorization") is not None:
        return None, ()
    match kind:
        case "bearer":
            token = inputs.secret("api_key", "API Key", values.get("token", ""))
            return {"type": "BearerAuthenticator", "api_token": token}, ()
        case "basic":
            username = values.get("username", "")
            if username and not values.get("password"):  # the user is the key then
                key = inputs.secret("api_key", "API Key", username)
                return {"type": "BasicHttpAuthenticator", "username": key}, ()
            named = inputs.text(username) if MARK.search(username) else _plain(inputs, "username", "Username", username)
            password = inputs.secret("password", "Password", values.get("password", ""))
            return {"type": "BasicHttpAuthenticator", "username": named, "password": password}, ()
        case "apikey":
            where = "request_parameter" if values.get("in") == "query" else "header"
            option = {
                "type": "RequestOption",
                "inject_into": where,
                "field_name": inputs.text(values.get("key") or "X-Api-Key"),
            }
            token = inputs.secret("api_key", "API Key", values.get("value", ""))
            return {"type": "ApiKeyAuthenticator", "api_token": token, "inject_into": option}, ()
        case "oauth2":
            return _oauth(values, inputs)
    return None, (f"The authentication {kind} of {item.name} was left out: choose one in the stream.",)


def _oauth(values: Mapping[str, str], inputs: InputCollector) -> tuple[dict[str, Any], tuple[str, ...]]:
    endpoint = values.get("refreshTokenUrl") or values.get("accessTokenUrl")
    grant = values.get("grant_type", "authorization_code")
    if not endpoint or grant == "implicit":
        token = inputs.secret("access_token", "Access token", values.get("accessToken", ""))
        return {"type": "BearerAuthenticator", "api_token": token}, ()
    found: dict[str, Any] = {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": inputs.text(endpoint),
        "client_id": inputs.secret("client_id", "Client ID", values.get("clientId", "")),
        "client_secret": inputs.secret("client_secret", "Client secret", values.get("clientSecret", "")),
    }
    scopes = values.get("scope", "").split()
    found |= {"scopes": [inputs.text(one) for one in scopes]} if scopes else {}
    if grant == "client_credentials":
        return {**found, "grant_type": "client_credentials"}, ()
    token = inputs.secret("refresh_token", "Refresh token", "")
    return {**found, "grant_type": "refresh_token", "refresh_token": token}, ()


def _plain(inputs: InputCollector, key: str, title: str, value: str) -> str:
    return inputs.add(InputDraft(key, title, value=value or None))


def _settings(written: Any) -> dict[str, str]:
    """The settings of an authentication: a list of pairs in version 2.1, a mapping in 2.0."""
    listed = {one.get("key"): one.get("value") for one in _rows(written)}
    settings = written if isinstance(written, Mapping) else listed
    return {str(key): _marked(str(value)) for key, value in settings.items() if isinstance(value, str | int | float)}


# Parts


def _method(item: _Item) -> str:
    return str(item.request.get("method") or "GET").upper()


def _address(item: _Item) -> str:
    url = item.request.get("url")
    raw = str(_mapping(url).get("raw") or _joined(_mapping(url))) if isinstance(url, Mapping) else str(url or "")
    return one_line(raw.partition("?")[0], _SHOWN)


def _marked(text: str) -> str:
    """A text with marks in the place of its variables."""
    return _VARIABLE.sub(lambda found: marked(found[1].lstrip("$")), without_marks(text))


def _variables(written: Any) -> dict[str, str]:
    """The values of variables by name; those that are off or empty have none."""
    return {
        str(one.get("key") or one.get("id")): str(one["value"])
        for one in _rows(written)
        if one.get("value") not in (None, "") and not one.get("disabled") and not isinstance(one["value"], dict | list)
    }


def _resolved(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables with those filled in that their values name."""
    found = dict(variables)
    for _ in range(5):
        found = {
            key: _VARIABLE.sub(lambda one: variables.get(one[1], one[0]), value)[:_LONGEST_VALUE]
            for key, value in found.items()
        }
    return {key: value for key, value in found.items() if not _VARIABLE.search(value)}


def _pairs(written: Any) -> Pairs:
    return [
        (_marked(str(one.get("key") or "")), _marked(str(one.get("value") if one.get("value") is not None else "")))
        for one in _rows(written)
        if not one.get("disabled")
    ]


def _rows(written: Any) -> list[Mapping[str, Any]]:
    return [one for one in written if isinstance(one, Mapping)] if isinstance(written, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
