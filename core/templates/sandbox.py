"""The Jinja environment that templates run in: sandboxed, bounded, with Airbyte's macros and filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from core.templates import limits
from core.templates.errors import LimitError
from core.templates.filters import FILTERS
from core.templates.macros import MACROS

_NAMES_OF_DICTS: Final = frozenset(dir(dict))


class Scope(Context):
    """The names of one evaluation, and how much work it has done so far."""

    steps = 0

    def spend(self, steps: int) -> None:
        """Count loop iterations or calls.

        Raises:
            LimitError: the evaluation has used up what it may.

        """
        self.steps += steps
        if self.steps > limits.MAX_STEPS:
            raise LimitError(f"it takes more than {limits.MAX_STEPS:,} loop iterations and calls")


class BoundedCode(CodeGenerator):
    """Compiles loops and `~`, which are bare Python in Jinja, to calls of our bounded functions."""

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


class TemplateEnvironment(SandboxedEnvironment):
    """Jinja's sandbox with Airbyte's one exception (`_partition`) and without `range`, under our limits."""

    context_class = Scope
    code_generator_class = BoundedCode
    intercepted_binops = frozenset(limits.OPERATORS)
    loop_items = staticmethod(limits.loop_items)
    concatenate = staticmethod(limits.concatenate)

    def __init__(self) -> None:
        super().__init__()
        self.binop_table.update(limits.OPERATORS)
        self.filters.update(limits.guard_filters(self.filters))
        self.filters.update(FILTERS)
        del self.globals["range"]
        self.globals["lipsum"] = limits.lipsum
        self.globals.update(MACROS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`, with a short cut for keys of dicts that no method of dict hides."""
        if type(obj) is dict and attribute in obj and attribute not in _NAMES_OF_DICTS:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Underscore names are private, save `_partition` (Airbyte: some connectors rely on it)."""
        return attr == "_partition" or super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja's safe `str.format`, with bounded widths."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            limits.check_format(str(value.__self__))
        return wrapped

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Every call in a template comes through here (the odd names leave all keywords to the callee)."""
        assert isinstance(__context, Scope)
        if __obj is limits.loop_items:
            items = limits.loop_items(args[0])
            __context.spend(len(items) if hasattr(items, "__len__") else 0)
            return items
        __context.spend(1)
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, (str, bytes)):
            limits.check_method(owner, __obj.__name__, args, kwargs)
        return super().call(__context, __obj, *args, **kwargs)


ENVIRONMENT: Final = TemplateEnvironment()
GLOBAL_NAMES: Final = frozenset(ENVIRONMENT.globals)
FILTER_NAMES: Final = frozenset(ENVIRONMENT.filters)
