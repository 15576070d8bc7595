"""A scrolling pane of rows: built when it is first looked at, kept in step with the session, found by path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.widget import Widget

from core.manifest.problems import Path
from tui.forms.field_input import FieldInput
from tui.forms.field_menu import FieldMenu
from tui.forms.field_row import FieldPlace, FieldRow, FormContext, RowBudget
from tui.forms.folding_row import Advanced
from tui.forms.hints import Hints
from tui.forms.input_dialog import Described, InputDialog
from tui.forms.row_types import row_type
from tui.model.config_references import input_name
from tui.model.editor import Change, ChangeKind
from tui.model.inputs import Input
from tui.model.layout import LayoutEntry, LayoutTab, global_view
from tui.model.session import BuilderSession
from tui.widgets.base import hidden, shown

_ROWS = 44
"""How many rows may open by themselves in one pane; a row is two widgets, and 90 widgets are built fast enough."""
_LABELS = ((84, 32), (76, 30), (70, 26), (56, 23), (44, 18), (0, 14))
"""The cells of the labels in panes of so many cells and more."""
_AIRY = 30
"""The lines of a screen that has room for free lines between groups."""
_AT_ONCE = 8
_FIRST = 14


@dataclass(frozen=True)
class FormSection:
    """A place that a person may want to go to: its title, the tab it is in, and its path."""

    title: str
    tab: str
    path: Path


class FormPane(VerticalScroll):
    """The fields of a tab or of a global view. `base` is the path that those of the entries are below."""

    can_focus = False
    LEADS: ClassVar[bool] = True
    """Whether the form begins with its fields."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "field--label",
        "field--focused",
        "field--mark",
        "field--guide",
        "field--heading",
        "field--error",
        "field--warning",
        "field--note",
        "field--reference",
    }
    BINDING_GROUP_TITLE = "Form"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("f6", "field_menu", "Field…", "List what can be done with this field", "form.field-menu"),
        hidden("up", "step(-1)", "Previous field", "Go to the field above", "form.previous"),
        hidden("down", "step(1)", "Next field", "Go to the field below", "form.next"),
    ]

    def __init__(
        self, session: BuilderSession, hints: Hints, tab: LayoutTab, base: Path, *, id: str | None = None
    ) -> None:
        super().__init__(id=id, classes="form-pane")
        self.session = session
        self.hints = hints
        self.tab = tab
        self.base = base
        self.context = FormContext(session, hints, self, row_type)
        self.rows: list[FieldRow] = []
        self._waiting = self._grouped()
        self._advanced = [self._place(entry) for entry in self.tab.advanced]
        self.context.budget = RowBudget(_ROWS - self.context.count_rows(self._waiting, self._advanced))
        self._unsubscribe: Callable[[], None] | None = None
        self._outdated = False
        self._is_complete = False
        self._sync_lock = asyncio.Lock()

    def _grouped(self) -> list[FieldPlace]:
        """The places of the fields, the first of each group with its heading."""
        places = []
        for index, entry in enumerate(self.tab.entries):
            begins = index == 0 or self.tab.entries[index - 1].group != entry.group
            place = self._place(entry)
            leads = index == 0 and self.LEADS
            places.append(replace(place, heading=entry.group, leads=leads) if begins else place)
        return places

    def _place(self, entry: LayoutEntry) -> FieldPlace:
        return FieldPlace((*self.base, *entry.path), entry.spec, entry.title)

    def rebase(self, base: Path) -> None:
        """Move to another path of the same length, rows and pending edits included."""
        self.base = base
        self._waiting = [place.below(base) for place in self._waiting]
        self._advanced = [place.below(base) for place in self._advanced]
        for row in self.walk():
            row.rebase(base)

    # Building

    async def on_mount(self) -> None:
        """Build the rows that fit the screen; `show` builds the rest."""
        self._unsubscribe = self.session.subscribe(self._session_changed)
        self._measure()
        async with self._sync_lock:
            await self.build_head()
            await self._build(_FIRST, until=max(4, min(self._lines_in_view, self.app.size.height - 4)))

    def on_unmount(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    async def build_head(self) -> None:
        """Mount what stands above the fields."""

    async def build_foot(self) -> None:
        """Mount what stands below the fields."""

    async def _build(self, count: int, *, until: int = 0) -> None:
        """Build some rows; fewer when they fill so many lines."""
        lines = 0
        while self._waiting and count and self.is_attached and (not until or lines < until):
            row = self.context.row(self._waiting.pop(0))
            self.rows.append(row)
            await self.mount(row)
            lines += row.lines
            count -= 1
        if not self.is_attached:
            return  # another stream is shown already, or the screen is being left
        if not self._waiting and not until:
            await self._build_end()

    async def _build_end(self) -> None:
        """Build what stands below the fields, after the first picture: the advanced ones take as long as the others."""
        self._is_complete = True
        if self._advanced:
            self.rows.append(Advanced(self.context, self._advanced[0], self._advanced))
            await self.mount(self.rows[-1])
        await self.build_foot()

    def _build_later(self) -> None:
        """Build more after the next picture; meanwhile the screen hears its keys."""
        self.call_after_refresh(self.call_later, self._build_on)

    async def _build_on(self) -> None:
        if not self._is_complete and self.is_attached:
            async with self._sync_lock:
                with self.app.batch_update():
                    await self._build(_AT_ONCE)
            self._build_later()

    async def build_all(self) -> None:
        async with self._sync_lock:
            while self.is_attached and not self._is_complete:
                await self._build(_AT_ONCE)

    # Keeping in step with the session

    def _session_changed(self, change: Change) -> None:
        if change.kind in (ChangeKind.VALUES, ChangeKind.PROBLEMS, ChangeKind.INPUTS) and not self._outdated:
            self._outdated = True
            if self.is_attached:
                self.call_later(self._catch_up_if_shown)

    async def _catch_up_if_shown(self) -> None:
        if self._outdated and self.display:
            await self.catch_up()

    async def catch_up(self) -> None:
        """Bring all rows in step with the session now."""
        async with self._sync_lock:
            if self.is_attached:
                await self.sync()

    def after_sync(self, then: Callable[[], object]) -> None:
        """Bring all rows in step soon, then do something."""

        async def do() -> None:
            await self.catch_up()
            then()

        self.call_later(do)

    async def sync(self) -> None:
        """Show what the session says now. Only `catch_up` calls this."""
        self._outdated = False
        if not self.session.exists(self.base) and self.base:
            return
        with self.app.batch_update():
            for place, row in list(enumerate(self.rows)):
                if row.fits():
                    await row.sync()
                else:
                    await self._replace(place, row)

    async def _replace(self, place: int, row: FieldRow) -> None:
        had_focus = row.has_focus_within
        self.rows[place] = self.context.row(row.place)
        await self.mount(self.rows[place], after=row)
        await row.remove()
        if had_focus:
            self.rows[place].focus_field()

    async def show(self) -> None:
        """Catch up with what happened while the pane was hidden, and build what is missing after the next picture."""
        if self._outdated:
            await self.catch_up()
        self._build_later()

    def on_resize(self) -> None:
        if self._measure():
            for row in self.walk():
                row.on_resize()

    def _measure(self) -> bool:
        """Divide the room between labels and controls; whether that changed anything."""
        self.context.width = width = self._room.width
        measures = (next(label for least, label in _LABELS if width >= least), self.app.size.height < _AIRY)
        if measures == (self.context.label_width, self.context.is_dense):
            return False
        self.context.label_width, self.context.is_dense = measures
        return True

    @property
    def _room(self) -> Size:
        """The size of the pane; before it has one of its own, that of what it is in says what it will be."""
        around = (one.size for one in self.ancestors_with_self if isinstance(one, Widget))
        return next((one for one in around if one), self.app.size)

    @property
    def _lines_in_view(self) -> int:
        """The lines that the pane will have below the head of the form and its tabs."""
        above = (one.outer_size.height for one in self.siblings if not isinstance(one, FormPane))
        return self._room.height - sum(above)

    # Finding

    def walk(self) -> Iterable[FieldRow]:
        for row in self.rows:
            yield from row.walk()

    def row_of(self, widget: Widget | None) -> FieldRow | None:
        """The innermost row that a widget is in."""
        ancestors = widget.ancestors_with_self if widget is not None else ()
        return next((one for one in ancestors if isinstance(one, FieldRow)), None)

    @property
    def current(self) -> FieldRow | None:
        """The row that has the cursor."""
        focused = self.screen.focused
        return self.row_of(focused) if focused is not None and self in focused.ancestors else None

    def holds(self, path: Path) -> bool:
        """Whether a field of this pane is at a path, or above it."""
        own = path[len(self.base) :]
        return path[: len(self.base)] == self.base and any(own[: len(one.path)] == one.path for one in self.tab)

    async def focus_path(self, path: Path) -> bool:
        """Go to the field at a path, or to the nearest one around it; whether there is one here."""
        if self._outdated:
            await self.catch_up()
        if not self.holds(path):
            return False
        await self.build_all()
        if not self.is_attached:
            return False
        for row in self.rows:
            if row.holds(path):
                found = await row.reveal(path)
                found.focus_field()
                found.scroll_visible(animate=False)
                return True
        return False

    def focus_first(self) -> None:
        if self.rows:
            self.rows[0].focus_field()

    def sections(self) -> Sequence[FormSection]:
        return [FormSection(entry.title, self.tab.title, (*self.base, *entry.path)) for entry in self.tab.entries]

    # Inputs

    @on(FieldInput.InputWanted)
    def _ask_for_input(self, event: FieldInput.InputWanted) -> None:
        event.stop()
        field = event.widget

        def use(new: Described | None) -> None:
            if new is not None:
                self.session.inputs.add(new.input, new.test_value)
                field.insert_name(input_name(new.input.key))
                self.session.seal()

        self.app.push_screen(InputDialog(self.session.inputs, Input("", "", secret=event.secret)), use)

    # Keys

    def action_step(self, step: int) -> None:
        if step < 0:
            self.screen.focus_previous()
        else:
            self.screen.focus_next()

    def action_field_menu(self) -> None:
        row = self.current
        if row is not None:
            FieldMenu(row).open()


class GlobalForm(FormPane):
    """The fields of the manifest itself: the connection check, concurrency, the job and API budgets."""

    def __init__(self, session: BuilderSession, hints: Hints, *, id: str | None = None) -> None:
        super().__init__(session, hints, global_view(), (), id=id)
