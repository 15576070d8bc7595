"""The base of all rows of a form (a label, a control, and notes below it), and what the rows of one form share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any, ClassVar, Literal, Protocol

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from core.manifest.problems import Path
from tui.forms.field_input import FieldInput
from tui.forms.hints import FieldHelp, Hints
from tui.forms.wording import at_the_field, sharing_note
from tui.model.problems import Finding
from tui.model.session import BuilderSession, Unfinished
from tui.model.specs import FieldSpec
from tui.widgets.base import WidgetMessage
from tui.widgets.display_text import escape, fit
from tui.widgets.pairs import TwoColumnList

Tone = Literal["error", "warning", "note", "reference"]

WIDE = 96
"""The cells of a form in which what is typed has room enough beside its label."""
_MARK_WIDTH = 2
_NARROWEST = 12
_EDGES = 2
"""The cells of a form that rows have not: the padding, and the scroll bar that most forms need."""
_MOST_LINES = 3


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a field is: its path in the view, what it is, and how deep in the form it stands.

    `index` is set for items of lists, `name` for entries of maps. `heading` is that of the group of fields that begins
    here, which is empty where only a free line sets the group off; `leads` where it is the first group of the form.
    """

    path: Path
    spec: FieldSpec
    title: str
    depth: int = 0
    index: int | None = None
    name: str | None = None
    heading: str | None = None
    leads: bool = False

    def below(self, base: Path) -> FieldPlace:
        """The same place where the beginning of its path is another one of the same length."""
        return replace(self, path=(*base, *self.path[len(base) :]))


@dataclass(slots=True)
class RowBudget:
    """How many rows of sections may still open by themselves; a section that finds no room starts folded."""

    rows: int

    def take(self, rows: int) -> bool:
        """Take room for some rows, if there is enough."""
        if rows > self.rows:
            return False
        self.rows -= rows
        return True


class RowHost(Protocol):
    """What holds the rows of a form. It brings them in step with the session one at a time."""

    async def catch_up(self) -> None:
        """Bring all rows in step now."""

    def get_visual_style(self, *component_classes: str) -> Style:
        """The style of a part of a row."""

    def after_sync(self, then: Callable[[], object]) -> None:
        """Bring all rows in step soon, then do something. To be used by rows, which may be gone by then."""


class FormContext:
    """What the rows of one form share. `row_type` says what kind of row a place has now."""

    def __init__(
        self,
        session: BuilderSession,
        hints: Hints,
        host: RowHost,
        row_type: Callable[[BuilderSession, FieldPlace], type[FieldRow]],
    ) -> None:
        self.session = session
        self.help = FieldHelp(session, hints)
        self.host = host
        self.budget = RowBudget(0)
        self.width = 80
        """The cells of the form."""
        self.label_width = 24
        self.is_dense = False
        """Whether lines are scarce, so that headings have no free line above them."""
        self._row_type = row_type

    def style(self, part: str) -> Style:
        """The style of a part of a row. The host has them, so that not every row needs styles of its own."""
        return self.host.get_visual_style(part)

    def row_type(self, place: FieldPlace) -> type[FieldRow]:
        return self._row_type(self.session, place)

    def row(self, place: FieldPlace) -> FieldRow:
        return self.row_type(place)(self, place)

    def count_rows(self, places: Sequence[FieldPlace], advanced: Sequence[FieldPlace]) -> int:
        """How many rows the fields of a component take, the advanced ones only where they open by themselves."""
        opens = any(self.holds_value(place) for place in advanced)
        counted = (*places, *advanced) if opens else places
        return sum(self.row_type(place).size_in_rows for place in counted) + bool(advanced)

    def holds_value(self, place: FieldPlace) -> bool:
        """Whether a field has a value other than its default."""
        value = self.session.value(place.path)
        return value is not None and value != place.spec.default


@dataclass(frozen=True)
class FieldNote:
    """A sentence below a control."""

    text: str
    tone: Tone = "note"


@dataclass
class FieldFocused(WidgetMessage[Widget]):
    """A field got the focus: its path, what it is, what it is called in this form, and how many values it suggests."""

    path: Path
    spec: FieldSpec
    title: str
    offered: int = 0


class FieldRow(Widget):
    """One field of a form. It shows the value in the session and sends edits to it; it keeps no value of its own.

    A kind of field overrides `make_control` and `show_value`, and handles the messages of its control.
    """

    size_in_rows: ClassVar[int] = 1
    """What it takes of the budget of rows: the number of its widgets, by twos."""
    fold_mark = ""
    """Stands before the label of what can be folded."""
    is_section = False
    """Whether the label is a heading."""

    def __init__(self, context: FormContext, place: FieldPlace) -> None:
        super().__init__(classes="field -nested" if place.depth else "field")
        self.context = context
        self.place = place
        self.rows: list[FieldRow] = []
        self.control = self.make_control()
        self._notes: tuple[FieldNote, ...] = ()
        self._note_lines: list[tuple[str, Tone]] = []
        self._mark: tuple[str, str] = (" ", "field--mark")
        self._looks: object = None

    @property
    def session(self) -> BuilderSession:
        return self.context.session

    @property
    def path(self) -> Path:
        return self.place.path

    @property
    def spec(self) -> FieldSpec:
        return self.place.spec

    # The value. A row whose value is not in the manifest overrides these four.

    @property
    def value(self) -> Any:
        return self.session.value(self.path)

    def write(self, value: Any) -> None:
        """Send the session a value; None takes it away. Edits that follow each other are one step to undo."""
        try:
            if value is None:
                self.session.unset(self.path)
                self.show_state()
            else:
                self.session.set(self.path, value, merge=True)
        except (LookupError, ValueError) as error:
            self.keep_unfinished(str(value), str(error))

    @property
    def unfinished(self) -> Unfinished | None:
        """What was typed and can't be the value yet."""
        return self.session.unfinished(self.path)

    def keep_unfinished(self, text: str, message: str) -> None:
        self.session.keep_unfinished(self.path, text, message)

    # What a kind of field overrides

    def make_control(self) -> Widget:
        """The control for the value, which `show_value` fills."""
        raise TypeError(f"{type(self).__name__} has no control")

    def show_value(self) -> None:
        """Show the value in the control."""

    def own_notes(self) -> Sequence[FieldNote]:
        """Notes about the value beside its problems."""
        return ()

    def sharing_notes(self) -> Sequence[FieldNote]:
        shared = sharing_note(self.session, self.path)
        return (FieldNote(shared, "reference"),) if shared else ()

    def control_shows(self, finding: Finding) -> bool:
        """Whether the control itself says what is wrong, so that the row need not."""
        return False

    @property
    def is_set(self) -> bool:
        """Whether there is a value other than the default."""
        return self.session.exists(self.path) and self.value != self.spec.default

    def fits(self) -> bool:
        """Whether the row can still show the value; where it can't, another takes its place."""
        return type(self) is self.context.row_type(self.place)

    # Life

    def compose(self) -> ComposeResult:
        yield self.control

    def on_mount(self) -> None:
        self.show_own()

    def show_own(self) -> None:
        """Show what the session says now, without the rows below."""
        self.show_value()
        self.show_state()

    async def sync(self) -> None:
        """Show what the session says now, here and in the rows below."""
        self.show_own()

    def show_state(self) -> None:
        findings = self.problems()
        worst = "✗" if any(one.is_error for one in findings) else "!" if findings else "•" if self.is_set else " "
        tone = {"✗": "field--error", "!": "field--warning"}.get(worst, "field--mark")
        problems = [
            FieldNote(self._sentence(one), "error" if one.is_error else "warning")
            for one in findings
            if not self.control_shows(one)
        ]
        self._mark = (worst, tone)
        self._notes = (*problems, *self.own_notes(), *self.sharing_notes())
        self._lay_out()

    def _sentence(self, finding: Finding) -> str:
        message, hint = at_the_field(self.session, finding)
        parts = [part[:1].upper() + part[1:] for part in (message, hint) if part]
        return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts)

    def problems(self) -> list[Finding]:
        return self.session.problems(self.path)

    def walk(self) -> Iterator[FieldRow]:
        """The row itself and those below it."""
        yield self
        for row in self.rows:
            yield from row.walk()

    def holds(self, path: Path) -> bool:
        """Whether a path is that of the field, or below it."""
        return path[: len(self.path)] == self.path

    def rebase(self, base: Path) -> None:
        """Move along with the form, whose base is another path of the same length now."""
        self.place = self.place.below(base)

    async def reveal(self, path: Path) -> FieldRow:
        """Open what hides the field at a path below this one; gives the row that shows it."""
        return self

    def focus_field(self) -> None:
        self.control.focus()

    # The cursor

    @property
    def has_cursor(self) -> bool:
        focused = self.screen.focused if self.is_attached else None
        return focused is not None and self.control in focused.ancestors_with_self

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Report which field it is, and show what is only shown while it has the cursor."""
        if self.control in event.widget.ancestors_with_self:
            offered = event.widget.offered if isinstance(event.widget, FieldInput) else 0
            self.post_message(FieldFocused(self, self.path, self.spec, self.place.title, offered))
            self.show_state()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """The person has been here: from now on problems are shown."""
        if self.control in event.widget.ancestors_with_self and not self.has_cursor:
            self.cursor_left()
            self.show_state()

    def cursor_left(self) -> None:
        self.session.touch(self.path)

    def on_click(self, event: events.Click) -> None:
        """A click on the label goes to the control."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.x < self.label_cells and offset.y == self._lines_above:
            event.stop()
            self.label_clicked()

    def label_clicked(self) -> None:
        self.focus_field()

    # Drawing

    @property
    def label_cells(self) -> int:
        """The cells left of the control."""
        return max(_NARROWEST, _MARK_WIDTH + self.context.label_width - 2 * self.place.depth)

    @property
    def _lines_above(self) -> int:
        """The lines above the label: the heading of a group, and a free one that sets it off."""
        place = self.place
        if place.heading is None or (place.leads and self.context.is_dense):
            return 0
        return bool(place.heading) + (not self.context.is_dense and not place.leads)

    @property
    def lines(self) -> int:
        """The lines that it takes at least, with the rows below it, once it is mounted."""
        control = self.control.lines if isinstance(self.control, TwoColumnList) else 1
        return self._lines_above + control + len(self._note_lines) + sum(row.lines for row in self.rows)

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(10, (self.size.width or self._later_width) - self.label_cells - 2)
        self._note_lines = [
            (line, note.tone) for note in self._notes for line in _broken(escape(note.text), width, note.tone)
        ]
        below_label = self.is_below_label
        above = self._lines_above + below_label
        margin = (above, 0, len(self._note_lines), _MARK_WIDTH if below_label else self.label_cells)
        if self.control.styles.margin != margin:
            self.control.styles.margin = margin
        looks = (self._mark, self._note_lines, self.fold_mark, margin, self.has_cursor, bool(self.rows))
        if looks != self._looks:
            self._looks = looks
            self.refresh()

    @property
    def _later_width(self) -> int:
        """The cells that the row will have when it is laid out, so that its notes need not be broken once more."""
        return self.context.width - _EDGES - 2 * self.place.depth

    @property
    def is_below_label(self) -> bool:
        """Whether the control stands below its label, with all of the width."""
        return False

    def _label(self) -> str:
        """The label in the cells that it has; the line of help has the whole of it."""
        unit = f" ({self.spec.unit})" if self.spec.unit else ""
        star = " *" if self.spec.required and not self.is_section else ""
        title = f"{self.fold_mark}{escape(self.place.title)}{unit}"
        room = self.label_cells - _MARK_WIDTH - 1
        return fit(title, room - len(star)).rstrip() + star

    def render(self) -> Content:
        """The label at the left, the notes below the control, a line along what belongs to it."""
        above = self._lines_above
        guide = self.context.style("field--guide")
        first_note = self.control.virtual_region.bottom
        lines = [self._line_above(above - y) for y in range(above)]
        lines.append(self._line_of_label())
        for y in range(above + 1, self.size.height):
            line = Content.styled(fit("│" if self.rows else "", self.label_cells), guide)
            if first_note <= y < first_note + len(self._note_lines):
                note, tone = self._note_lines[y - first_note]
                line = line.append(Content.styled(f" {note}", self.context.style(f"field--{tone}")))
            lines.append(line)
        return Content("\n").join(lines)

    def _line_above(self, distance: int) -> Content:
        """The heading of the group directly above the label, a free line further up."""
        heading = self.place.heading if distance == 1 else ""
        return Content.styled(heading or "", self.context.style("field--heading"))

    def _line_of_label(self) -> Content:
        mark, tone = self._mark
        label = self.context.style("field--focused" if self.has_cursor else "field--label")
        label += Style(bold=(self.is_section and bool(self.fold_mark)) or None)
        return Content.assemble(
            (f"{mark} ", self.context.style(tone)), (fit(self._label(), self.label_cells - _MARK_WIDTH), label)
        )


def _broken(text: str, width: int, tone: Tone) -> list[str]:
    lead = {"error": "✗ ", "warning": "! "}.get(tone, "")
    lines = wrap(lead + text, width, subsequent_indent=" " * len(lead), break_on_hyphens=False) or [""]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], fit(" ".join(lines[_MOST_LINES - 1 :]), width)]
    return [line.replace("\u00a0", " ") for line in lines]
