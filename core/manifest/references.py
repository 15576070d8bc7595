"""References in a manifest: `"#/..."` strings and `$ref` mappings, resolved as Airbyte resolves them.

Airbyte: references name places in the original tree; a key that holds slashes is tried whole before it is
split; keys beside a `$ref` win over those of its target, one level deep; a target that is not a mapping
replaces all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeGuard

from core.manifest.problems import Path, Severity, clipped, closest, show_path

REF = "$ref"
VERBATIM_FIELDS = frozenset({"config_overrides"})
"""Fields that hold values of the user's configuration, in which `#/` means nothing."""
_MAX_DEPTH = 150
"""Collections and references that may be nested in each other."""
_HINTS = 20
"""References that lead nowhere for which something similar is looked for."""

Report = Callable[..., None]
"""Takes a path in the raw tree, a message, and `hint` or `severity` by name."""


class Traced:
    """A value together with the raw path that it is written at.

    `value` is a scalar, or a dict or a list of traced values. `size` counts all values in it. `is_fault`: it stands
    in the place of something that is wrong, which is reported at `origin`.
    """

    __slots__ = ("_value", "is_fault", "origin", "size")

    def __init__(self, value: Any, origin: Path, size: int = 1, is_fault: bool = False) -> None:
        self._value = value
        self.origin = origin
        self.size = size
        self.is_fault = is_fault

    @property
    def value(self) -> Any:
        """The value, one level deep."""
        return self._value

    def __bool__(self) -> bool:
        """Whether the value is truthy in Python's sense, which is the one that Airbyte goes by."""
        return bool(self._value)


class AsWritten(Traced):
    """A collection of the raw tree in which nothing has to be resolved, such as a schema.

    What is in it is traced when it is asked for, which it mostly never is. `plain` is the raw value.
    """

    __slots__ = ("_extents", "plain")

    def __init__(self, plain: Any, origin: Path, extents: Extents) -> None:
        super().__init__(None, origin, extents.of(plain).size)
        self.plain = plain
        self._extents = extents

    @property
    def value(self) -> Any:
        """The value, one level deep."""
        if self._value is None:
            if isinstance(self.plain, dict):
                self._value = {key: self._traced(key, item) for key, item in self.plain.items()}
            else:
                self._value = [self._traced(index, item) for index, item in enumerate(self.plain)]
        return self._value

    def _traced(self, key: str | int, item: Any) -> Traced:
        origin = (*self.origin, key)
        return AsWritten(item, origin, self._extents) if isinstance(item, dict | list) else Traced(item, origin)

    def __bool__(self) -> bool:
        return bool(self.plain)


class Extent(NamedTuple):
    """How many values a collection holds, itself included, in how many levels, and whether nothing in it refers."""

    size: int
    levels: int
    is_plain: bool


class Extents:
    """The extents of the collections of one raw tree."""

    def __init__(self) -> None:
        self._known: dict[int, Extent] = {}

    def of(self, value: dict[Any, Any] | list[Any]) -> Extent:
        """The extent of a collection. Of one that refers to others, neither size nor levels count these."""
        known = self._known.get(id(value))
        if known is not None:
            return known
        size, levels, is_plain = 1 + len(value), 0, True
        items: Iterable[Any] = value
        if isinstance(value, dict):
            is_plain = REF not in value and VERBATIM_FIELDS.isdisjoint(value)
            items = value.values()
        for item in items:
            kind = type(item)
            if kind is str:
                if item[:2] == "#/":
                    is_plain = False
            elif kind is dict or kind is list:
                inner_size, inner_levels, inner_is_plain = self.of(item)
                size += inner_size - 1
                levels = max(levels, inner_levels)
                if not inner_is_plain:
                    is_plain = False
        extent = self._known[id(value)] = Extent(size, levels + 1, is_plain)
        return extent


def is_reference(value: Any) -> TypeGuard[str]:
    """Whether a value is a reference string."""
    return isinstance(value, str) and value.startswith("#/")


def lookup(root: Any, reference: str) -> Path:
    """The raw path that a reference string names. Raises LookupError when there is nothing."""
    path: list[str | int] = []
    node, rest = root, reference.removeprefix("#/")
    while rest:
        if isinstance(node, dict) and rest in node:
            return (*path, rest)
        head, _, rest = rest.partition("/")
        key = _step(node, head)
        path.append(key)
        node = node[key]
    return tuple(path)


def _step(node: Any, segment: str) -> str | int:
    """The key or index that one segment of a reference stands for in a collection."""
    try:
        number: int | None = int(segment)
    except ValueError:
        number = None
    if isinstance(node, list) and number is not None and -len(node) <= number < len(node):
        return number % len(node)
    key = segment if number is None else number
    if isinstance(node, dict) and key in node:
        return key
    raise LookupError(segment)


class ReferenceResolver:
    """Resolves the references of one raw tree. Each place is resolved once, so what is shared stays shared.

    A reference that leads nowhere or in a circle is reported and becomes a null with a fault.
    """

    def __init__(self, root: dict[str, Any], report: Report) -> None:
        self._root = root
        self._report = report
        self._resolved: dict[Path, Traced] = {}
        self._open: dict[Path, None] = {}
        self._hints = _HINTS
        self._extents = Extents()

    def resolve(self, path: Path, value: Any) -> Traced:
        """The value at a raw path with everything in it resolved."""
        if not isinstance(value, dict | list) and not is_reference(value):
            return Traced(value, path)
        if path in self._open:
            return self._circle(path)
        if path not in self._resolved:
            self._open[path] = None
            self._resolved[path] = self._build(path, value)
            del self._open[path]
        return self._resolved[path]

    def _build(self, path: Path, value: Any) -> Traced:
        if len(self._open) > _MAX_DEPTH:
            return self._fault(path, f"References and collections are nested more than {_MAX_DEPTH} levels deep here.")
        if isinstance(value, str):
            return self._target(path, value)
        extent = self._extents.of(value)
        if extent.is_plain and len(self._open) + extent.levels <= _MAX_DEPTH:
            return AsWritten(value, path, self._extents)
        if isinstance(value, list):
            return _collection([self.resolve((*path, i), item) for i, item in enumerate(value)], path)
        own = {key: self._field((*path, key), item) for key, item in value.items() if key != REF}
        if REF not in value:
            return _collection(own, path)
        self._check_ref(path, value[REF])
        target = self.resolve((*path, REF), value[REF])
        if not own or not isinstance(target.value, dict):
            return target
        return _collection({**target.value, **own}, path)

    def _field(self, path: Path, value: Any) -> Traced:
        if path[-1] not in VERBATIM_FIELDS:
            return self.resolve(path, value)
        return AsWritten(value, path, self._extents) if isinstance(value, dict | list) else Traced(value, path)

    def _target(self, path: Path, reference: str) -> Traced:
        try:
            target = lookup(self._root, reference)
        except LookupError as error:
            message = f"The reference `{clipped(reference)}` leads nowhere."
            return self._fault(path, message, self._hint(reference, str(error)))
        return self.resolve(target, _at(self._root, target))

    def _circle(self, target: Path) -> Traced:
        """Null in place of a value that is being resolved already; the place that leads back to it is reported."""
        places = list(self._open)
        steps = [*places[places.index(target) :], target]
        circle = " > ".join(show_path(step) or "the top" for step in steps[:8])
        return self._fault(places[-1], f"The references go round in a circle: {circle}.")

    def _fault(self, path: Path, message: str, hint: str | None = None) -> Traced:
        self._report(path, message, hint=hint)
        return Traced(None, path, is_fault=True)

    def _check_ref(self, path: Path, reference: Any) -> None:
        if isinstance(reference, str) and not is_reference(reference):
            message = f"`{clipped(reference)}` is not a reference; the text itself takes the place of this mapping."
            hint = f'write it as "#/{clipped(reference).lstrip("#/").replace(".", "/")}"'
            self._report((*path, REF), message, hint=hint, severity=Severity.WARNING)

    def _hint(self, reference: str, missing: str) -> str | None:
        """A key like the missing one, in the deepest mapping that the reference does reach."""
        self._hints -= 1
        segments = reference.removeprefix("#/").split("/")
        if self._hints < 0 or len(segments) > _MAX_DEPTH:
            return None
        for depth in range(len(segments) - 1, -1, -1):
            try:
                parent = _at(self._root, lookup(self._root, "#/" + "/".join(segments[:depth])))
            except LookupError:
                continue
            names = [key for key in parent if isinstance(key, str)] if isinstance(parent, dict) else []
            name = closest(missing, names) or closest(segments[-1], names)
            return f"did you mean `#/{'/'.join([*segments[:depth], name, *segments[depth + 1 :]])}`?" if name else None
        return None


def _collection(value: dict[Any, Traced] | list[Traced], path: Path) -> Traced:
    items = value.values() if isinstance(value, dict) else value
    return Traced(value, path, 1 + sum(item.size for item in items))


def owner(root: Any, path: Path) -> Path:
    """The raw path that owns the value at `path` in the resolved view (see `Document.through_refs`)."""
    place = _follow(root, ())
    for key in path:
        place = _follow(root, _owner_of_key(root, place, key))
    return place


def slot(root: Any, path: Path) -> Path:
    """The raw path of what stands at `path` in the resolved view itself (see `Document.slot`)."""
    return _owner_of_key(root, owner(root, path[:-1]), path[-1]) if path else ()


def _owner_of_key(root: Any, place: Path, key: str | int) -> Path:
    inner = place
    for _ in range(_MAX_DEPTH):
        value = _at(root, inner)
        if isinstance(value, dict) and key in value:
            return (*inner, key)
        if not isinstance(value, dict) or REF not in value:
            break
        inner = _follow(root, (*inner, REF))
    return (*place, key)


def _follow(root: Any, place: Path) -> Path:
    for _ in range(_MAX_DEPTH):
        place = _dereferenced(root, place)
        value = _at(root, place)
        if not isinstance(value, dict) or REF not in value:
            return place
        target = _dereferenced(root, (*place, REF))
        target_value = _at(root, target)
        is_merged = len(value) > 1 and isinstance(target_value, dict)
        if is_merged or is_reference(target_value):
            return place
        place = target
    return place


def _dereferenced(root: Any, place: Path) -> Path:
    for _ in range(_MAX_DEPTH):
        value = _at(root, place)
        if not is_reference(value):
            return place
        try:
            place = lookup(root, value)
        except LookupError:
            return place
    return place


def _at(root: Any, path: Path) -> Any:
    value = root
    for key in path:
        try:
            value = value[key]
        except (LookupError, TypeError):
            return None
    return value
