"""Which keys of a variable a template relies on: looks up without minding that they may not be there."""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import nodes

from core.templates.compiled import parse
from core.templates.lookups import as_lookup

_WITH_A_DEFAULT = frozenset({"default", "d"})


@lru_cache(maxsize=1024)
def named_keys(source: str, variable: str) -> frozenset[str]:
    """The keys that a text seems to look up in a variable: a quick look, which finds all that are relied on."""
    found = re.findall(rf"""\b{variable}\s*(?:\[\s*(?:'([^']*)'|"([^"]*)")|\.\s*(\w+))""", source)
    return frozenset(next(filter(None, each), "") for each in found)


@lru_cache(maxsize=1024)
def relied_on(source: str, variable: str) -> frozenset[str]:
    """The keys of a variable that a template looks up whatever the case, and nowhere minds that they may be missing:
    with `get`, a default, a condition or an alternative. Raises `TemplateError`.
    """
    keys = _Keys(variable)
    keys.visit(parse(source), is_minded=False)
    return frozenset(keys.used - keys.minded)


class _Keys:
    def __init__(self, variable: str) -> None:
        self._variable = variable
        self.used: set[str] = set()
        self.minded: set[str] = set()

    def visit(self, node: nodes.Node, *, is_minded: bool) -> None:
        lookup = as_lookup(node)
        if lookup is not None:
            if lookup.root == self._variable and lookup.steps and isinstance(first := lookup.steps[0][0], str):
                (self.minded if is_minded else self.used).add(first)
            return
        match node:
            case nodes.Filter(name=name) if name in _WITH_A_DEFAULT:
                is_minded = True
            case nodes.Test() | nodes.And() | nodes.Or() | nodes.Not() | nodes.If() | nodes.CondExpr():
                is_minded = True
            case nodes.Call(node=nodes.Getattr(node=holder, attr="get"), args=[key, *_]):
                is_minded = True
                if isinstance(holder, nodes.Name) and holder.name == self._variable:
                    self._mind(key)
            case nodes.Compare(expr=key, ops=[nodes.Operand(op="in" | "notin", expr=nodes.Name(name=self._variable))]):
                self._mind(key)
        for child in node.iter_child_nodes():
            self.visit(child, is_minded=is_minded)

    def _mind(self, key: nodes.Node) -> None:
        if isinstance(key, nodes.Const) and isinstance(key.value, str):
            self.minded.add(key.value)
