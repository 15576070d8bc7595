"""Field paths as people write them: with dots, as a list, or as JSONPath where that means the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

_DOTTED_STEP = re.compile(r"(?:\{\{.*?\}\}|\\.|[^.\\]|\\$)*", re.DOTALL)
"""What stands between dots, which may be in a template or behind a backslash."""
_JSONPATH_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*|\*) | \[(?P<index>-?\d+|\*)\] | \[(?P<quote>['"])(?P<quoted>[^'"]*)(?P=quote)\]""",
    re.VERBOSE,
)


def is_jsonpath(text: str) -> bool:
    """Whether a text is meant as a JSONPath."""
    return text == "$" or text.startswith(("$.", "$[", "$*"))


def parse_field_path(text: str) -> list[str] | None:
    """The steps of a path; None for a JSONPath that no field path can say (filters, slices, recursion)."""
    text = text.strip()
    if is_jsonpath(text):
        return _from_jsonpath(text)
    if text.startswith("["):
        steps = _from_list(text)
        if steps is not None:
            return steps
    return _from_dotted(text)


def format_field_path(path: Any) -> str:
    """A path as dotted text; dots inside of steps are escaped."""
    if isinstance(path, str):
        return path
    if not isinstance(path, Sequence):
        return "" if path is None else str(path)
    return ".".join(_escaped(str(step)) for step in path)


def _escaped(step: str) -> str:
    return step if "{{" in step else step.replace("\\", "\\\\").replace(".", "\\.")


def _from_dotted(text: str) -> list[str]:
    steps, at = [], 0
    while at <= len(text):
        match = _DOTTED_STEP.match(text, at)
        assert match is not None, "the pattern matches an empty text"
        steps.append(re.sub(r"\\(.)", r"\1", match[0]))
        at = match.end() + 1
    while steps and not steps[-1]:  # nothing was typed after the last dot yet
        steps.pop()
    return steps


def _from_list(text: str) -> list[str] | None:
    try:
        steps = orjson.loads(text)
    except orjson.JSONDecodeError:
        inner = text.removeprefix("[").removesuffix("]")
        return [step.strip().strip("'\"") for step in inner.split(",")] if text.endswith("]") and inner else None
    return [str(step) for step in steps] if isinstance(steps, list) else None


def _from_jsonpath(text: str) -> list[str] | None:
    steps, at = [], 1
    while at < len(text):
        match = _JSONPATH_STEP.match(text, at)
        if match is None:
            return None
        steps.append(match["name"] or match["index"] or match["quoted"])
        at = match.end()
    return steps
