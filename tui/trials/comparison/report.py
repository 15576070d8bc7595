"""What a comparison found, as text, and how a comparison that takes long is told to stop."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from tui.trials.trial import Trial
from tui.widgets.display_text import compact_json, escape

Stopped = Callable[[], bool]
"""Says whether nobody waits for the result any more."""
Tell = Callable[[int, int], None]
"""Is told, from a thread, how many of how many records were looked at."""
_SHOWN = 160
"""Characters of a value that are shown."""
_CONTEXT = 40
"""Characters before the first difference of two long values that are shown."""


class ComparisonStopped(Exception):
    """Nobody waits for the result any more."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is different: a note of a few words for a tab, sentences about the whole, and lines.

    Lines begin with `+` (in the later trial only), `-` (in the earlier one only) or a blank.
    """

    note: str
    summary: str
    lines: str = ""


def name_of(trial: Trial) -> str:
    return f"test {trial.number}"


def check(stopped: Stopped) -> None:
    """Raises `ComparisonStopped`."""
    if stopped():
        raise ComparisonStopped


def value_pair(before: object, after: object) -> tuple[str, str]:
    """Two different values in a line each; of long ones the part where they begin to differ."""
    old, new = compact_json(before), compact_json(after)
    same = next((index for index, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    start = max(0, same - _CONTEXT) if max(len(old), len(new)) > _SHOWN else 0
    return _cut(old, start), _cut(new, start)


def value_line(value: object) -> str:
    """A value in a line."""
    return _cut(compact_json(value), 0)


def _cut(text: str, start: int) -> str:
    part = text[start : start + _SHOWN]
    return escape(f"{'…' * bool(start)}{part}{'…' * (len(text) > start + _SHOWN)}")


def body_lines(text: str) -> Sequence[str]:
    """A body in lines that can be compared: JSON laid out with its keys sorted, a form a line for each field."""
    try:
        laid_out = orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        return laid_out.decode().splitlines()
    except (orjson.JSONDecodeError, TypeError):
        return text.splitlines() if "\n" in text or "=" not in text else text.split("&")


def marked(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """The lines that differ, each with its mark."""
    for _, start, end, new_start, new_end in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if before[start:end] != after[new_start:new_end]:
            yield from (f"-   {escape(line)}" for line in before[start:end])
            yield from (f"+   {escape(line)}" for line in after[new_start:new_end])
