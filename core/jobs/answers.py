"""The API's answers to creation, polling and target requests, as templates and extractors of a job see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import httpx
from jinja2 import Undefined

from core.decoding.errors import DecodeError, describe
from core.http.charsets import charset_of
from core.http.messages import api_message, json_body, message_in, shorten
from core.runtime.component import Component
from core.runtime.context import Context
from core.runtime.field_path import what_is_at
from core.runtime.roles import Decoder, Extractor, Requester, WholeResponse
from core.runtime.slices import SliceMemory
from core.templates import Template
from core.templates.lookups import Lookup
from core.templates.template import SourceField, mentioned, needed

UNHEARD_OF = 599
"""An HTTP status that servers don't send."""


@dataclass(frozen=True)
class Answer:
    """A response, decoded.

    `variables` is what templates get as `creation_response` or `polling_response`: the keys of the body when it is a
    mapping, and beside them (unless the body has such keys itself) `headers`, `status_code`, `request`, `body` (what
    the decoder made of it) and `text`.
    """

    response: httpx.Response
    elements: list[Any]
    variables: dict[str, Any]
    decoder: Decoder | None = None
    """What could read the body; None where nothing could, or nothing had to."""

    @classmethod
    def of(
        cls,
        response: httpx.Response,
        decoder: Decoder,
        fallbacks: Callable[[str], Sequence[Decoder]],
        context: Context | None = None,
    ) -> Answer:
        """Decode a response that was read completely; in a thread where the decoder `waits`, which needs the `context`.

        A body that the decoder can't read is no error here: a 202 with a `Location` header and an empty or plain
        body is enough to poll by. It is then taken for what its Content-Type says: a form, text, or what the
        `fallbacks` for that type can read.
        """
        elements, used = _elements(response, decoder, fallbacks, context)
        body = elements[0] if len(elements) == 1 else elements
        request = response.request
        extra = {
            "headers": response.headers,
            "status_code": response.status_code,
            "request": {"url": str(request.url), "method": request.method, "headers": request.headers},
            "body": body if elements else None,
            "text": response.text,
        }
        return cls(response, elements, {**extra, **body} if isinstance(body, Mapping) else extra, used)

    def as_any_error(self, *, has_body: bool) -> Answer:
        """The answer as it would be with an HTTP status that nobody expects, and without headers of its own.

        What is said of it without a body, too, is said of every error.
        """
        content = self.response.content if has_body else b""
        response = httpx.Response(UNHEARD_OF, content=content, request=self.response.request)
        beside = {"headers": response.headers, "status_code": UNHEARD_OF}
        if has_body:
            return replace(self, response=response, variables={**self.variables, **beside})
        nothing = {"request": self.variables.get("request"), "body": None, "text": "", **beside}
        return Answer(response, [], nothing, self.decoder)

    def elements_anew(self, memory: SliceMemory) -> Iterator[Any]:
        """The elements, decoded once more: what takes them may change them."""
        if self.decoder is None or self.decoder.takes_response:
            return iter(deepcopy(self.elements))
        return self.decoder.for_slice(memory).decode(iter((self.response.content,)), charset_of(self.response))

    def whole(self, memory: SliceMemory) -> WholeResponse:
        """The answer as the one element of an extractor that takes responses."""
        return WholeResponse(self.response, lambda: self.elements_anew(memory))

    def find(self, extractor: Extractor, context: Context) -> Iterator[Any]:
        """What the extractor finds in the body, else beside it (`headers`, `status_code`, `text`).

        As `find_as_is`, it is for a thread where the extractor `waits`. Raises `ReadError`.
        """
        variables = {**context.scope(extractor), **self._beside}
        if extractor.takes_response:
            yield from self._in_whole(extractor, context, variables)
            return
        extract = extractor.bind(variables)
        found = False
        for element in [self._whole_body] if extractor.takes_whole_body else self.elements:
            for value in extract(element):
                found = True
                yield value
        if not found and not extractor.takes_whole_body:
            yield from extract(self.variables)

    def find_as_is(self, extractor: Extractor, context: Context) -> list[Any]:
        """What is at the extractor's place in the body, else beside it, empty or not; nothing when there is no such
        place.
        """
        variables = {**context.scope(extractor), **self._beside}
        if extractor.takes_response:
            return list(self._in_whole(extractor, context, variables))
        extract = extractor.bind_as_is(variables)
        if extractor.takes_whole_body:
            return list(extract(self._whole_body))
        elements = self.elements or ([[]] if json_body(self.response) == [] else [])
        return [value for element in elements for value in extract(element)] or list(extract(self.variables))

    def _in_whole(self, extractor: Extractor, context: Context, variables: Mapping[str, Any]) -> Iterable[Any]:
        memory = SliceMemory()
        return extractor.bind_in(context, variables, memory)(self.whole(memory))

    @property
    def _beside(self) -> dict[str, Any]:
        return {"headers": self.response.headers, "status_code": self.response.status_code}

    @property
    def _whole_body(self) -> Any:
        """The body as it is, also a list of one item; a text where it can't be decoded, an empty object without one."""
        as_json = json_body(self.response)
        if isinstance(as_json, list):
            return as_json
        body = body_of(self)
        return body if body is not None else self.response.text.strip() or {}


def _elements(
    response: httpx.Response,
    decoder: Decoder,
    fallbacks: Callable[[str], Sequence[Decoder]],
    context: Context | None,
) -> tuple[list[Any], Decoder | None]:
    if not response.content.strip():
        return [], None
    if decoder.takes_response and context is not None:
        return list(decoder.bind_in(context)(response)), decoder
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    for candidate in (decoder, *fallbacks(kind)):
        try:
            return candidate.decode_all(response.content, charset_of(response)), candidate
        except DecodeError:
            continue
    if kind == "application/x-www-form-urlencoded":
        return [dict(parse_qsl(response.text, keep_blank_values=True))], None
    return [], None


_NO_TEMPLATES = frozenset({"authenticator", "error_handler", "parameters"})
"""Fields whose templates see something else, or that are no templates where they stand."""
_ADDRESS = frozenset({"url", "url_base", "path"})
_SAYS_NOTHING = frozenset({"ok", "success", "successful", "succeeded"})
"""Messages that say nothing of why a job failed."""
_EMPTY: tuple[Any, ...] = (None, "")
_HEAD = 1_000


def lookups(requester: Requester, root: str) -> Iterator[Lookup]:
    """Everything that a request looks up in the variable `root`, in its address first."""
    for text in (text for _, text in _texts(requester)):
        yield from (lookup for lookup in mentioned(text) if lookup.root == root and lookup.steps)


def variables_in(requester: Requester) -> frozenset[str]:
    """The variables that a request uses."""
    return frozenset().union(*(Template(text).variables for _, text in _texts(requester) if "{" in text))


def missing_lookup(requester: Requester, root: str, variables: Mapping[str, Any]) -> Lookup | None:
    """What a request is certain to need from the variable `root` and doesn't find; null is nothing in a URL."""
    for field, text in _texts(requester):
        for lookup in needed(text):
            value = lookup.value({root: variables}) if lookup.root == root else root
            if isinstance(value, Undefined) or (field in _ADDRESS and value in _EMPTY):
                return lookup
    return None


def found_for_lookup(answer: Answer, lookup: Lookup) -> str:
    """What the answer held where a lookup found nothing, in words."""
    steps = [str(key) for key, _ in lookup.steps]
    body = body_of(answer)
    beside = steps[0] in answer.variables and not (isinstance(body, Mapping) and steps[0] in body)
    if beside and steps[0] not in ("body", "text"):
        return what_is_at(answer.variables, steps)
    return found_at(answer, steps[1:] if beside else steps)


def found_at(answer: Answer, path: list[str]) -> str:
    """What the body of an answer held where a path found nothing, in words."""
    body = body_of(answer)
    if body is not None:
        return what_is_at(body, path)
    head = answer.response.content[:_HEAD]
    return "the response was empty" if not head.strip() else f"the response is not readable data but {describe(head)}"


def found_instead(answer: Answer, extractor: Extractor) -> str:
    """What the answer held where the extractor found nothing, in words."""
    if extractor.takes_whole_body:
        return found_at(answer, [])
    return found_at(answer, ["*"] if extractor.path_keys is None else [part.source for part in extractor.path_keys])


def api_explanation(answer: Answer) -> str:
    """What the API itself says in an answer, as a sentence; empty where it says nothing in the usual ways."""
    body = json_body(answer.response)
    said = api_message(answer.response) if isinstance(body, dict) else None
    if said is not None and said.strip().lower() in _SAYS_NOTHING:  # of the request; that of the job is further inside
        said = next(filter(None, map(message_in, _objects_in(body))), None)
    return f"The API says: {shorten(said).rstrip('.')}." if said else ""


def _objects_in(body: Mapping[str, Any]) -> list[Any]:
    return [value for value in body.values() if isinstance(value, dict)]


def body_of(answer: Answer) -> Any:
    """The value that the body is; None where it is empty or can't be read."""
    if not answer.elements:
        return [] if json_body(answer.response) == [] else None
    return answer.elements[0] if len(answer.elements) == 1 else answer.elements


def _texts(component: Component) -> Iterator[tuple[str, str]]:
    """The templates of a request, each with the field that it is in; those of its address first."""
    names = [name for name in type(component).model_fields if name not in _NO_TEMPLATES]
    for name in sorted(names, key=lambda name: name not in _ADDRESS):
        yield from ((name, text) for text in _templates(getattr(component, name)))


def _templates(value: Any) -> Iterator[str]:
    match value:
        case SourceField():
            yield from _strings(value.source)
        case Component():
            yield from (text for _, text in _texts(value))
        case list():
            yield from (text for item in value for text in _templates(item))
        case _:
            pass


def _strings(source: Any) -> Iterator[str]:
    """The texts in what is written for a template, or a map of them."""
    match source:
        case str():
            yield source
        case Mapping():
            yield from (text for pair in source.items() for part in pair for text in _strings(part))
        case list():
            yield from (text for item in source for text in _strings(item))
        case _:
            yield from _templates(source)
