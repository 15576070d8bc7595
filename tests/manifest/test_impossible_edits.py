"""An edit that cannot be made is refused in a sentence and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.manifest.document import Document
from core.manifest.problems import ManifestError

Edit = Callable[[Document], None]

IMPOSSIBLE: dict[str, tuple[Edit, type[Exception], str]] = {
    "the top": (lambda document: document.set((), {}), LookupError, "The top of a manifest cannot be replaced"),
    "below a single value": (
        lambda document: document.set(("a", "b", "c"), 1),
        LookupError,
        "`a` holds a single value, nothing below it.",
    ),
    "an item that is not there": (lambda document: document.set(("l", 5), 1), LookupError, "There is no `l[5]`"),
    "an index where nothing is": (lambda document: document.set(("n", 0), 1), LookupError, "There is no `n[0]`"),
    "an absent key deleted": (lambda document: document.delete(("x",)), LookupError, "There is no `x`"),
    "an absent path deleted": (lambda document: document.delete(("x", "y")), LookupError, "There is no `x.y`"),
    "a list that is none": (lambda document: document.insert(("a",), 0, 1), LookupError, "`a` is not a list."),
    "an insert too far": (lambda document: document.insert(("l",), 4, 1), LookupError, "There is no `l[4]`"),
    "a move too far": (lambda document: document.move(("l",), 0, 2), LookupError, "There is no `l[2]`"),
    "an item renamed": (lambda document: document.rename(("l", 0), "x"), LookupError, "There is no `l[0]`"),
    "a key renamed to another": (lambda document: document.rename(("a",), "l"), ValueError, "There is already a `l`"),
    "a set": (lambda document: document.set(("a",), {1}), ValueError, "cannot hold a value of the kind `set`"),
    "half a character": (lambda document: document.set(("a",), "\ud800"), ValueError, "a lone surrogate"),
    "a long key": (lambda document: document.set(("x" * 2000,), 1), ValueError, "is too long"),
    "a collection as a key": (lambda document: document.set(("a",), {(): 1}), ValueError, "kind `tuple`"),
    "a component with a number as a key": (
        lambda document: document.set(("a",), {"type": "X", 5: 1}),
        ValueError,
        "The keys of a component have to be text.",
    ),
}


@pytest.mark.parametrize(("edit", "error", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_edit_is_refused_and_changes_nothing(edit: Edit, error: type[Exception], message: str) -> None:
    text = "a: 1\nl: [1, 2]\nn:\n"
    document = Document.parse(text)

    with pytest.raises(error) as caught:
        edit(document)

    assert message in str(caught.value)
    assert document.text == text
    assert not document.history.can_undo


def test_a_value_nested_without_end_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(ValueError, match="nested too deeply"):
        Document.parse("a: 1\n").set(("a",), value)


def test_a_tree_that_cannot_be_written_is_never_handed_out() -> None:
    document = Document.parse("a: {5: x}\n")
    document.set(("a", "type"), "X")

    with pytest.raises(ManifestError, match="cannot be written as YAML"):
        _ = document.text

    document.history.undo()
    assert document.text == "a: {5: x}\n"
