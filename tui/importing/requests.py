"""Requesters, and streams, made of requests: what is secret in a request becomes an input."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from core.manifest.problems import Path
from tui.importing.curl import CurlRequest, parse_curl
from tui.importing.drafts import InputDraft, StreamDraft
from tui.importing.exactness import as_it_is_sent, as_json
from tui.importing.input_drafts import InputCollector
from tui.importing.marks import MARK
from tui.importing.placing import place_inputs, with_names
from tui.importing.secret_names import is_secret_name, secrets_in_path
from tui.model.session import BuilderSession

_OF_THE_CLIENT = frozenset({"accept-encoding", "connection", "content-length", "host", "te", "transfer-encoding"})
"""Headers that the client sends by itself."""
_OF_A_BROWSER = re.compile(
    r"accept-language|user-agent|origin|referer|priority|dnt|pragma|cache-control|upgrade-insecure-requests"
    r"|if-none-match|if-modified-since|sec-.*|:.*",
    re.I,
)
"""Headers that only say which browser a request came from."""
_CONTENT_TYPES = {
    "json": "application/json",
    "graphql": "application/json",
    "form": "application/x-www-form-urlencoded",
}
_BODIES = {
    "json": "RequestBodyJsonObject",
    "form": "RequestBodyUrlEncodedForm",
    "text": "RequestBodyPlainText",
    "graphql": "RequestBodyGraphQL",
}
_LONG_NUMBER = 1_000
_FILLED = ("url", "http_method", "authenticator", "request_parameters", "request_headers", "request_body")
_OLDER = ("url_base", "path", "request_body_json", "request_body_data")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a command led to: the inputs that hold its secrets, and what was left out of it."""

    inputs: tuple[str, ...]
    notes: tuple[str, ...]


def import_curl(session: BuilderSession, path: Path, text: str) -> Imported:
    """Fill the requester at a path from a `curl` command, in one step to undo.

    URL, method, parameters, headers, authenticator and body become those of the command; the rest of the requester
    stays. Secrets become inputs, and their values test values. Raises ImportRefused.
    """
    return import_request(session, path, parse_curl(text))


def import_request(session: BuilderSession, path: Path, request: CurlRequest) -> Imported:
    """The same for a request that was read already. A secret that is masked in it becomes an input without a value."""
    collector = InputCollector(request.known)
    requester = requester_of(request, collector)
    with session.group(path):
        names = place_inputs(session, collector.inputs, requester)
        requester = with_names(requester, names)
        for key in (*_FILLED, *_OLDER):
            if requester.get(key):
                session.set((*path, key), requester[key])
            elif session.is_written((*path, key)):
                session.unset((*path, key))
    return Imported(tuple(names.values()), tuple(request.notes))


def requester_of(request: CurlRequest, inputs: InputCollector) -> dict[str, Any]:
    """The HttpRequester that sends a request."""
    request = as_it_is_sent(_with_secrets_marked(request, inputs))
    headers = _own_headers(request)
    params = _mapping(request.params)
    found: dict[str, Any] = {
        "type": "HttpRequester",
        "url": inputs.text(request.url),
        "http_method": request.method,
        "authenticator": _authenticator(request, headers, params, inputs),
        "request_parameters": {inputs.text(name): _guarded(name, value, inputs) for name, value in params.items()},
        "request_headers": {inputs.text(name): _guarded(name, value, inputs) for name, value in headers.items()},
        "request_body": _body(request, inputs),
    }
    return {key: value for key, value in found.items() if value}


def stream_of(
    name: str, requester: dict[str, Any], inputs: tuple[InputDraft, ...], notes: tuple[str, ...] = ()
) -> StreamDraft:
    """A stream of one request, whose records are the whole answer until more is known of it."""
    retriever = {
        "type": "SimpleRetriever",
        "decoder": {"type": "JsonDecoder"},
        "requester": requester,
        "record_selector": selector(()),
    }
    return StreamDraft(name, definition(name, retriever), inputs, notes)


def definition(name: str, retriever: dict[str, Any]) -> dict[str, Any]:
    """A stream with a retriever, whose schema is not known yet."""
    return {
        "type": "DeclarativeStream",
        "name": name,
        "retriever": retriever,
        "schema_loader": {
            "type": "InlineSchemaLoader",
            "schema": {"type": "object", "additionalProperties": True, "properties": {}},
        },
    }


def selector(path: Collection[str]) -> dict[str, Any]:
    """A record selector for the records at a path of an answer."""
    return {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": list(path)}}


def name_of(url: str) -> str:
    """A name for the stream of a URL: the last word of its path."""
    plain = MARK.sub("", url).partition("?")[0]
    for secret in secrets_in_path(plain):
        plain = plain.replace(secret, "")
    path = plain.partition("://")[2].partition("/")[2] if "://" in plain else plain.partition("/")[2]
    words = [word for word in path.split("/") if re.fullmatch(r"[A-Za-z][\w.-]*", word)]
    words = [word for word in words if not re.fullmatch(r"v\d+(?:\.\d+)*|api|rest|graphql", word, re.I)] or words
    return words[-1].partition(".")[0] if words else "stream"


def _own_headers(request: CurlRequest) -> dict[str, Any]:
    """The headers that belong to the request, by name; those of browsers only where no browser sent them."""
    names = {name.lower() for name, _ in request.headers}
    agent = request.header("User-Agent") or ""
    from_browser = agent.startswith("Mozilla/") or any(name.startswith("sec-") for name in names)
    found: dict[str, str] = {}
    for name, value in request.headers:
        if name.lower() in _OF_THE_CLIENT or (from_browser and _OF_A_BROWSER.fullmatch(name)):
            continue
        if _is_implied(request, name, value):
            continue
        written = next((known for known in found if known.lower() == name.lower()), name)
        between = "; " if name.lower() == "cookie" else ", "
        found[written] = f"{found[written]}{between}{value}" if written in found else value
    return found


def _is_implied(request: CurlRequest, name: str, value: str) -> bool:
    """Whether a header says only what the body says anyway."""
    content_type = value.split(";", maxsplit=1)[0].strip().lower()
    return name.lower() == "content-type" and content_type == _CONTENT_TYPES.get(request.body_kind)


def _authenticator(
    request: CurlRequest, headers: dict[str, Any], params: dict[str, Any], inputs: InputCollector
) -> dict[str, Any] | None:
    """The authenticator that the request amounts to; what it takes from is taken out of headers and parameters."""
    if request.user is not None and request.aws is not None:
        return _aws(*request.user, *request.aws, inputs)
    if request.user is not None:
        return _basic(*request.user, inputs)
    name = next((name for name in headers if name.lower() == "authorization"), None)
    if name is not None:
        written = headers.pop(name)
        scheme, _, token = written.partition(" ")
        if scheme.lower() == "bearer" and token:
            return {"type": "BearerAuthenticator", "api_token": inputs.secret("api_key", "API Key", token.strip())}
        return _key("header", "Authorization", written, inputs)
    name = next((name for name in headers if is_secret_name(name) and name.lower() != "cookie"), None)
    if name is not None:
        return _key("header", name, headers.pop(name), inputs)
    name = next((name for name, value in params.items() if is_secret_name(name) and isinstance(value, str)), None)
    return _key("request_parameter", name, params.pop(name), inputs) if name is not None else None


def _basic(user: str, password: str, inputs: InputCollector) -> dict[str, Any]:
    if not password and user:  # the user is the key then, as with Stripe
        username = inputs.secret("api_key", "API Key", user)
    elif MARK.search(user) or "{{" in user:
        username = inputs.text(user)
    else:
        username = inputs.add(InputDraft("username", "Username", value=user))
    found = {"type": "BasicHttpAuthenticator", "username": username}
    return {**found, "password": inputs.secret("password", "Password", password)} if password else found


def _aws(key: str, secret: str, region: str, service: str, inputs: InputCollector) -> dict[str, Any]:
    return {
        "type": "AwsSignatureAuthenticator",
        "access_key": inputs.secret("access_key", "Access Key ID", key),
        "secret_key": inputs.secret("secret_key", "Secret Access Key", secret),
        "region": inputs.text(region),
        "service": inputs.text(service),
    }


def _key(where: str, name: str, value: str, inputs: InputCollector) -> dict[str, Any]:
    option = {"type": "RequestOption", "inject_into": where, "field_name": inputs.text(name)}
    token = inputs.secret("api_key", "API Key", value)
    return {"type": "ApiKeyAuthenticator", "api_token": token, "inject_into": option}


def _guarded(name: str, value: Any, inputs: InputCollector) -> Any:
    """The value of a header or parameter, or the input that it becomes when it is a secret."""
    if is_secret_name(name) and isinstance(value, str):
        return inputs.secret(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "secret", name, value)
    return [_guarded(name, one, inputs) for one in value] if isinstance(value, list) else inputs.tree(value)


def _body(request: CurlRequest, inputs: InputCollector) -> dict[str, Any] | None:
    if request.body_kind == "none":
        return None
    value = _mapping(request.body) if request.body_kind == "form" else request.body
    return {"type": _BODIES[request.body_kind], "value": inputs.tree(value)}


def _with_secrets_marked(request: CurlRequest, inputs: InputCollector) -> CurlRequest:
    """The request with marks in the place of what is secret in its path and its body."""
    for value, name in secrets_in_path(request.url).items():
        request = replace(request, url=request.url.replace(value, inputs.mark(name, value)))
    body = request.body
    match request.body_kind:
        case "json" | "graphql":
            return replace(request, body=_marked_secrets("", body, inputs))
        case "form":
            return replace(request, body=[(name, _marked_secrets(name, value, inputs)) for name, value in body])
        case "text" if body.lstrip()[:1] in ("[", "{"):
            with suppress(ValueError, RecursionError):
                parsed = json.loads(body)
                if (marked := _marked_secrets("", parsed, inputs)) != parsed:
                    return replace(request, body=as_json(marked))
    return request


def _marked_secrets(name: str, value: Any, inputs: InputCollector) -> Any:
    """What is named so, with marks in the place of the texts and long numbers whose names say that they are secret."""
    if isinstance(value, dict):
        return {key: _marked_secrets(key, one, inputs) for key, one in value.items()}
    if isinstance(value, list):
        return [_marked_secrets(name, one, inputs) for one in value]
    is_text = isinstance(value, str) or (type(value) is int and abs(value) >= _LONG_NUMBER)
    return inputs.mark(name, str(value)) if is_text and is_secret_name(name) else value


def _mapping(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Pairs as a mapping; the values of a name that is repeated are a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
