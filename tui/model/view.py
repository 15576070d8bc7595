"""The resolved view of a document: what stands at a path once references are followed and parameters are handed down.

Paths of the view are those that people mean (`streams[0].retriever.requester.url`), wherever the value is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.manifest.document import Document
from core.manifest.links import at
from core.manifest.parameters import ROOT_TYPE, Propagation, TooLargeError
from core.manifest.problems import Path, Problem, Severity
from core.manifest.references import REF, Resolver, Traced

NO_STREAM = -1
"""The section of everything that is outside of the streams."""
_ONLY_TARGETS = ("definitions", "schemas")


class View:
    """One state of a document, resolved section by section (a stream, or all that is around them) when it is asked for.

    Make a new one after an edit: that costs nothing until it is asked.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: dict[int, list[Problem]] = {}
        """What is wrong with the references of each section resolved so far; paths are raw ones."""
        self._sections: dict[int, Traced] = {}
        self._others: dict[Path, Traced | None] = {}
        self._plain: dict[int, Any] = {}

    @property
    def stream_count(self) -> int:
        """How many streams there are."""
        streams = self.document.root.get("streams")
        return len(streams) if isinstance(streams, list) else 0

    def value(self, path: Path) -> Any:
        """The value at a path, None when there is none. It is read-only: equal parts may be the same objects."""
        found = self._find(path)
        return None if found is None else self._value(found)

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

    def section(self, stream: int) -> Any:
        """The plain tree of one stream, or for `NO_STREAM` the manifest without streams, definitions and schemas."""
        return self._value(self._section(stream))

    def places(self, stream: int, origin: Path) -> Iterator[Path]:
        """The paths in a section of what is written at the raw path `origin`."""
        above: Path = () if stream == NO_STREAM else ("streams", stream)
        yield from _places(self._section(stream), origin, above)

    def _value(self, node: Traced) -> Any:
        return _plain(node, self._plain)

    def _find(self, path: Path) -> Traced | None:
        if not path or path[0] in _ONLY_TARGETS or path == ("streams",):
            return self._outside(path)
        if path[0] == "streams":
            if not isinstance(path[1], int) or not 0 <= path[1] < self.stream_count:
                return None
            return _descend(self._section(path[1]), path[2:])
        return _descend(self._section(NO_STREAM), path)

    def _outside(self, path: Path) -> Traced | None:
        if path not in self._others:
            raw = self.document.get(path) if path else self.document.root
            self._others[path] = None if raw is None else _silent(self.document).resolve(path, raw)
        return self._others[path]

    def _section(self, stream: int) -> Traced:
        if stream not in self._sections:
            self._sections[stream] = self._resolved(stream)
        return self._sections[stream]

    def _resolved(self, stream: int) -> Traced:
        found = self.problems.setdefault(stream, [])

        def report(path: Path, message: str, *, hint: str | None = None, severity: Severity = Severity.ERROR) -> None:
            found.append(Problem(message, path, severity, hint))

        root = self.document.root
        start = {key: value for key, value in root.items() if key not in (*_ONLY_TARGETS, "streams")}
        if stream != NO_STREAM:
            start["streams"] = [None] * stream + [root["streams"][stream]]
        resolved = Resolver(root, report).resolve((), start)
        typed = Traced({"type": Traced(ROOT_TYPE, ()), **resolved.value}, (), resolved.size + 1)
        try:
            whole = Propagation(report).propagate(typed)
        except TooLargeError as error:
            report(error.path, "References or parameters blow the manifest up beyond all bounds here.")
            return Traced({} if stream == NO_STREAM else None, ())
        return whole if stream == NO_STREAM else whole.value["streams"].value[stream]


def _merged(document: Document, raw: Path, seen: frozenset[Path]) -> Any:
    written = document.get(raw)
    if not isinstance(written, dict) or REF not in written or raw in seen:
        return written
    own = {key: value for key, value in written.items() if key != REF}
    target = _merged(document, document.through_refs((*raw, REF)), seen | {raw})
    return {**target, **own} if isinstance(target, dict) else own


def resolved(root: dict[str, Any], path: Path) -> Any:
    """The value at a raw path of a tree with the references in it followed."""
    return _plain(Resolver(root, lambda *_, **__: None).resolve(path, at(root, path)), {})


def _plain(node: Traced, done: dict[int, Any]) -> Any:
    value = node.value
    if not isinstance(value, dict | list):
        return value
    if id(node) not in done:
        if isinstance(value, dict):
            done[id(node)] = {key: _plain(item, done) for key, item in value.items()}
        else:
            done[id(node)] = [_plain(item, done) for item in value]
    return done[id(node)]


def _silent(document: Document) -> Resolver:
    return Resolver(document.root, lambda *_, **__: None)


def _descend(node: Traced, path: Path) -> Traced | None:
    for key in path:
        value = node.value
        keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if key not in keys:
            return None
        node = value[key]
    return node


def _places(node: Traced, origin: Path, path: Path) -> Iterator[Path]:
    if node.origin == origin:
        yield path
        return
    value = node.value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(item, origin, (*path, key))
