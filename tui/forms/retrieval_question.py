"""What switching a stream between synchronous and asynchronous keeps, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.components.stream import DeclarativeStream
from core.connector.registry import component_types
from tui.model.layout import RETRIEVAL_TYPES
from tui.model.new_components import converted, new_retriever
from tui.model.session import BuilderSession
from tui.model.specs import Kind, form_spec


def question(session: BuilderSession, stream: int, to: str) -> str:
    """What to know before a stream gets the retriever type `to`."""
    path = ("streams", stream, "retriever")
    retriever = dict(session.view.unwrapped(path) or {})
    new = converted(retriever, to, session.types.recall(path, to))
    lost = new.left_out
    kept = list(dict.fromkeys(_kept(session.value(("streams", stream)), new.carried)))
    told = [f"The stream becomes: {RETRIEVAL_TYPES[to]}."]
    if kept:
        told.append(f"Kept: {', '.join(kept)}.")
    if lost:
        told.append(f"Has no place there: {', '.join(lost)}. It is remembered, and comes back when you switch back.")
    return "\n\n".join(told)


def _kept(stream: Any, carried: frozenset[str]) -> Iterator[str]:
    retriever = stream.get("retriever", {})
    known = component_types().get(str(retriever.get("type")))
    if known is not None:
        start = new_retriever(known.__name__)
        for field in form_spec(known).fields:
            value = retriever.get(field.key)
            if value is None or field.key not in carried or value == start.get(field.key):
                continue
            if isinstance(value, Mapping) and value.get("type") == "HttpRequester":
                yield from _titles(value)
            else:
                yield field.title
    top = {key: value for key, value in stream.items() if key not in ("name", "retriever")}
    yield from (field.title for field in form_spec(DeclarativeStream).fields if top.get(field.key))


def _titles(requester: Mapping[str, Any]) -> Iterator[str]:
    known = component_types()[str(requester["type"])]
    for field in form_spec(known).fields:
        if requester.get(field.key) is not None and field.kind is not Kind.CHOICE:
            yield field.title
