"""Templates that may see secrets: what their filters, functions and methods make of one is hidden as well.

What a condition chooses because of a secret is no secret, and numbers and truth values are none. Templates of records
and answers alone never see one, and run without any of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from types import BuiltinFunctionType, FunctionType, GeneratorType, ModuleType
from typing import Any, Final

from jinja2.runtime import Context

from core.templates import limits
from core.templates.hidden import made_of, put_together, secret_in, tell_of
from core.templates.sandbox import ENVIRONMENT, TemplateEnvironment

_WITHOUT_SECRETS: Final = frozenset(
    {
        "record",
        "response",
        "headers",
        "last_record",
        "last_page_size",
        "page_size",
        "next_page_token",
        "stream_interval",
        "polling_response",
        "download_target",
        "parameters",
    }
)
"""Variables that come from the API or from the text of the manifest."""
_CHOOSING: Final = frozenset(
    [
        "attr",
        "batch",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "groupby",
        "items",
        "last",
        "length",
        "list",
        "map",
        "max",
        "min",
        "random",
        "reject",
        "rejectattr",
        "select",
        "selectattr",
        "slice",
        "sort",
        "unique",
    ]
)
"""Filters and functions that give back what they were given, or a part of it, as it is."""


def may_be_secret(variables: Iterable[str]) -> bool:
    """Whether one of the variables may hold a secret."""
    return not _WITHOUT_SECRETS.issuperset(variables)


def environment_for(variables: Iterable[str]) -> TemplateEnvironment:
    """The environment for a template that uses these variables."""
    return TRACKING if may_be_secret(variables) else ENVIRONMENT


def _joined(chunks: Iterable[str]) -> str:
    pieces = list(chunks)
    return put_together(limits.joined(pieces), pieces)


def _concatenated(*parts: Any) -> str:
    return put_together(limits.concatenate(*parts), parts)


class TrackingEnvironment(TemplateEnvironment):
    """The templates' environment, with an eye on secrets."""

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
        """Every call in a template; of methods, those of texts are watched, of functions all."""
        result = super().call(__context, __obj, *args, **kwargs)
        owner = getattr(__obj, "__self__", None)
        tell = tell_of(owner)
        if tell is not None:
            return made_of(result, tell)
        if isinstance(owner, str) or (_is_function(__obj) and __obj.__name__ not in _CHOOSING):
            tell = secret_in((*args, *kwargs.values()))
            return result if tell is None else made_of(result, tell)
        return result


def _is_function(called: Any) -> bool:
    """Whether it is no method and no macro of the template: those look into themselves what they give back."""
    kind = type(called)
    return kind is FunctionType or (kind is BuiltinFunctionType and isinstance(called.__self__, ModuleType))


def _tracked(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # keeps Jinja's mark of what the filter wants passed
    def tracked(*args: Any, **kwargs: Any) -> Any:
        args = tuple(limits.loop_items(arg) if isinstance(arg, GeneratorType) else arg for arg in args)
        result = function(*args, **kwargs)
        tell = secret_in((*args, *kwargs.values()))
        return result if tell is None else made_of(result, tell)

    return tracked


def _tracked_texts(operator: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator of which only the texts that it gives are watched; those that know their secret stay as they are."""

    def tracked(left: Any, right: Any) -> Any:
        result = operator(left, right)
        if not isinstance(result, str) or tell_of(result) is not None:
            return result
        tell = secret_in((left, right))
        return result if tell is None else made_of(result, tell)

    return tracked


TRACKING: Final = TrackingEnvironment()
