"""Going to a section, a field or a problem, or to anything on the screen by a letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.manifest.problems import Path
from tui.forms import StreamForm
from tui.forms.field_row import FieldRow
from tui.forms.wording import field_label, message_and_hint
from tui.model.inputs import PROPERTIES
from tui.model.layout import LayoutTab, global_view, inputs_view
from tui.model.problems import Finding
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec, Kind, form_spec
from tui.model.view import class_at, slots
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.navigation import Navigation
from tui.shell.selection import GLOBAL, INPUTS, Selection
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.letters import LetterOverlay, letter_targets

_DEEPEST = 6
"""Titles above a field from which on the fields inside of it are not listed."""


class GoTo:
    """The actions that go to something."""

    def __init__(
        self, session: BuilderSession, navigation: Navigation, editor: EditorArea, interaction: Interaction
    ) -> None:
        self._session = session
        self._navigation = navigation
        self._editor = editor
        self._interaction = interaction
        self._last_problem: Path | None = None
        """The problem that was gone to last."""

    # Lists to choose from

    async def section(self) -> None:
        """Choose from the sections of the form; from all fields where there is no form."""
        form = self._editor.form
        if form is None:
            await self.field()
            return
        await self._choose("Go to a section", {f"{one.tab} › {one.title}": one.path for one in form.sections()})

    async def field(self) -> None:
        """Choose from all fields: those of the tab, the stream that is or was last in view, inputs and settings."""
        stream = self._navigation.current_or_last_stream
        selections: list[Selection] = [*([] if stream is None else [stream]), INPUTS, GLOBAL]
        fields = [field for one in selections for field in form_fields(self._session, one)]
        form = self._editor.form
        if isinstance(form, StreamForm):
            fields.sort(key=lambda field: field.titles[0] != form.active_tab)
        await self._choose("Go to a field", {field.title: field.path for field in fields})

    async def _choose(self, title: str, paths: Mapping[str, Path]) -> None:
        chosen = await self._interaction.ask(ChoiceDialog(title, [ChoiceOption(name) for name in paths]))
        if chosen is not None:
            await self._navigation.show_path(paths[chosen])

    def letter(self) -> None:
        """Put a letter on everything in view."""
        self._editor.app.push_screen(LetterOverlay(letter_targets(self._editor.screen)))

    # Problems

    async def problem(self) -> None:
        """Go to the next problem; when there are no more, to those that were not shown yet."""
        session = self._session
        if session.has_broken_text:
            await self._navigation.show_yaml_problem()
            return
        after = self._last_problem if self._is_at_last_problem else self._navigation.path
        problem = session.next_problem(after)
        if problem is None:
            session.reveal()
            problem = session.next_problem(after)
        if problem is None:
            self._interaction.notify("✓ No problems.")
            return
        self._last_problem = problem.path
        await self._navigation.show_path(problem.path)
        self._editor.app.call_later(self._notify, problem)

    @property
    def _is_at_last_problem(self) -> bool:
        """Whether the person still is where the last problem was shown: at its field, or at the nearest thing to it."""
        last, here, selection = self._last_problem, self._navigation.path, self._navigation.selection
        if last is None or here is None or self._editor.yaml is not None:
            return last is not None
        has_no_fields = not isinstance(selection, int) or not self._session.tabs(selection)
        at = self._session.streams.at
        return last[: len(here)] == here or (has_no_fields and at(last) == at(here))

    def _notify(self, problem: Finding) -> None:
        """Notify about a problem that no field shows."""
        focused = self._editor.screen.focused
        around = focused.ancestors_with_self if focused is not None else ()
        row = next((one for one in around if isinstance(one, FieldRow)), None)
        streams = self._session.streams
        stream = streams.at(problem.path)
        is_name = stream is not None and problem.path == streams.name_path(stream) and self._editor.yaml is None
        if not is_name and (row is None or problem not in row.problems()):
            message, hint = message_and_hint(self._session, problem)
            text = f"{field_label(self._session, problem.path)}: {message}" + (f" ({hint})" if hint else "")
            self._interaction.notify(text, severity="error" if problem.is_error else "warning", timeout=8)


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form, with the titles of its tab and of what it is in, from the outside in."""

    titles: tuple[str, ...]
    path: Path

    @property
    def title(self) -> str:
        """The titles in a line."""
        return " › ".join(self.titles)


def form_fields(session: BuilderSession, selection: Selection) -> Iterator[FormField]:
    """Every field of a form, folded away or not, in the order of the form."""
    if selection == INPUTS:
        for one in session.inputs.all():
            yield FormField((inputs_view().title, one.title or one.key), (*PROPERTIES, one.key))
    if not isinstance(selection, int):
        yield from _of_tab(session, inputs_view() if selection == INPUTS else global_view(), ())
        return
    yield FormField(("Name",), session.streams.name_path(selection))
    for tab in session.tabs(selection):
        yield from _of_tab(session, tab, session.streams.around(selection))


def _of_tab(session: BuilderSession, tab: LayoutTab, base: Path) -> Iterator[FormField]:
    for entry in tab:
        yield from _of_field(session, (tab.title, entry.title), (*base, *entry.path), entry.spec)


def _of_field(session: BuilderSession, titles: tuple[str, ...], path: Path, spec: FieldSpec) -> Iterator[FormField]:
    """A field and the fields inside of it."""
    yield FormField(titles, path)
    if len(titles) > _DEEPEST or not spec.types or spec.kind is Kind.STATUS_MAPPING:
        return
    for place, item in slots(session.value(path), spec):
        component = class_at(item, spec)
        if component is not None:
            own = (*titles, *(str(key + 1) if isinstance(key, int) else key for key in place))
            for inner in form_spec(component).fields:
                yield from _of_field(session, (*own, inner.title), (*path, *place, inner.key), inner)
