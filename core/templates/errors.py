"""The errors of templates. Their messages hold no value of the context."""

from __future__ import annotations

_SHOWN = 160


class TemplateError(Exception):
    """A template that cannot be compiled or evaluated.

    The message names the template and the variable in question, never its value, which may be a secret. `line` is the
    line inside the template, for syntax errors.
    """

    def __init__(self, problem: str, source: str, line: int | None = None) -> None:
        self.problem = problem
        self.source = source
        self.line = line
        shown = source if len(source) <= _SHOWN else source[:_SHOWN] + "…"
        where = f", line {line}" if line is not None and "\n" in source else ""
        super().__init__(f"In the template “{shown}”{where}: {problem}")


class UnknownVariableError(Exception):
    """A template uses a top-level name that its context does not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class LimitError(Exception):
    """A template needs more work or memory than templates may use; the message says which limit it exceeds."""


class HurryError(LimitError):
    """A template takes longer than whoever asked for its value would wait; it may do that elsewhere."""


class ChangeError(Exception):
    """A template would change a value that it was given."""
