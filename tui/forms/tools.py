"""What all rows of a form share: the session, what is known from tests, help for templates, and the room there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from textual.style import Style

from core.manifest.problems import Path
from core.templates import FILTER_NAMES, GLOBAL_NAMES
from tui.forms.hints import Hints
from tui.model.completion import Candidate, Preview, complete, preview
from tui.model.problems import stream_of
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec
from tui.model.structure import variables_at
from tui.widgets.completion import Complete, Completion
from tui.widgets.template_input import Resolve

if TYPE_CHECKING:
    from tui.forms.field_row import FieldRow

_TYPED = re.compile(r"[\w.\[\]'\"]*$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field is: its path in the view, what it is, and how deep in the form it stands.

    `index` is set for items of lists, `name` for entries of maps.
    """

    path: Path
    spec: FieldSpec
    title: str
    depth: int = 0
    index: int | None = None
    name: str | None = None

    def below(self, base: Path) -> Place:
        """The same place where the beginning of its path is another one of the same length."""
        return replace(self, path=(*base, *self.path[len(base) :]))


@dataclass(slots=True)
class Room:
    """How many rows of sections may still open by themselves; what finds no room starts folded."""

    rows: int

    def take(self, rows: int) -> bool:
        """Take room for some rows, if there is enough."""
        if rows > self.rows:
            return False
        self.rows -= rows
        return True


class Conductor(Protocol):
    """Brings all rows of a form in step with the session, one time after the other and never two at once."""

    async def catch_up(self) -> None:
        """Bring the rows in step now."""

    def get_visual_style(self, *component_classes: str) -> Style:
        """The style of a part of a row."""

    def after_sync(self, then: Callable[[], object]) -> None:
        """Bring the rows in step soon, then do something. To be used by rows, which may be gone by then."""


@dataclass(slots=True)
class FormTools:
    """The session and the help that the rows of one form need. `row_class` says what kind of row a place has now."""

    session: BuilderSession
    hints: Hints
    row_class: Callable[[FormTools, Place], type[FieldRow]]
    conductor: Conductor
    room: Room = field(default_factory=lambda: Room(0))
    label_width: int = 22

    def ink(self, part: str) -> Style:
        """The style of a part of a row. The form keeps them, so that not every row has styles of its own."""
        return self.conductor.get_visual_style(part)

    def row(self, place: Place) -> FieldRow:
        """The row for a place."""
        return self.row_class(self, place)(self, place)

    def rows_for(self, places: Sequence[Place], advanced: Sequence[Place]) -> int:
        """How many rows the fields of a component take, the advanced ones only where they open by themselves."""
        opens = any(self.holds_value(place) for place in advanced)
        shown = (*places, *advanced) if opens else places
        return sum(self.row_class(self, place).size_in_rows for place in shown) + bool(advanced)

    def holds_value(self, place: Place) -> bool:
        """Whether a field has a value other than the one that counts when there is none."""
        value = self.session.value(place.path)
        return value is not None and value != place.spec.default

    def completer(self, path: Callable[[], Path]) -> Complete:
        """What may be written in the templates of a field; `path` says where it is by then."""

        def candidates(text: str, cursor: int) -> Sequence[Completion]:
            word = _TYPED.search(text[:cursor])
            start = word.start() if word else cursor
            found = complete(self.session, path(), text[:start] + text[cursor:], start).candidates
            return [Completion(one.text, _label(one), one.help) for one in found]

        return candidates

    def resolver(self, path: Callable[[], Path]) -> Resolve:
        """Whether a name in a template of a field is known there; `path` says where it is by then."""

        def is_known(name: str) -> bool | None:
            root, _, rest = name.partition(".")
            if root == "config" and rest:
                return self.session.inputs.get(rest.partition(".")[0]) is not None
            return root in GLOBAL_NAMES or root in FILTER_NAMES or root in variables_at(self.session.view, path())

        return is_known

    def preview(self, path: Path, text: str) -> Preview:
        """What a template comes to, with the values of the last test of its stream."""
        stream = stream_of(path)
        known = {} if stream is None else self.hints.variables(self.session.streams.name(stream))
        return preview(self.session, text, known)

    def suggestions(self, place: Place) -> tuple[str, ...]:
        """Values to offer for a field: those that records show first, then the usual ones."""
        found = (*self.hints.suggestions(place.path, place.spec), *place.spec.suggestions)
        if place.path[-1] == "stream_names":
            found = (*found, *self.session.streams.names())
        return tuple(dict.fromkeys(found))


def _label(candidate: Candidate) -> str:
    if candidate.kind == "input":
        return f"{candidate.name}  input: {candidate.detail}"
    return candidate.detail if candidate.kind in ("macro", "filter") else candidate.name
