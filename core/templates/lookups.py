"""Plain lookups such as `record['a'].b`, as Python functions that run without Jinja."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Undefined, nodes

from core.templates.errors import UnknownVariableError
from core.templates.sandbox import ENVIRONMENT, GLOBAL_NAMES

Step = tuple[str | int, Callable[[Any, Any], Any]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A variable and the keys to follow from it, each with Jinja's own function to look it up."""

    root: str
    steps: tuple[Step, ...]

    def path(self, steps: int) -> str:
        """The lookup as people write it, up to this number of steps."""
        keys = (key for key, _ in self.steps[:steps])
        return self.root + "".join(f".{key}" if isinstance(key, str) else f"[{key}]" for key in keys)

    def value(self, context: Mapping[str, Any]) -> Any:
        """The value in a context, or Jinja's undefined, also for a lookup in something missing."""
        value = context.get(self.root)
        for key, jinja_lookup in self.steps:
            value = jinja_lookup(value, key)
            if isinstance(value, Undefined):
                break
        return value

    def finder(self) -> Callable[[Mapping[str, Any]], Any]:
        """The function that looks up the value, or Jinja's undefined, in a context.

        It raises `UnknownVariableError`, and Jinja's `UndefinedError` for a key of something missing.
        """
        root, steps = self.root, self.steps

        def find(context: Mapping[str, Any]) -> Any:
            try:
                value = context[root]
            except KeyError:
                raise UnknownVariableError(root) from None
            for key, jinja_lookup in steps:
                value = value[key] if type(value) is dict and key in value else jinja_lookup(value, key)
            return value

        return find


def plain_lookups(tree: nodes.Template) -> list[str | Lookup] | None:
    """The texts and lookups that a template consists of, or None if there is anything else in it."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return None
    pieces: list[str | Lookup] = []
    for node in tree.body[0].nodes:
        piece = node.data if isinstance(node, nodes.TemplateData) else as_lookup(node)
        if piece is None:
            return None
        pieces.append(piece)
    return pieces


def plain_comparison(tree: nodes.Template) -> tuple[Lookup, bool, Any] | None:
    """The lookup, whether it has to be equal, and the constant of a template that is one comparison; else None.

    Such a template is a lookup, `==` or `!=`, and a constant.
    """
    match tree.body:
        case [nodes.Output(nodes=[nodes.Compare(expr=found, ops=[nodes.Operand(op="eq" | "ne" as sign, expr=other)])])]:
            lookup = as_lookup(found)
            if lookup is not None and isinstance(other, nodes.Const):
                return lookup, sign == "eq", other.value
    return None


def lookups_in(tree: nodes.Node) -> Iterator[Lookup]:
    """All lookups anywhere in a template, longer ones before those they contain."""
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        lookup = as_lookup(node)
        if lookup is not None:
            yield lookup


def used_in(node: nodes.Node) -> Iterator[Lookup]:
    """All that a template uses of its variables: lookups as far as they go, `.get('key')` among them; of a variable
    that is used in another way, the whole of it.
    """
    lookup = as_lookup(node)
    if lookup is not None:
        yield lookup
        return
    rest: Iterable[nodes.Node] = node.iter_child_nodes()
    match node:
        case nodes.Call(
            node=nodes.Getattr(node=inner, attr="get"), args=[nodes.Const(value=str() | int() as key), *more]
        ):
            holder = as_lookup(inner)
            if holder is not None:
                yield Lookup(holder.root, (*holder.steps, (key, ENVIRONMENT.getitem)))
                rest = more
    for child in rest:
        yield from used_in(child)


def as_lookup(node: nodes.Node) -> Lookup | None:
    """The lookup that an expression consists of, or None.

    Names of methods of dict do not count after a dot: there Jinja finds the method first.
    """
    steps: list[Step] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr) and not hasattr(dict, node.attr):
            steps.append((node.attr, ENVIRONMENT.getattr))
        elif (
            isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and type(node.arg.value) in (str, int)
        ):
            steps.append((node.arg.value, ENVIRONMENT.getitem))
        else:
            return None
        node = node.node
    if node.name in GLOBAL_NAMES or node.name == "self":
        return None
    return Lookup(node.name, tuple(reversed(steps)))
