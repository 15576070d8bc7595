"""Templates that are one expression, such as `{{ response.done and not response.error }}`, and its value as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Template as JinjaTemplate
from jinja2 import Undefined, UndefinedError, meta, nodes
from jinja2.runtime import Context

from core.templates import limits
from core.templates.compiled import parse, refusals
from core.templates.diagnosis import explain
from core.templates.errors import LimitError, UnknownVariableError
from core.templates.limits import begin, end, evaluation
from core.templates.literals import parse_literal
from core.templates.lookups import as_lookup
from core.templates.sandbox import ENVIRONMENT, environment_for
from core.templates.template import Template
from core.templates.texts import plain

Names = Mapping[str, Any]

_VALUE = "value__"


def number_range(*bounds: int) -> list[int]:
    """Python's `range` as a list of bounded length. Raises `LimitError`."""
    numbers = range(*bounds)
    limits.check_size([], len(numbers))
    return list(numbers)


def value_as_is(template: Template, context: Names) -> Any:
    """The value of a template, not made a text and read again; of several expressions, or a text with some, the text,
    without space around it, or the list or object that it spells.

    Jinja's undefined where it is empty, or looks something up in what is missing. Raises `TemplateError`.
    """
    expression = _expression(template.source)
    if expression is None:
        text = template.text_or(context, "").strip()
        return (parse_literal(text) if text[0] in "[{" else text) if text else Undefined()
    try:
        return expression(context)
    except UndefinedError:
        return Undefined()
    except Exception as error:
        problem = explain(error, template.source, context)
    raise problem


def value_with_its_type(template: Template, context: Names) -> Any:
    """What a text of the manifest says, never read again as a literal: itself where it is no template, the value of a
    single expression, else the text. None where something is looked up in vain. Raises `TemplateError`.
    """
    if template.constant:
        return template.source
    if _expression(template.source) is None:
        return template.text_or(context, "") or None
    value = value_as_is(template, context)
    return None if isinstance(value, Undefined) else value


@lru_cache(maxsize=1024)
def _expression(source: str) -> Callable[[Names], Any] | None:
    """The function that evaluates a template that is one expression; None for every other one."""
    tree = parse(source.strip())
    match tree.body:
        case [nodes.Output(nodes=[nodes.Expr() as expression])] if not isinstance(expression, nodes.TemplateData):
            pass
        case _:
            return None
    lookup = as_lookup(expression)
    if lookup is not None:
        return lookup.finder()
    variables = frozenset(meta.find_undeclared_variables(tree))
    used_globals = {node.name for node in tree.find_all(nodes.Name)} & ENVIRONMENT.globals.keys()
    tree.body = [nodes.Assign(nodes.Name(_VALUE, "store", lineno=1), expression, lineno=1)]
    environment = environment_for(variables)
    with refusals(source), evaluation():
        code = JinjaTemplate.from_code(environment, environment.compile(tree), environment.globals)

    def evaluate(context: Names) -> Any:
        names = {name: environment.globals[name] for name in used_globals}
        for name in variables:
            if name not in context:
                raise UnknownVariableError(name)
            names[name] = context[name]
        token = begin()
        try:
            scope = Context(environment, names, None, code.blocks)
            for _ in code.root_render_func(scope):
                pass
            return _settled(scope.vars[_VALUE])
        finally:
            end(token)

    return evaluate


def _settled(value: Any) -> Any:
    """The value as JSON can hold it: a list in place of what can only be gone through. Raises `LimitError`."""
    return value if isinstance(value, Undefined) else _plain(limits.weighed(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Undefined) or value is None:
        return None
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plain(item) for item in limits.settled(limits.loop_items(value))]
    if callable(value):
        raise LimitError("it gives a function instead of calling it")
    return str(value)
