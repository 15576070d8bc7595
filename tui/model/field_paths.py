"""Field paths as people write them: with dots, as a list, or as JSONPath where that means the same."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

_STEP = re.compile(r"\.(\*|[^.\[\]*?@]+)|\[(\*|-?\d+|'[^']*'|\"[^\"]*\")\]")


def parse_field_path(text: str) -> list[str]:
    """The keys of a path: `data.items`, `["data", "items"]` or `$.data['items']`; `*` stands for all of a level.

    Raises ValueError, in words, for JSONPath that no field path can say, such as filters.
    """
    text = text.strip()
    if text.startswith("[") and (keys := _json_list(text)) is not None:
        return keys
    if not text.startswith("$"):
        return [part.strip() for part in text.split(".")] if text else []
    return _from_json_path(text[1:])


def show_field_path(keys: list[str]) -> str:
    """A path as text: with dots, or as a list where a key has dots itself."""
    if any("." in key or key != key.strip() or not key or key.startswith(("$", "[")) for key in keys):
        return json.dumps(keys, ensure_ascii=False)
    return ".".join(keys)


def _json_list(text: str) -> list[str] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return [str(key) for key in found] if isinstance(found, list) else None


def _from_json_path(rest: str) -> list[str]:
    keys: list[str] = []
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None:
            raise ValueError(
                f"A field path can't say `{rest[at:][:40]}`. Use only keys, indexes and `*`, or choose the JSONPath "
                "extractor."
            )
        keys.append((match[1] or match[2]).strip("'\""))
        at = match.end()
    return keys


_DOTTED_STEP = re.compile(r"(?:\{\{.*?\}\}|\\.|[^.\\])+|(?<=\.)(?=\.|$)|^(?=\.)")
_JSONPATH_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][\w-]*|\*) | \[(?P<index>-?\d+|\*)\] | \[(?P<quote>['"])(?P<quoted>[^'"]*)(?P=quote)\]""",
    re.VERBOSE,
)


def is_jsonpath(text: str) -> bool:
    """Whether a text is meant as a JSONPath."""
    return text == "$" or text.startswith(("$.", "$[", "$*"))


def parsed(text: str) -> list[str] | None:
    """The steps of a path; None for a JSONPath that no field path can say (filters, slices, recursion)."""
    text = text.strip()
    if is_jsonpath(text):
        return _from_jsonpath(text)
    if text.startswith("["):
        steps = _from_list(text)
        if steps is not None:
            return steps
    return [re.sub(r"\\(.)", r"\1", match[0]) for match in _DOTTED_STEP.finditer(text.rstrip("."))]


def shown(path: Any) -> str:
    """A path as dotted text; dots inside of steps are escaped."""
    if isinstance(path, str):
        return path
    if not isinstance(path, Sequence):
        return "" if path is None else str(path)
    return ".".join(_escaped(str(step)) for step in path)


def _escaped(step: str) -> str:
    return step if "{{" in step else step.replace("\\", "\\\\").replace(".", "\\.")


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
