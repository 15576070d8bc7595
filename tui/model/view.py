"""The resolved view of a document: values at paths, the components around them, and the raw places to write them at.

Paths of the view are those that people mean (`streams[0].retriever.requester.url`), wherever the value is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.components.source import DeclarativeSource
from core.connector.building import ALWAYS_VISIBLE
from core.connector.registry import component_types
from core.manifest.document import Document
from core.manifest.links import (
    CircleError,
    ReferenceGraph,
    check_circles,
    copied_with_references,
    is_below,
    links,
    reference_texts,
    reference_to,
    target_of,
)
from core.manifest.problems import Path
from core.manifest.references import REF, Traced, is_reference
from core.manifest.resolver import NO_STREAM, REFERENCED_ONLY, Resolved, resolve_references, resolve_section
from core.runtime.component import Component
from tui.model.places import StreamPlace, place_in, places
from tui.model.specs import FieldSpec, Kind, form_spec

MAPPINGS = (Kind.PAIRS, Kind.COMPONENT_MAP)
"""The kinds of fields whose components have names."""


class View:
    """One state of a document, resolved section by section (a stream, or all that is around them) when it is asked for.

    Make a new one after an edit: that costs nothing until it is asked.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._sections: dict[int, Resolved] = {}
        self._others: dict[Path, Resolved | None] = {}

    @cached_property
    def places(self) -> tuple[StreamPlace, ...]:
        """The places of the streams, in the order of the manifest."""
        return tuple(places(self.document))

    @property
    def stream_count(self) -> int:
        """How many streams there are, wherever they stand."""
        return len(self.places)

    @property
    def listed(self) -> int:
        """How many entries the manifest's list of streams has."""
        streams = self.document.root.get("streams")
        return len(streams) if isinstance(streams, list) else 0

    def place(self, stream: int) -> StreamPlace:
        """The place of a stream; one where nothing is for a stream that there is not."""
        if 0 <= stream < self.stream_count:
            return self.places[stream]
        return place_in(("streams", stream))

    def stream_at(self, path: Path) -> int | None:
        """The stream that a path leads into; for what is around several of them, the first."""
        known = self._by_path
        return next((known[path[:end]] for end in range(len(path), 1, -1) if path[:end] in known), None)

    @cached_property
    def _by_path(self) -> dict[Path, int]:
        """The streams by their paths, and the first of those around which there is more by the path of that."""
        found: dict[Path, int] = {}
        for index, place in enumerate(self.places):
            found[place.path] = index
            found.setdefault(place.around, index)
        return found

    def value(self, path: Path) -> Any:
        """The value at a path, None when there is none. It is read-only: equal parts may be the same objects."""
        resolved, rest = self._resolved(path)
        return None if resolved is None else resolved.value(rest)

    def exists(self, path: Path) -> bool:
        """Whether there is something at a path, written there or handed down to it."""
        return self._find(path) is not None

    def origin(self, path: Path) -> Path | None:
        """The raw path that the value is written at (a parameter's entry, say), None when there is none."""
        found = self._find(path)
        return None if found is None else found.origin

    def is_written(self, path: Path) -> bool:
        """Whether the value is written, here or in what is referred to, rather than handed down by `$parameters`."""
        return self.document.exists(self.document.through_refs(path))

    def unwrapped(self, path: Path) -> Any:
        """What is written for a path, its own `$ref` followed, the references inside it as they are."""
        document = self.document
        place = document.through_refs(path)
        if self.is_handed_down(path):
            place = document.through_refs(self.origin(path) or place)
        return self.merged(place)

    def merged(self, raw: Path) -> Any:
        """What is written at a raw path, with what `$ref`s beside it add to it; the references inside as they are."""
        return _merged(self.document, raw, frozenset())

    def is_handed_down(self, path: Path) -> bool:
        """Whether the value comes from `$parameters`, which count where nothing is written, or something empty."""
        return (
            path[-1:] != ("type",)
            and not self.document.get(self.document.through_refs(path))
            and bool(self.value(path))
        )

    def section(self, stream: int) -> Resolved:
        """One entry of the list of streams resolved, or for `NO_STREAM` all but those, definitions and schemas."""
        if stream not in self._sections:
            self._sections[stream] = resolve_section(self.document.root, stream)
        return self._sections[stream]

    def _find(self, path: Path) -> Traced | None:
        resolved, rest = self._resolved(path)
        return None if resolved is None else resolved.find(rest)

    def _resolved(self, path: Path) -> tuple[Resolved | None, Path]:
        """What holds a path, and the path in it."""
        if not path or path[0] in REFERENCED_ONLY or path == ("streams",):
            return self._outside(path), ()
        if path[0] != "streams":
            return self.section(NO_STREAM), path
        stream = path[1]
        if not isinstance(stream, int) or not 0 <= stream < self.listed:
            return None, ()
        return self.section(stream), path

    def _outside(self, path: Path) -> Resolved | None:
        if path not in self._others:
            is_there = self.document.get(path) is not None
            self._others[path] = resolve_references(self.document.root, path) if is_there else None
        return self._others[path]


def _merged(document: Document, raw: Path, seen: frozenset[Path]) -> Any:
    written = document.get(raw)
    if not isinstance(written, dict) or REF not in written or raw in seen:
        return written
    own = {key: value for key, value in written.items() if key != REF}
    target = _merged(document, document.through_refs((*raw, REF)), seen | {raw})
    return {**target, **own} if isinstance(target, dict) else own


@dataclass(frozen=True, slots=True)
class PathComponent:
    """A component on the way to a path, and the field of it through which the way leads on.

    `path` is that of the component, `field` None at the end of the way or when the component has no such field.
    """

    path: Path
    component: type[Component]
    value: Mapping[str, Any]
    field: FieldSpec | None
    key: str | int | None


def components_to(view: View, path: Path) -> Iterator[PathComponent]:
    """The components from the manifest down to `path`, as far as they are known.

    The last one is the one whose field the path names, or the component at the path itself.
    """
    component: type[Component] | None = DeclarativeSource
    at = 0
    while component is not None:
        found = view.value(path[:at]) if at else {}
        value = found if isinstance(found, Mapping) else {}
        key = path[at] if at < len(path) else None
        field = form_spec(component).field(key) if isinstance(key, str) else None
        yield PathComponent(path[:at], component, value, field, key)
        if field is None or not field.types:
            return
        at += 1
        if field.kind in MAPPINGS or (at < len(path) and isinstance(path[at], int)):
            at += 1
        if at > len(path):
            return
        component = class_at(view.value(path[:at]), field)


def class_at(value: Any, field: FieldSpec) -> type[Component] | None:
    """The class of a component that is written in a field, None when it is none or not known."""
    if not isinstance(value, Mapping):
        return None
    written = value.get("type")
    if isinstance(written, str):
        return component_types().get(written)
    return field.types[0].component if len(field.types) == 1 else None


def slots(value: Any, field: FieldSpec) -> Iterator[tuple[Path, Any]]:
    """Where in the value of a field a component may stand, with what stands there; paths are relative to the field."""
    if isinstance(value, list):
        yield from (((index,), item) for index, item in enumerate(value))
    elif field.kind in MAPPINGS:
        yield from (((key,), item) for key, item in value.items()) if isinstance(value, Mapping) else ()
    else:
        yield (), value


def field_at(view: View, path: Path) -> FieldSpec | None:
    """The field that a path names, or that holds the list item or map entry at its end."""
    places = list(components_to(view, path))
    if places[-1].key is not None:
        return places[-1].field
    return places[-2].field if len(places) > 1 else None


def component_at(view: View, path: Path) -> type[Component] | None:
    """The class of the component at a path, None when there is none or its class is not known."""
    last = list(components_to(view, path))[-1]
    return last.component if last.path == path else None


def variables_at(view: View, path: Path) -> frozenset[str]:
    """The template variables that may be used in the field at a path."""
    visible: frozenset[str] = frozenset()
    for place in components_to(view, path):
        visible |= place.component.template_variables(place.value)
        gives = place.field.gives if place.field else None
        if gives is not None:
            visible = gives.names if gives.only else visible | gives.names
    return visible | ALWAYS_VISIBLE


class PlaceFinder:
    """Finds places in a document; `write` is called for what has to be written on the way to one."""

    def __init__(self, document: Document, view: View, write: Callable[[Path, Any], None]) -> None:
        self._document = document
        self._view = view
        self._write = write

    def own_place(self, path: Path) -> Path:
        """The raw place for a value that no other path shows, as far as that can be.

        Where others follow a reference on the way too, the place is beside it.
        """
        place: Path = ()
        for depth, key in enumerate(path):
            if not self._document.exists(place):
                self._inherit(path[:depth], place, in_list=isinstance(key, int))
            place = self._below(path[:depth], place, key)
        return place

    def _inherit(self, path: Path, place: Path, *, in_list: bool) -> None:
        """Let a raw place that is missing show what the path showed, so that something can be written below."""
        slot = self._document.slot(path)
        reference = reference_to(slot)
        if self._document.exists(slot) and not in_list and target_of(self._document.root, reference) == slot:
            self._write(place, {REF: reference})
        elif (value := self._view.unwrapped(path)) is not None:
            self._write(place, deepcopy(value))

    def _below(self, path: Path, place: Path, key: str | int) -> Path:
        """The raw place of a key in what stands at `place`: beside the reference there, or in what it leads to when
        nobody else follows one to it.
        """
        for _ in range(len(self._document.links) + 1):
            written = self._document.get(place)
            reference = written.get(REF) if isinstance(written, dict) and key not in written else written
            if not is_reference(reference):
                break
            target = target_of(self._document.root, reference)
            if target is not None and self._is_alone((*target, key)):
                place = target
                continue
            if isinstance(key, int):
                self._write(place, deepcopy(self._view.unwrapped(path)))
            elif reference is written:
                self._write(place, {REF: written})
            break
        return (*place, key)

    def _is_alone(self, place: Path) -> bool:
        """Whether one reference alone leads to a place, and nothing else."""
        leading = [link for link in self._document.links if link.target and is_below(place, link.target)]
        return place[0] in REFERENCED_ONLY and len(leading) == 1


def without_circles(document: Document, place: Path, value: Any) -> Any:
    """A copy of a value from the document that can be written at a raw place: what would lead back is written out."""
    if not reference_texts(value):
        return deepcopy(value)
    root, graph = document.root, ReferenceGraph(document.links)

    def without(back: frozenset[Path]) -> Any:
        return copied_with_references(
            root, value, lambda target: None if target in back or is_below(target, place) else target
        )

    fit = without(graph.leading_to(place, inside=False))
    try:
        check_circles(document.links, links(_with(root, place, fit)))
    except CircleError:  # by way of what is inside of the place, and will be there again
        return without(graph.leading_to(place, inside=True))
    return fit


def _with(tree: Any, path: Path, value: Any) -> Any:
    """A tree with another value at a path, sharing the rest with the one that is given."""
    if not path:
        return value
    if isinstance(tree, list):
        items: dict[Any, Any] = dict(enumerate(tree))
        return list({**items, path[0]: _with(items.get(path[0]), path[1:], value)}.values())
    entries = tree if isinstance(tree, dict) else {}
    return {**entries, path[0]: _with(entries.get(path[0]), path[1:], value)}
