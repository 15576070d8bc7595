"""Template texts compiled to functions, once per distinct text.

Constants never touch Jinja; plain lookups, alone or compared with a constant, need it only to be parsed; everything
else runs the render function that Jinja generates: of expressions, which parsing tells all about, when it is first
needed, since most of what a large manifest holds is not evaluated in a read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from jinja2 import Template as JinjaTemplate
from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.runtime import Context

from core.templates import limits
from core.templates.errors import TemplateError, UnknownVariableError
from core.templates.limits import begin, end, evaluation
from core.templates.literals import EMPTY, literal_of, may_start_literal, parse_literal, value_of
from core.templates.lookups import Lookup, plain_comparison, plain_lookups
from core.templates.sandbox import ENVIRONMENT, GLOBAL_NAMES, environment_for, may_be_secret
from core.templates.texts import NULL, joined_from

Names = Mapping[str, Any]
_SIGNS = {"end of print statement": "}}", "end of statement block": "%}", "expected token ": "expected "}
"""What Jinja's messages say, and what people have to write."""
MAX_SOURCE = 500_000
MAX_TAGS = 10_000
_CHEAP_NODES = frozenset(
    {nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Compare}
    | {nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.If, nodes.List, nodes.Tuple}
)
"""Nodes whose evaluation takes so little that it need not be counted."""
_EXPRESSIONS = frozenset(
    {*_CHEAP_NODES, nodes.Filter, nodes.Test, nodes.Call, nodes.Concat, nodes.Dict, nodes.Pair, nodes.Neg, nodes.Pos}
    | {nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Slice}
)
"""Nodes that give no name a meaning, and in which Python finds nothing wrong once Jinja has parsed them."""
_EXPRESSION_DEPTH = 40
"""Levels of expressions that Python surely takes; it refuses some 200 brackets in each other."""
_OTHER_LANGUAGE = "Braces that are text for the API stand between {% raw %} and {% endraw %}."
_DELIMITERS = ("{{", "{%", "{#")


@dataclass(frozen=True, slots=True)
class Compiled:
    """The compiled form of a template text.

    `text` renders, with the marks of `core.templates.texts`; `value` renders and parses the literal, and gives `EMPTY`
    for an empty text. Both raise what Jinja, the macros and the filters raise, and `UnknownVariableError`.
    """

    constant: bool
    variables: frozenset[str]
    text: Callable[[Names], str]
    value: Callable[[Names], Any]


@lru_cache(maxsize=8192)
def compile_source(source: str) -> Compiled:
    """Compile a template text. Raises `TemplateError` if it is not valid Jinja, or names an unknown filter or test."""
    if not any(delimiter in source for delimiter in _DELIMITERS):
        return _constant(source)
    tree = parse(source)
    pieces = plain_lookups(tree)
    if pieces is not None:
        return _compile_lookups(pieces)
    comparison = plain_comparison(tree)
    if comparison is not None:
        return _compile_comparison(*comparison)
    return compile_when_needed(source, tree) if is_expression(tree) else compile_jinja(source, tree)


def parse(source: str) -> nodes.Template:
    """The syntax tree of a template text. Raises `TemplateError`."""
    if len(source) > MAX_SOURCE or source.count("{{") + source.count("{%") > MAX_TAGS:
        raise TemplateError(f"it has more than {MAX_SOURCE:,} characters, or {MAX_TAGS:,} expressions.", source)
    with refusals(source):
        return ENVIRONMENT.parse(source)


def compile_jinja(source: str, tree: nodes.Template) -> Compiled:
    """Compile any template by means of the code that Jinja generates. Raises `TemplateError`."""
    with refusals(source), evaluation():
        names_globals = {node.name for node in tree.find_all(nodes.Name)} & ENVIRONMENT.globals.keys()
        used_globals = {name: ENVIRONMENT.globals[name] for name in names_globals}
        variables = frozenset(meta.find_undeclared_variables(tree))
        environment = environment_for(variables)
        template = JinjaTemplate.from_code(environment, environment.compile(tree), environment.globals)
        counted = any(type(node) not in _CHEAP_NODES for node in tree.find_all(nodes.Node))
    return _from_render_function(template, variables, used_globals, counted)


def is_expression(node: nodes.Node, depth: int = 0) -> bool:
    """Whether compiling what is below a node can neither fail nor tell more about it than parsing did."""
    match node:
        case nodes.Filter(name=name):
            known = name in ENVIRONMENT.filters
        case nodes.Test(name=name):
            known = name in ENVIRONMENT.tests
        case nodes.Name(name=name):
            known = name != "self"
        case _:
            known = True
    if not known or depth > _EXPRESSION_DEPTH or not (type(node) in _EXPRESSIONS or depth == 0):
        return False
    return all(is_expression(child, depth + 1) for child in node.iter_child_nodes())


def compile_when_needed(source: str, tree: nodes.Template) -> Compiled:
    """Compile a template for which `is_expression` holds when it is first evaluated."""
    names = {node.name for node in tree.find_all(nodes.Name)}

    @cache
    def compiled() -> Compiled:
        return compile_jinja(source, parse(source))

    return Compiled(
        constant=False,
        variables=frozenset(names - GLOBAL_NAMES),
        text=lambda context: compiled().text(context),
        value=lambda context: compiled().value(context),
    )


@contextmanager
def refusals(source: str) -> Iterator[None]:
    """Raise `TemplateError` where Jinja or Python refuse a template."""
    try:
        yield
    except TemplateSyntaxError as error:
        problem = TemplateError(_sentence(error), source, error.lineno)
    except (RecursionError, MemoryError):
        problem = TemplateError("it is nested too deeply.", source)
    except SyntaxError as error:  # Python's limits, such as 20 loops inside each other
        problem = TemplateError(f"it can't be compiled: {error.msg}.", source)
    except (ValueError, OverflowError) as error:  # such as a number with too many digits
        problem = TemplateError(f"it can't be read: {str(error).partition(';')[0]}.", source)
    else:
        return
    raise problem


def _from_render_function(
    template: JinjaTemplate, variables: frozenset[str], used_globals: dict[str, Any], counted: bool
) -> Compiled:
    render = template.root_render_func
    blocks = template.blocks
    environment = template.environment
    join = _with_secrets if may_be_secret(variables) else limits.output
    needed = tuple(variables)

    def text(context: Names) -> str:
        names = {}
        for name in needed:
            if name not in context:
                raise UnknownVariableError(name)
            names[name] = context[name]
        for name, function in used_globals.items():  # a variable of the same name takes precedence, as in Jinja
            names[name] = context.get(name, function)
        if not counted:
            return join(list(render(Context(environment, names, None, blocks))))
        token = begin()
        try:
            return join(list(render(Context(environment, names, None, blocks))))
        finally:
            end(token)

    def value(context: Names) -> Any:
        return value_of(text(context))

    return Compiled(constant=False, variables=variables, text=text, value=value)


def _with_secrets(pieces: list[str]) -> str:
    """All pieces as one text, marked as secret if one of them is."""
    return joined_from(limits.output(pieces), pieces)


def _constant(source: str) -> Compiled:
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    text = text[:-1] if text.endswith("\n") else text  # as Jinja does
    value = parse_literal(text) if text else EMPTY
    mutable = isinstance(value, (list, dict, set, tuple))
    return Compiled(
        constant=True,
        variables=frozenset(),
        text=lambda _: text,
        value=(lambda _: parse_literal(text)) if mutable else (lambda _: value),
    )


def _compile_lookups(pieces: list[str | Lookup]) -> Compiled:
    variables = frozenset(piece.root for piece in pieces if isinstance(piece, Lookup))
    if len(pieces) == 1 and isinstance(pieces[0], Lookup):
        text, value = _single_lookup(pieces[0])
    else:
        text, value = _joined_lookups(pieces)
    return Compiled(constant=False, variables=variables, text=text, value=value)


def _compile_comparison(lookup: Lookup, equal: bool, constant: Any) -> Compiled:
    find = lookup.finder()

    def value(context: Names) -> bool:
        return (find(context) == constant) is equal

    return Compiled(
        constant=False,
        variables=frozenset({lookup.root}),
        text=lambda context: str(value(context)),
        value=value,
    )


def _single_lookup(lookup: Lookup) -> tuple[Callable[[Names], str], Callable[[Names], Any]]:
    find = lookup.finder()

    def text(context: Names) -> str:
        found = find(context)
        return NULL if found is None else str(found)

    def value(context: Names) -> Any:
        return literal_of(find(context))

    return text, value


def _joined_lookups(pieces: list[str | Lookup]) -> tuple[Callable[[Names], str], Callable[[Names], Any]]:
    parts = [piece if isinstance(piece, str) else piece.finder() for piece in pieces]
    secret = may_be_secret(piece.root for piece in pieces if isinstance(piece, Lookup))
    join: Callable[[list[str]], str] = _with_secrets if secret else "".join

    def text(context: Names) -> str:
        return join([part if isinstance(part, str) else str(part(context)) for part in parts])

    def value(context: Names) -> Any:
        return value_of(text(context))

    first = pieces[0]
    never_literal = isinstance(first, str) and not may_start_literal(first[0])
    return text, text if never_literal else value


def _sentence(error: TemplateSyntaxError) -> str:
    message = error.message or "it is not valid"
    if message.startswith(("unexpected char '\"'", 'unexpected char "\'"')):
        return "a text in quotes does not end."
    if message.startswith("unexpected 'end of template'"):
        return "the template ends in the middle of an expression."
    other = message.startswith(("unexpected char", "expected token 'end of print statement'"))
    for token, sign in _SIGNS.items():
        message = message.replace(token, sign)
    message = message if message.endswith(".") else message + "."
    return f"{message} {_OTHER_LANGUAGE}" if other else message
