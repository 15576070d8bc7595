"""Changes are undone and done again in groups, whatever they change."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.manifest.document import Document
from core.manifest.history import History, UndoableChange


@dataclass
class Added(UndoableChange):
    """The value was added to the values."""

    values: list[int]
    value: int

    def undo(self) -> None:
        self.values.pop()

    def redo(self) -> None:
        self.values.append(self.value)


def add(history: History, values: list[int], value: int) -> None:
    values.append(value)
    history.record(Added(values, value), done_at=(value,))


def test_changes_in_a_group_are_one_step_that_shows_at_one_place() -> None:
    history, values = History(), list[int]()
    with history.group(("here",)):
        add(history, values, 1)
        with history.group(("elsewhere",)):
            add(history, values, 2)
    add(history, values, 3)
    assert (history.undo(), values) == ((), [1, 2])
    assert (history.undo(), values) == (("here",), [])
    assert history.undo() is None
    assert (history.redo(), values) == (("here",), [1, 2])
    assert (history.redo(), values) == ((3,), [1, 2, 3])
    assert history.redo() is None


def test_a_group_that_fails_leaves_nothing_behind() -> None:
    history, values = History(), list[int]()
    with pytest.raises(ValueError, match="no"), history.group(()):
        add(history, values, 1)
        raise ValueError("no")
    assert values == []
    assert not history.can_undo


def test_groups_of_the_same_merge_until_they_are_sealed() -> None:
    history, values = History(), list[int]()
    for value in (1, 2):
        with history.group((value,), merges="typing"):
            add(history, values, value)
    history.seal()
    with history.group((3,), merges="typing"):
        add(history, values, 3)
    history.undo()
    assert values == [1, 2]
    history.undo()
    assert values == []
    assert history.redo() == (2,)


def test_edits_of_a_document_and_what_goes_with_it_are_one_step() -> None:
    document, values = Document.parse("a: 1\n"), list[int]()
    with document.history.group(("a",)):
        document.set(("a",), 2)
        add(document.history, values, 2)
    assert document.dirty
    document.history.undo()
    assert (document.text, values, document.dirty) == ("a: 1\n", [], False)
    document.history.redo()
    assert (document.text, values) == ("a: 2\n", [2])


def test_undo_and_redo_name_the_changed_place() -> None:
    document = Document.parse("a: {b: [1, 2]}\n")
    assert document.history.undo() is None
    document.rename(("a", "b"), "c")
    document.move(("a", "c"), 0, 1)

    assert document.history.undo() == ("a", "c", 0)
    assert document.history.undo() == ("a", "b")
    assert document.history.redo() == ("a", "c")
    assert document.history.can_undo
    assert document.history.can_redo
    document.set(("d",), 1)
    assert not document.history.can_redo
    assert document.history.redo() is None
