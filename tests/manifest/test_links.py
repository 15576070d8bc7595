"""References through edits: they follow what moves, are written out where it goes, and never lead round in a circle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.manifest.document import Document
from core.manifest.links import CircleError, ReferenceGraph
from core.manifest.problems import Path

SOURCE = """\
definitions:
  limit: 100 # per page
  base: {url: https://a.example.com, auth: {type: NoAuth}}
  more:
    $ref: "#/definitions/base"
    limit: "#/definitions/limit"
  steps: [{type: A}, {type: B}, {type: C}]
streams:
  - {name: one, requester: {$ref: "#/definitions/more", path: /one}}
  - {name: two, requester: {$ref: "#/streams/0/requester", path: /two}, auth: "#/definitions/base/auth"}
  - {name: three, step: "#/definitions/steps/1", last: {$ref: "#/definitions/steps/-1"}, parent: {$ref: "#/streams/1"}}
check:
  config_overrides: {note: "#/streams/1"}
"""
Edit = Callable[[Document], object]


@pytest.fixture
def document() -> Document:
    return Document.parse(SOURCE)


CIRCLES: list[tuple[str, Edit]] = [
    ("itself", lambda one: one.set(("definitions", "limit"), "#/definitions/limit")),
    ("around it", lambda one: one.set(("streams", 0, "requester", "x"), {"$ref": "#/streams/0"})),
    ("the top", lambda one: one.set(("definitions", "limit"), "#/")),
    ("through others", lambda one: one.set(("definitions", "base", "auth"), {"$ref": "#/streams/1/requester"})),
    ("in a new list", lambda one: one.set(("definitions", "base", "x"), [{"deep": "#/definitions/more"}])),
    ("in a new item", lambda one: one.insert(("definitions", "steps"), 0, {"$ref": "#/definitions/steps"})),
    ("a parent that is a child", lambda one: one.set(("streams", 1, "parent"), {"$ref": "#/streams/2"})),
]


@pytest.mark.parametrize("edit", [edit for _, edit in CIRCLES], ids=[name for name, _ in CIRCLES])
def test_an_edit_that_would_make_a_circle_is_refused_and_nothing_is_lost(document: Document, edit: Edit) -> None:
    document.set(("streams", 0, "name"), "first")
    before = document.text
    with pytest.raises(CircleError, match="would lead back to itself"):
        edit(document)
    assert document.text == before
    assert Document.parse(before).root == document.root
    document.history.undo()
    assert document.text == SOURCE
    document.history.redo()
    assert document.text == before


def test_a_new_name_that_closes_a_circle_is_refused() -> None:
    document = Document.parse('a: {x: {$ref: "#/a/y"}}\n')
    with pytest.raises(CircleError, match=r"`#/a/y` at `a\.y`"):
        document.rename(("a", "x"), "y")
    assert document.root == {"a": {"x": {"$ref": "#/a/y"}}}


def test_a_file_with_a_circle_of_references_can_be_edited_and_repaired_but_gets_no_second_one() -> None:
    document = Document.parse('a: {$ref: "#/b"}\nb: {$ref: "#/a", c: 1}\nd: 1\n')
    document.set(("b", "c"), {"e": 2})
    with pytest.raises(CircleError, match="`#/d` at `d`"):
        document.set(("d",), "#/d")
    document.set(("b", "$ref"), "#/d")
    assert ReferenceGraph(document.links).circles() == []
    with pytest.raises(CircleError):
        document.set(("d",), "#/a")


MOVES: list[tuple[Edit, dict[Path, Any]]] = [
    (
        lambda one: one.rename(("definitions", "base"), "start"),
        {("definitions", "more", "$ref"): "#/definitions/start", ("streams", 1, "auth"): "#/definitions/start/auth"},
    ),
    (
        lambda one: one.insert(("streams",), 0, {"name": "new"}),
        {
            ("streams", 2, "requester", "$ref"): "#/streams/1/requester",
            ("streams", 3, "parent", "$ref"): "#/streams/2",
            ("check", "config_overrides", "note"): "#/streams/1",
        },
    ),
    (
        lambda one: one.move(("streams",), 1, 0),
        {
            ("streams", 0, "requester", "$ref"): "#/streams/1/requester",
            ("streams", 2, "parent", "$ref"): "#/streams/0",
        },
    ),
    (
        lambda one: one.insert(("definitions", "steps"), 3, {"type": "D"}),
        {("streams", 2, "step"): "#/definitions/steps/1", ("streams", 2, "last", "$ref"): "#/definitions/steps/2"},
    ),
    (
        lambda one: one.delete(("definitions", "steps", 0)),
        {("streams", 2, "step"): "#/definitions/steps/0", ("streams", 2, "last", "$ref"): "#/definitions/steps/-1"},
    ),
]


@pytest.mark.parametrize(("edit", "expected"), MOVES)
def test_references_follow_what_moves(document: Document, edit: Edit, expected: dict[Path, Any]) -> None:
    edit(document)
    assert {path: document.get(path) for path in expected} == expected
    assert all(link.target is not None for link in document.links)
    edited = document.text
    assert Document.parse(edited).root == document.root
    document.history.undo()
    assert document.text == SOURCE
    document.history.redo()
    assert document.text == edited


GONE: list[tuple[Edit, dict[Path, Any]]] = [
    (lambda one: one.delete(("definitions", "limit")), {("definitions", "more", "limit"): 100}),
    (
        lambda one: one.delete(("definitions", "base")),
        {
            ("definitions", "more"): {
                "url": "https://a.example.com",
                "auth": {"type": "NoAuth"},
                "limit": "#/definitions/limit",
            },
            ("streams", 1, "auth"): {"type": "NoAuth"},
        },
    ),
    (
        lambda one: one.delete(("streams", 0)),
        {
            ("streams", 0, "requester"): {"$ref": "#/definitions/more", "path": "/two"},
            ("streams", 1, "parent"): {"$ref": "#/streams/0"},
        },
    ),
    (
        lambda one: one.delete(("definitions",)),
        {
            ("streams", 0, "requester", "limit"): 100,
            ("streams", 1, "requester"): {"$ref": "#/streams/0/requester", "path": "/two"},
            ("streams", 2, "step"): {"type": "B"},
            ("streams", 2, "last"): {"type": "C"},
        },
    ),
    (
        lambda one: one.set(("definitions", "base"), {"url": "https://b.example.com"}),
        {
            ("streams", 1, "auth"): {"type": "NoAuth"},
            ("definitions", "more", "$ref"): "#/definitions/base",
        },
    ),
]


@pytest.mark.parametrize(("edit", "expected"), GONE)
def test_what_goes_away_is_written_out_where_it_is_referred_to(
    document: Document, edit: Edit, expected: dict[Path, Any]
) -> None:
    edit(document)
    assert {path: document.get(path) for path in expected} == expected
    assert all(link.target is not None for link in document.links)
    document.history.undo()
    assert document.text == SOURCE


def test_a_key_that_no_reference_can_name_leaves_a_copy_behind(document: Document) -> None:
    document.rename(("definitions", "base"), "a/b")
    assert document.get(("definitions", "more", "$ref")) == "#/definitions/a/b"
    assert document.get(("streams", 1, "auth")) == {"type": "NoAuth"}


def test_what_is_written_where_there_are_no_references_asks_for_none(document: Document) -> None:
    """Texts that change by the hundred (an input that is renamed) must not look at the whole manifest each time."""
    assert document.root
    for number in range(3):
        document.set(("streams", number, "name"), f"stream {number}")
        assert document._root is None, "nobody has looked"
