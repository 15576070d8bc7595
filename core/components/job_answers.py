"""What the requests of a job look up in the API's earlier answers, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Undefined

from core.components.answers import Answer
from core.components.base import Component
from core.components.decoders.errors import describe
from core.components.extractors import DpathExtractor
from core.components.field_path import what_is_at
from core.components.roles import Extractor, Requester
from core.http.messages import api_message, json_body, shorten
from core.templates.fields import SourceField
from core.templates.lookups import Lookup
from core.templates.needs import mentioned, needed

_NO_TEMPLATES = frozenset({"authenticator", "error_handler", "parameters"})
"""Fields whose templates see something else, or that are no templates where they stand."""
_ADDRESS = frozenset({"url", "url_base", "path"})
_EMPTY: tuple[Any, ...] = (None, "")
_HEAD = 1_000


def lookups(requester: Requester, root: str) -> Iterator[Lookup]:
    """Everything that a request looks up in the variable `root`, in its address first."""
    for text in (text for _, text in _texts(requester)):
        yield from (lookup for lookup in mentioned(text) if lookup.root == root and lookup.steps)


def unmet(requester: Requester, root: str, variables: Mapping[str, Any]) -> Lookup | None:
    """What a request is certain to need from the variable `root` and doesn't find; null is nothing in a URL."""
    for field, text in _texts(requester):
        for lookup in needed(text):
            value = lookup.value({root: variables}) if lookup.root == root else root
            if isinstance(value, Undefined) or (field in _ADDRESS and value in _EMPTY):
                return lookup
    return None


def seen_instead(answer: Answer, lookup: Lookup) -> str:
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
    if isinstance(extractor, DpathExtractor):
        return found_at(answer, [part.source for part in extractor.field_path])
    return found_at(answer, ["*"])


def place_of(extractor: Extractor) -> str:
    """Where an extractor looks, in words."""
    if isinstance(extractor, DpathExtractor):
        path = ".".join(part.source for part in extractor.field_path)
        return f"`{path}`" if path else "the top"
    return "the place that its extractor names"


def said_in(answer: Answer) -> str:
    """What the API itself says in an answer, as a sentence; empty where it says nothing in the usual ways."""
    said = api_message(answer.response) if isinstance(json_body(answer.response), dict) else None
    return f"The API says: {shorten(said).rstrip('.')}." if said else ""


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
