"""The Jinja environments that templates run in: sandboxed, bounded, with Airbyte's macros and filters.

Templates that may see secrets run in one that marks what their filters, functions and methods derive from a secret.
What a condition chooses because of a secret is no secret, and numbers and truth values are none. Templates that see
only records and responses run without this.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, ItemsView, Iterable, KeysView, Mapping, Sequence, Set, ValuesView
from dataclasses import dataclass
from datetime import date, time, timedelta, tzinfo
from functools import wraps
from types import BuiltinFunctionType, FunctionType, GeneratorType, ModuleType
from typing import Any, Final, Literal

import isodate  # type: ignore[import-untyped]  # it ships no types
from jinja2 import Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, TemplateReference
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace

from core.templates import guards, limits
from core.templates.limits import current
from core.templates.macros import FILTERS, MACROS
from core.templates.texts import Rendered, derived, joined_from, report_among, report_of

_NAMES_OF_DICTS: Final = frozenset(dir(dict))
_VALUES: Final = (str, bytes, int, float, Sequence, Set, Mapping, KeysView, ValuesView, ItemsView, Undefined)
_DATES: Final = (date, time, timedelta, tzinfo, isodate.Duration)
_OPEN: Final = (*_VALUES, *_DATES, LoopContext, Macro, TemplateReference, BlockReference, Namespace, Cycler, Joiner)


class BoundedCode(CodeGenerator):
    """Compiles loops, `~`, comparisons and keys, which Jinja compiles to bare Python, to calls of bounded functions."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's visitor names
        """Pass what is looped over through the environment."""
        function = nodes.EnvironmentAttribute("loop_items")
        node.iter = nodes.Call(function, [node.iter], [], None, None, lineno=node.lineno)
        super().visit_For(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's visitor names
        """Join the parts with the environment's own function."""
        self.write("environment.concatenate(")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(")")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja's visitor names
        """Weigh what is compared."""
        self.write("(")
        self._weighed(node.expr, frame)
        for operand in node.ops:
            self.write(f" {operators[operand.op]} ")
            self._weighed(operand.expr, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 - Jinja's visitor names
        """Weigh the keys: to look for one goes through all that is in it."""
        self.write("{")
        for pair in node.items:
            self._weighed(pair.key, frame)
            self.write(": ")
            self.visit(pair.value, frame)
            self.write(", ")
        self.write("}")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        """Leave texts that carry more than their characters to the evaluation."""
        text = super()._output_child_to_const(node, frame, finalize)
        if isinstance(text, Rendered):
            raise nodes.Impossible
        return text

    def _weighed(self, node: nodes.Expr, frame: Frame) -> None:
        if isinstance(node, nodes.Const):
            self.visit(node, frame)
            return
        self.write("environment.weighed(")
        self.visit(node, frame)
        self.write(")")


class TemplateEnvironment(SandboxedEnvironment):
    """Jinja's sandbox with Airbyte's one exception (`_partition`) and without `range`, under our limits."""

    code_generator_class = BoundedCode
    intercepted_binops = frozenset({*limits.OPERATORS, "%"})
    loop_items = staticmethod(limits.loop_items)
    concatenate = staticmethod(limits.concatenate)
    concat = staticmethod(limits.joined)
    weighed = staticmethod(limits.weighed)

    def __init__(self) -> None:
        super().__init__(finalize=limits.shown)
        self.binop_table.update({**limits.OPERATORS, "%": guards.modulo})
        self.filters.update(FILTERS)
        self.filters.update(guards.guard_filters(self.filters))
        self.tests.update(guards.guard_tests(self.tests))
        del self.globals["range"]
        self.globals["lipsum"] = guards.lipsum
        self.globals.update(MACROS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`, with a shortcut for keys that are no attributes of dict."""
        if type(obj) is dict and attribute in obj and attribute not in _NAMES_OF_DICTS:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return super().getitem(obj, limits.weighed(argument))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only plain values and Jinja's own objects have attributes; names with a leading underscore are private.

        `_partition` is not, as in Airbyte: some connectors rely on it.
        """
        if attr == "_partition":
            return True
        if obj is dict:
            return attr == "fromkeys"
        return isinstance(obj, _OPEN) and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja's safe `str.format`, with bounded widths."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        template, by_mapping = str(value.__self__), value.__name__ == "format_map"

        def bounded(*arguments: Any, **named: Any) -> str:
            values = tuple(arguments[0].values()) if by_mapping and isinstance(arguments[0], Mapping) else arguments
            guards.check_format(template, values, named)
            return wrapped(*arguments, **named)

        return bounded

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Check a call before and after it. (The mangled names leave all keywords to the callee.)"""
        current().spend(1)
        if isinstance(__obj, LoopContext):
            args = tuple(map(limits.loop_items, args))
        elif not isinstance(__obj, Macro):
            args = tuple(map(limits.settled, args))
            kwargs = {name: limits.settled(value) for name, value in kwargs.items()} if kwargs else kwargs
            guards.check_call(__obj, args, kwargs, __context.parent)
        result = super().call(__context, __obj, *args, **kwargs)
        limits.check_made(result, getattr(__obj, "__self__", None), *args)
        return result


ENVIRONMENT: Final = TemplateEnvironment()


_WITHOUT_SECRETS: Final = frozenset(
    {"record", "response", "headers", "last_record", "last_page_size", "page_size", "next_page_token"}
    | {"stream_interval", "polling_response", "download_target", "parameters"}
)
"""Variables that come from the API or from the text of the manifest."""
_CHOOSING: Final = frozenset(
    {"attr", "batch", "count", "d", "default", "dictsort", "first", "groupby", "items", "last", "length"}
    | {"list", "map", "max", "min", "random", "reject", "rejectattr", "select", "selectattr", "slice"}
    | {"sort", "unique"}
)
"""Filters and functions that return what they were given, or a part of it, as it is."""


def may_be_secret(variables: Iterable[str]) -> bool:
    """Whether one of the variables may hold a secret."""
    return not _WITHOUT_SECRETS.issuperset(variables)


def environment_for(variables: Iterable[str]) -> TemplateEnvironment:
    """The environment for a template that uses these variables."""
    return TRACKING if may_be_secret(variables) else ENVIRONMENT


def _joined(chunks: Iterable[str]) -> str:
    pieces = list(chunks)
    return joined_from(limits.joined(pieces), pieces)


def _concatenated(*parts: Any) -> str:
    return joined_from(limits.concatenate(*parts), parts)


class TrackingEnvironment(TemplateEnvironment):
    """The environment of templates that may see secrets."""

    concat = staticmethod(_joined)
    concatenate = staticmethod(_concatenated)

    def __init__(self) -> None:
        super().__init__()
        self.filters.update(
            {name: _tracked(filter_) for name, filter_ in self.filters.items() if name not in _CHOOSING}
        )
        self.binop_table["%"] = _tracked(self.binop_table["%"])
        self.binop_table.update({sign: _tracked_texts(self.binop_table[sign]) for sign in "+*"})

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Track the results of methods of texts, and of all functions."""
        result = super().call(__context, __obj, *args, **kwargs)
        owner = getattr(__obj, "__self__", None)
        report = report_of(owner)
        if report is not None:
            return derived(result, report)
        if isinstance(owner, str) or (_is_function(__obj) and __obj.__name__ not in _CHOOSING):
            report = report_among((*args, *kwargs.values()))
            return result if report is None else derived(result, report)
        return result


def _is_function(called: Any) -> bool:
    """Whether it is neither a method nor a macro of the template: their own code is tracked."""
    kind = type(called)
    return kind is FunctionType or (kind is BuiltinFunctionType and isinstance(called.__self__, ModuleType))


def _tracked(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # keeps Jinja's mark of what the filter wants passed
    def tracked(*args: Any, **kwargs: Any) -> Any:
        args = tuple(limits.loop_items(arg) if isinstance(arg, GeneratorType) else arg for arg in args)
        result = function(*args, **kwargs)
        report = report_among((*args, *kwargs.values()))
        return result if report is None else derived(result, report)

    return tracked


def _tracked_texts(operator: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Track only the texts that an operator gives, unless they are marked as secret already."""

    def tracked(left: Any, right: Any) -> Any:
        result = operator(left, right)
        if not isinstance(result, str) or report_of(result) is not None:
            return result
        report = report_among((left, right))
        return result if report is None else derived(result, report)

    return tracked


TRACKING: Final = TrackingEnvironment()
GLOBAL_NAMES: Final = frozenset(ENVIRONMENT.globals)
FILTER_NAMES: Final = frozenset(ENVIRONMENT.filters)


@dataclass(frozen=True, slots=True)
class Helper:
    """A global function ("macro") or filter: name, signature such as `max(*args)`, and a line of help.

    A filter's signature omits the value that it is applied to.
    """

    kind: Literal["macro", "filter"]
    name: str
    signature: str
    help: str


def describe() -> tuple[Helper, ...]:
    """All macros, then all filters, by name, including Jinja's own."""
    macros = [_helper("macro", name, function) for name, function in sorted(ENVIRONMENT.globals.items())]
    filters = [_helper("filter", name, function) for name, function in sorted(ENVIRONMENT.filters.items())]
    return (*macros, *filters)


def _helper(kind: Literal["macro", "filter"], name: str, function: Any) -> Helper:
    text = inspect.getdoc(function) or ""
    first_paragraph = text.split("\n\n")[0]
    return Helper(kind, name, name + _signature(kind, function), " ".join(first_paragraph.split()))


def _signature(kind: str, function: Callable[..., Any]) -> str:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # some of Python's built-in functions do not report
        return "()"
    hidden = (kind == "filter") + hasattr(function, "jinja_pass_arg")
    shown = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters[hidden:]]
    return str(inspect.Signature(shown))
