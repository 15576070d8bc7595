"""Field paths as people write them: with dots, as a list, or as JSONPath where that means the same."""

from __future__ import annotations

import json
import re

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
