"""The Jinja environment that templates run in: sandboxed, bounded, with Airbyte's macros and filters."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, KeysView, Mapping, Sequence, Set, ValuesView
from datetime import date, time, timedelta, tzinfo
from typing import Any, Final

import isodate  # type: ignore[import-untyped]  # it ships no types
from jinja2 import Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, TemplateReference
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace

from core.templates import guards, limits
from core.templates.limits import current
from core.templates.macros import FILTERS, MACROS
from core.templates.texts import Rendered

_NAMES_OF_DICTS: Final = frozenset(dir(dict))
_VALUES: Final = (str, bytes, int, float, Sequence, Set, Mapping, KeysView, ValuesView, ItemsView, Undefined)
_DATES: Final = (date, time, timedelta, tzinfo, isodate.Duration)
_OPEN: Final = (*_VALUES, *_DATES, LoopContext, Macro, TemplateReference, BlockReference, Namespace, Cycler, Joiner)


class BoundedCode(CodeGenerator):
    """Compiles loops, `~`, comparisons and keys, which are bare Python in Jinja, to calls of our bounded functions."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's visitor names
        """Let the environment see what is looped over."""
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
        """Leave what is more than a plain text to the evaluation."""
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
        """`obj.attribute`, with a short cut for keys of dicts that no method of dict hides."""
        if type(obj) is dict and attribute in obj and attribute not in _NAMES_OF_DICTS:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`."""
        return super().getitem(obj, limits.weighed(argument))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only plain values and Jinja's own objects have attributes, and names that begin with an underscore are
        private, save `_partition` (Airbyte: some connectors rely on it).
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
        """Every call in a template comes through here (the odd names leave all keywords to the callee)."""
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
GLOBAL_NAMES: Final = frozenset(ENVIRONMENT.globals)
FILTER_NAMES: Final = frozenset(ENVIRONMENT.filters)
