"""What a template looks up, and what of it has to be there for its text to make sense."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from jinja2 import nodes

from core.templates.compiled import parse
from core.templates.lookups import Lookup, as_lookup, lookups_in

_WITH_A_DEFAULT = frozenset({"default", "d"})


@lru_cache(maxsize=2048)
def mentioned(source: str) -> tuple[Lookup, ...]:
    """All lookups in a template text, the longest first where they contain each other. Raises `TemplateError`."""
    return tuple(lookups_in(parse(source))) if "{" in source else ()


@lru_cache(maxsize=2048)
def needed(source: str) -> tuple[Lookup, ...]:
    """The lookups whose values are certain to be part of the text: no condition, default or alternative is around them.

    Raises `TemplateError`.
    """
    if "{" not in source:
        return ()
    outputs = (node for node in parse(source).body if isinstance(node, nodes.Output))
    return tuple(lookup for output in outputs for node in output.nodes for lookup in _certain(node))


def _certain(node: nodes.Node) -> Iterator[Lookup]:
    lookup = as_lookup(node)
    if lookup is not None:
        if lookup.steps:
            yield lookup
        return
    match node:
        case nodes.Filter(name=name, node=nodes.Node() as inner) if name not in _WITH_A_DEFAULT:
            yield from _certain(inner)
        case nodes.Call(node=nodes.Getattr(node=inner)) | nodes.Getitem(node=inner):
            yield from _certain(inner)
        case nodes.Concat(nodes=parts):
            for part in parts:
                yield from _certain(part)
        case nodes.Add(left=left, right=right):
            yield from _certain(left)
            yield from _certain(right)
        case _:
            pass
