"""Whatever is done to a manifest full of references: no circle, and nothing changes but what was edited.

What "was edited" means is asked of a walk of its own through the raw tree, not of the code that edits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.manifest.document import Document
from core.manifest.links import ReferenceGraph
from core.manifest.problems import Path
from tui.model.session import BuilderSession
from tui.model.sharing import SHAREABLE
from tui.model.streams import StreamKind

MANIFEST = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [a]}
definitions:
  token: "{{ config['api_key'] }}"
  auth: {type: BearerAuthenticator, api_token: "#/definitions/token"}
  headers: {Accept: text/csv, X-One: "1"}
  base:
    type: HttpRequester
    url: https://api.example.com
    authenticator: {type: BearerAuthenticator, api_token: "{{ config['api_key'] }}"} # the key
    request_headers: {$ref: "#/definitions/headers"}
  more:
    $ref: "#/definitions/base"
    request_parameters: {limit: "100"}
  changes:
    - {type: FlattenFields}
    - {type: KeysToLower}
    - {type: RemoveFields, field_pointers: [[id]]}
  selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [data]}}
  retriever:
    type: SimpleRetriever
    requester: {$ref: "#/definitions/more", http_method: POST}
    record_selector: "#/definitions/selector"
  whole:
    type: DeclarativeStream
    name: g
    retriever: {$ref: "#/definitions/retriever", ignore_stream_slicer_parameters_on_paginated_requests: true}
streams:
  - type: DeclarativeStream
    name: a
    retriever:
      type: SimpleRetriever
      requester: {$ref: "#/definitions/base", path: /a}
      record_selector: "#/definitions/selector"
    transformations: "#/definitions/changes"
  - type: DeclarativeStream
    name: b
    retriever:
      type: SimpleRetriever
      requester: {$ref: "#/definitions/base", path: /b, request_headers: {$ref: "#/definitions/headers", X-Two: "2"}}
      record_selector: {$ref: "#/definitions/selector", schema_normalization: Default}
    transformations: {$ref: "#/definitions/changes"}
  - type: DeclarativeStream
    name: c
    retriever:
      type: SimpleRetriever
      requester: {$ref: "#/streams/0/retriever/requester", path: /c, http_method: POST}
      record_selector: {$ref: "#/streams/1/retriever/record_selector"}
    transformations: ["#/definitions/changes/2", {$ref: "#/definitions/changes/0"}]
  - type: DeclarativeStream
    name: d
    retriever: {$ref: "#/definitions/retriever", ignore_stream_slicer_parameters_on_paginated_requests: true}
  - type: DeclarativeStream
    $parameters: {name: e, path: /e, request_parameters: {page: "1", size: "2"}}
    retriever: {$ref: "#/definitions/retriever"}
  - type: DeclarativeStream
    name: f
    $parameters: {path: /f}
    retriever:
      type: SimpleRetriever
      requester:
        $ref: "#/definitions/more"
        authenticator: {$ref: "#/definitions/auth"}
      record_selector: {$ref: "#/definitions/selector", record_filter: {type: RecordFilter, condition: "{{ true }}"}}
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - type: ParentStreamConfig
            stream: {$ref: "#/streams/0"}
            parent_key: id
            partition_field: order
  - "#/definitions/whole"
  - type: DeclarativeStream
    name: h
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: https://other.example.com
        authenticator:
          type: SelectiveAuthenticator
          authenticator_selection_path: [kind]
          authenticators: {x: {$ref: "#/definitions/auth"}, y: {$ref: "#/definitions/base/authenticator"}}
      record_selector: "#/definitions/selector"
spec:
  type: Spec
  connection_specification: {type: object, properties: {api_key: {type: string}, kind: {type: string}}}
"""
AUTHENTICATORS = ["NoAuth", "BasicHttpAuthenticator", "BearerAuthenticator"]


def visited(root: Any, path: Path) -> set[Path]:
    """Every raw place that is looked at on the way to a path of the view: an edit at one of them shows there."""
    found: set[Path] = set()

    def at(place: Path) -> Any:
        value = root
        for key in place:
            known = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            if key not in known:
                return None
            value = value[key]
        return value

    def targets(place: Path) -> Iterator[Path]:
        """A place, and those that references lead on to from it, the nearest first."""
        found.add(place)
        yield place
        value = at(place)
        reference = value.get("$ref") if isinstance(value, dict) else value
        if isinstance(reference, str) and reference.startswith("#/"):
            steps = reference.removeprefix("#/").split("/")
            yield from targets(tuple(int(step) if step.isdigit() else step for step in steps))

    place: Path = ()
    for key in path:
        for inner in targets(place):
            value = at(inner)
            found.add((*inner, key))
            if isinstance(value, list) or (isinstance(value, dict) and key in value):
                place = (*inner, key)
                break
        else:
            place = (*place, key)
    return found | set(targets(place))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All values in a tree, collections included, but for what parameters say again in every component."""
    yield path, value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key != "$parameters":
            yield from leaves(item, (*path, key))


def values(session: BuilderSession) -> dict[Path, Any]:
    """What stands at every path of every stream."""
    streams = (("streams", index) for index in range(session.view.stream_count))
    return {path: value for stream in streams for path, value in leaves(session.value(stream), stream)}


def shown(session: BuilderSession) -> dict[Path, Any]:
    """The single values among them."""
    return {path: value for path, value in values(session).items() if not isinstance(value, dict | list)}


def bare(value: Any) -> Any:
    """A value without what parameters say in it."""
    if isinstance(value, dict):
        handed = value.get("$parameters", {})
        return {key: bare(item) for key, item in value.items() if key != "$parameters" and key not in handed}
    return [bare(item) for item in value] if isinstance(value, list) else value


def below(path: Path, above: Path) -> bool:
    return path[: len(above)] == above


class Model:
    """One random deed after the other, each with what may show it."""

    def __init__(self, data: st.DataObject) -> None:
        self.session = BuilderSession.from_text(MANIFEST)
        self.data = data
        self.number = 0

    def some(self, wanted: Callable[[Path, Any], bool]) -> Path | None:
        found = [path for path, value in values(self.session).items() if len(path) > 2 and wanted(path, value)]
        return self.data.draw(st.sampled_from(found)) if found else None

    def step(self) -> None:
        deeds = [
            self.set, self.add, self.unset, self.insert, self.remove, self.remove_entry, self.move, self.rename,
            self.choose, self.share, self.share, self.unshare, self.unshare, self.copy, self.move_stream,
            self.delete_stream, self.duplicate, self.switch, self.alone,
        ]  # fmt: skip
        self.number += 1
        self.data.draw(st.sampled_from(deeds))()
        document = self.session.document
        assert ReferenceGraph(document.links).circles() == []
        assert [link for link in document.links if link.target is None] == []
        assert Document.parse(self.session.text).root == document.root

    # What may show an edit

    def unchanged_elsewhere(self, root: Any, before: dict[Path, Any], touched: Callable[[set[Path]], bool]) -> None:
        after = shown(self.session)
        for path in before.keys() | after.keys():
            if before.get(path) != after.get(path):
                assert touched({path, *visited(root, path)}), f"{path}: {before.get(path)} -> {after.get(path)}"

    def edited(self, path: Path, edit: Callable[[], object], *, whole: bool = False, new: str | None = None) -> None:
        """Do an edit that lands where the value is written (`whole`: at the reference to it) and shows where that does.

        `new` is the key that it has then.
        What parameters hand down is edited for this path alone.
        """
        session = self.session
        root, before, document = deepcopy(session.document.root), shown(session), session.document
        place = document.slot(path) if whole else document.through_refs(path)
        handed_down = session.view.is_handed_down(path) or session.view.is_handed_down(path[:-1])
        edit()
        asked = path if handed_down else place
        places = [asked] if new is None else [asked, (*asked[:-1], new)]
        self.unchanged_elsewhere(root, before, lambda seen: any(below(one, place) for one in seen for place in places))

    def private(self, path: Path, edit: Callable[[], object]) -> None:
        """Do an edit that counts at one path alone, and where that very place is referred to."""
        root, before = deepcopy(self.session.document.root), shown(self.session)
        edit()
        self.unchanged_elsewhere(root, before, lambda seen: any(below(one, path) for one in seen))

    # Deeds

    def set(self) -> None:
        path = self.some(lambda path, value: isinstance(value, str) and path[-1] not in ("type", "name"))
        if path is not None:
            self.edited(path, lambda: self.session.set(path, f"set {self.number}"))
            assert self.session.value(path) == f"set {self.number}"

    def add(self) -> None:
        path = self.some(
            lambda path, value: path[-1] in ("request_headers", "request_parameters") and isinstance(value, dict)
        )
        if path is not None:
            self.edited((*path, "new"), lambda: self.session.set((*path, "new"), f"new {self.number}"))
            assert self.session.value((*path, "new")) == f"new {self.number}"

    def unset(self) -> None:
        path = self.some(lambda path, _: path[-1] in SHAREABLE or path[-1] in ("path", "record_filter"))
        if path is not None:
            self.edited(path, lambda: self.session.unset(path), whole=True)

    def a_list(self) -> Path | None:
        return self.some(lambda path, value: path[-1] == "transformations" and isinstance(value, list))

    def types(self, path: Path) -> list[str]:
        return [one["type"] for one in self.session.value(path) or ()]

    def insert(self) -> None:
        path = self.a_list()
        if path is not None:
            before = self.types(path)
            index = self.data.draw(st.integers(0, len(before)))
            self.edited(path, lambda: self.session.insert(path, index, {"type": "KeysToSnakeCase"}))
            assert self.types(path) == [*before[:index], "KeysToSnakeCase", *before[index:]]

    def remove(self) -> None:
        path = self.a_list()
        if path is not None:
            before = self.types(path)
            index = self.data.draw(st.integers(0, len(before) - 1))
            self.edited(path, lambda: self.session.remove((*path, index)))
            assert self.types(path) == before[:index] + before[index + 1 :]

    def remove_entry(self) -> None:
        path = self.some(lambda path, _: path[-2] == "request_headers")
        if path is not None:
            self.edited(path, lambda: self.session.remove(path), whole=True)

    def move(self) -> None:
        path = self.a_list()
        if path is not None:
            before = self.types(path)
            start, end = (self.data.draw(st.integers(0, len(before) - 1)) for _ in range(2))
            self.edited(path, lambda: self.session.move(path, start, end))
            before.insert(end, before.pop(start))
            assert self.types(path) == before

    def rename(self) -> None:
        path = self.some(lambda path, _: path[-2] in ("request_headers", "request_parameters"))
        if path is not None:
            value = self.session.value(path)
            new = f"renamed {self.number}"
            self.edited(path, lambda: self.session.rename_key(path, new), whole=True, new=new)
            assert self.session.value((*path[:-1], new)) == value

    def choose(self) -> None:
        path = self.some(lambda path, value: path[-1] == "authenticator" and isinstance(value, dict))
        if path is not None:
            name = self.data.draw(st.sampled_from(AUTHENTICATORS))
            self.edited(path, lambda: self.session.choose_type(path, name))
            assert self.session.value((*path, "type")) == name

    def shareable(self) -> Path | None:
        return self.some(lambda path, value: path[-1] in SHAREABLE and path[2] == "retriever")

    def share(self) -> None:
        path = self.shareable()
        if path is None or not self.session.sharing.can_share(path):
            return
        sharing = self.session.sharing
        conflict, keep_own = sharing.conflict(path), self.data.draw(st.booleans())
        if conflict is None:
            before = shown(self.session)
            sharing.share(path)
            assert shown(self.session) == before
        elif keep_own:
            sharing.share(path, keep_own=True)
            assert self.session.view.unwrapped(path) is not None
        else:
            self.private(path, lambda: sharing.share(path))
        assert sharing.target(path) is not None
        text = self.session.text
        sharing.share(path, keep_own=keep_own)
        assert self.session.text == text

    def unshare(self) -> None:
        path = self.shareable()
        if path is None or self.session.sharing.target(path) is None:
            return
        before = shown(self.session)
        self.session.sharing.unshare(path)
        assert shown(self.session) == before
        assert self.session.sharing.target(path) is None

    def alone(self) -> None:
        path = self.some(
            lambda path, value: path[-1] == "authenticator" and isinstance(value, dict) and path[2] == "retriever"
        )
        if path is None or self.session.sharing.target(path) is None:
            return
        self.session.sharing.unshare(path)
        self.private(path, lambda: self.session.set((*path, "realm"), f"alone {self.number}"))

    def copy(self) -> None:
        path = self.shareable()
        others = [
            one
            for one in values(self.session)
            if path and one[-1] == path[-1] and one != path and one[2] == "retriever"
        ]
        if path is None or not others:
            return
        other = self.data.draw(st.sampled_from(others))
        value = bare(self.session.value(path))
        self.private(other, lambda: self.session.sharing.copy_to(path, (other,)))
        assert bare(self.session.value(other)) == value

    def a_stream(self) -> int:
        return self.data.draw(st.integers(0, self.session.view.stream_count - 1))

    def by_name(self) -> dict[str, Any]:
        session = self.session
        return {name: deepcopy(session.value(("streams", index))) for index, name in enumerate(session.streams.names())}

    def move_stream(self) -> None:
        before = self.by_name()
        stream = self.a_stream()
        self.session.streams.move(stream, self.a_stream() - stream)
        assert self.by_name() == before

    def delete_stream(self) -> None:
        if self.session.view.stream_count > 3:
            index, before = self.a_stream(), self.by_name()
            name = self.session.streams.name(index)
            self.session.streams.delete(index)
            assert self.by_name() == {other: value for other, value in before.items() if other != name}

    def duplicate(self) -> None:
        index, before = self.a_stream(), self.by_name()
        self.session.streams.duplicate(index)
        after = self.by_name()
        assert {name: after[name] for name in before} == before

    def switch(self) -> None:
        index = self.a_stream()
        requester = "requester" if self.session.streams.kind(index) is StreamKind.SYNC else "creation_requester"
        url = self.session.value(("streams", index, "retriever", requester, "url"))
        kind = StreamKind.ASYNC if self.session.streams.kind(index) is StreamKind.SYNC else StreamKind.SYNC
        path: Path = ("streams", index, "retriever")
        self.private(path, lambda: self.session.streams.switch_retrieval(index, kind))
        assert self.session.streams.kind(index) is kind
        new = "creation_requester" if kind is StreamKind.ASYNC else "requester"
        assert self.session.value((*path, new, "url")) == url


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_changes_but_what_was_edited(data: st.DataObject) -> None:
    model = Model(data)
    for _ in range(data.draw(st.integers(1, 6))):
        model.step()
    session = model.session
    edited = session.text
    while session.can_undo:
        session.undo()
    assert session.text == MANIFEST
    while session.can_redo:
        session.redo()
    assert session.text == edited
