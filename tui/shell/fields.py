"""Every field that a form has, wherever it is folded away, so that it can be found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.manifest.problems import Path
from tui.model.inputs import PROPERTIES
from tui.model.layout import LayoutTab, global_view, inputs_view
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind, form_spec
from tui.model.view import class_at, slots
from tui.shell.navigator import INPUTS, Spot

_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Field:
    """A field that can be gone to: its tab and titles from the outside in, and its path."""

    titles: tuple[str, ...]
    path: Path

    @property
    def title(self) -> str:
        """The titles in a line."""
        return " › ".join(self.titles)


def fields(session: BuilderSession, spot: Spot) -> Iterator[Field]:
    """The fields of the form of a spot, in its order."""
    if spot == INPUTS:
        for one in session.inputs.all():
            yield Field((inputs_view().title, one.title or one.key), (*PROPERTIES, one.key))
    if not isinstance(spot, int):
        yield from _of_tab(session, inputs_view() if spot == INPUTS else global_view(), ())
        return
    yield Field(("Name",), ("streams", spot, "name"))
    for tab in session.tabs(spot):
        yield from _of_tab(session, tab, ("streams", spot))


def _of_tab(session: BuilderSession, tab: LayoutTab, base: Path) -> Iterator[Field]:
    for entry in tab:
        yield from _of_field(session, (tab.title, entry.title), (*base, *entry.path), entry.spec)


def _of_field(session: BuilderSession, titles: tuple[str, ...], path: Path, spec: FieldSpec) -> Iterator[Field]:
    yield Field(titles, path)
    if len(titles) > _DEEPEST or not spec.types or spec.kind is Kind.STATUS_MAPPING:
        return
    for place, item in slots(session.value(path), spec):
        component = class_at(item, spec)
        if component is not None:
            own = (*titles, *(str(key + 1) if isinstance(key, int) else key for key in place))
            for inner in form_spec(component).fields:
                yield from _of_field(session, (*own, inner.title), (*path, *place, inner.key), inner)
