"""Field paths: the way from a JSON value to what is inside it, step by step, with `*` for any step.

Airbyte finds fields with the library dpath; its rules are kept here. A step is a key of an object, the
index of a list (negative ones count from the end), or a pattern: `*`, `?` and `[abc]` as in file names, and
`**` for any number of steps. Other than for dpath, a key may be empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise, takewhile
from typing import Any

from core.errors import ReadError
from core.http.messages import shorten
from core.runtime.context import readable
from core.templates import Template

Location = tuple[str | int, ...]
"""The keys and indexes of one value inside another."""

KEYS_SHOWN = 12


def evaluated(path: Iterable[Template], variables: Mapping[str, Any]) -> list[str]:
    """The steps of a path whose steps are templates. Raises `ReadError`."""
    with readable():
        return [step.text(variables) for step in path]


def is_plain(path: Iterable[str]) -> bool:
    """Whether no step is a pattern."""
    return not any(character in step for step in path for character in "*?[")


def lookup(path: Sequence[str]) -> Callable[[Any], Any]:
    """The function that gives what is at a plain path in a value; None when nothing is there."""

    def look(value: Any) -> Any:
        for step in path:
            if type(value) is dict or isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, list):
                value = next((item for _, item in _children(value, step)), None)
            else:
                return None
        return value

    return look


def lookup_beginning(path: Sequence[str]) -> Callable[[Any], Any] | None:
    """The same for what a path leads to before its first pattern; None where it begins with one, or has no step."""
    plain = [*takewhile(lambda step: is_plain((step,)), path)]
    return lookup(plain) if plain else None


def find(value: Any, path: Sequence[str]) -> Iterator[tuple[Location, Any]]:
    """Everything that a path matches, with its location, in the order of the value."""
    if "**" in path:
        at = path.index("**")
        before, after = path[:at], path[at + 1 :]
        for location, found in walk(value):
            if _starts_and_ends(location, before, after):
                yield location, found
    elif path:
        yield from _descend(value, path, ())


def walk(value: Any) -> Iterator[tuple[Location, Any]]:
    """Everything inside a value, with its location: what is next to each other first, then what is below."""
    waiting: list[tuple[Location, Any]] = [((), value)]
    while waiting:
        location, parent = waiting.pop()
        children = [((*location, step), child) for step, child in _items(parent)]
        yield from children
        waiting.extend(reversed(children))


def put(record: Any, path: Sequence[str], value: Any) -> None:
    """Set what is at a path. Missing objects on the way are created; lists grow, filled up with nulls.

    Raises `ReadError` where the way leads through something that is neither object nor list.
    """
    holder = record
    for step, following in pairwise(path):
        holder = _entered(holder, step, following, path)
    _store(holder, path[-1], value, path)


def remove(record: Any, locations: Iterable[Location]) -> None:
    """Remove what is at the locations that still exist.

    An item in the middle of a list becomes null, so that the others keep their places; the last one goes.
    """
    for location in locations:
        holder = _at(record, location[:-1])
        step = location[-1]
        if isinstance(holder, dict):
            holder.pop(step, None)
        elif isinstance(holder, list) and isinstance(step, int) and step < len(holder):
            if step == len(holder) - 1:
                holder.pop()
            else:
                holder[step] = None


def what_is_at(element: Any, field_path: Sequence[str]) -> str:
    """What is found where a path stops matching, in words.

    Such as: `data` holds the keys id, state; there is no `status` in it.
    """
    passed: list[str] = []
    value = element
    for step in field_path:
        found = [child for _, child in _children(value, step)]
        if not found:
            return f"{place_of(passed)} {_contents(value)}{_missing(value, step)}"
        passed.append(step)
        value = found[0]
    return f"{place_of(passed)} {_contents(value)}"


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, (list, tuple)) else ()


def _children(value: Any, step: str) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, Mapping) and is_plain((step,)):
        return ((step, value[step]),) if step in value else ()
    if isinstance(value, (list, tuple)) and (index := _index(step)) is not None:
        if not -len(value) <= index < len(value):
            return ()
        return ((index % len(value), value[index]),)
    return [(key, child) for key, child in _items(value) if fnmatchcase(str(key), step)]


def _index(step: str) -> int | None:
    try:
        return int(step)
    except ValueError:
        return None


def _descend(value: Any, path: Sequence[str], location: Location) -> Iterator[tuple[Location, Any]]:
    for step, child in _children(value, path[0]):
        if len(path) == 1:
            yield (*location, step), child
        else:
            yield from _descend(child, path[1:], (*location, step))


def _starts_and_ends(location: Location, before: Sequence[str], after: Sequence[str]) -> bool:
    if len(location) < len(before) + len(after):
        return False
    pairs = [*zip(location, before, strict=False)]
    pairs += zip(location[len(location) - len(after) :], after, strict=True)
    return all(fnmatchcase(str(step), pattern) for step, pattern in pairs)


def _at(value: Any, location: Location) -> Any:
    for step in location:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def _entered(holder: Any, step: str, following: str, path: Sequence[str]) -> Any:
    """What is at `step` in `holder`, created where nothing is."""
    if isinstance(holder, list) and step.isdecimal():
        if int(step) >= len(holder):
            _store(holder, step, _container_for(following), path)
        return holder[int(step)]
    if isinstance(holder, dict):
        if step not in holder:
            holder[step] = _container_for(following)
        return holder[step]
    raise _no_way(path, holder, step)


def _container_for(step: str) -> Any:
    return [] if step.isdecimal() else {}


def _store(holder: Any, step: str, value: Any, path: Sequence[str]) -> None:
    if isinstance(holder, dict):
        holder[step] = value
    elif isinstance(holder, list) and step.isdecimal():
        holder.extend([None] * (int(step) + 1 - len(holder)))
        holder[int(step)] = value
    else:
        raise _no_way(path, holder, step)


def _no_way(path: Sequence[str], holder: Any, step: str) -> ReadError:
    return ReadError(
        f"Nothing can be put at `{'.'.join(path)}` of a record: what would hold `{step}` {_contents(holder)}."
    )


def place_of(passed: Sequence[str]) -> str:
    """A place in a response, in words."""
    return f"`{'.'.join(passed)}`" if passed else "the response"


def _contents(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        more = f" and {len(keys) - KEYS_SHOWN} more" if len(keys) > KEYS_SHOWN else ""
        return f"holds the keys {', '.join(keys[:KEYS_SHOWN])}{more}" if keys else "is an empty object"
    if isinstance(value, (list, tuple)):
        return f"is a list of {len(value)} item{'s' if len(value) > 1 else ''}" if value else "is an empty list"
    if isinstance(value, str):
        return f"is the text “{shorten(value, 80)}”" if value else "is an empty text"
    return "is null" if value is None else f"is {str(value).lower()}"


def _missing(value: Any, step: str) -> str:
    if isinstance(value, Mapping) and value and step != "*":
        return f"; there is no `{step}` in it"
    if isinstance(value, (list, tuple)) and value:
        return f", which has no `{step}`"
    return ""


def is_empty(value: Any) -> bool:
    """Whether a value of an answer says that there is nothing: null, a blank text, an empty list or object."""
    return not value.strip() if isinstance(value, str) else value is None or value in ([], {})
