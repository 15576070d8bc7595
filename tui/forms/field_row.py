"""The base of all rows of a form: a label, a control, and lines below it for what is to be said about the value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, ClassVar, Literal

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from core.manifest.problems import Path
from tui.forms.tools import FormTools, Place
from tui.forms.wording import said_in_labels, shared_with
from tui.model.problems import Finding
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec
from tui.widgets.base import WidgetMessage
from tui.widgets.display_text import escape, fit

Tone = Literal["error", "warning", "note"]

_MARK_WIDTH = 2
_NARROWEST = 12
_MOST_LINES = 3


@dataclass(frozen=True)
class Note:
    """A sentence below a control."""

    text: str
    tone: Tone = "note"


@dataclass
class FieldFocused(WidgetMessage[Widget]):
    """A field got the focus: its path, what it is, and what it is called in this form."""

    path: Path
    spec: FieldSpec
    title: str


class FieldRow(Widget):
    """One field of a form. It shows what the session says and sends it what a person does; it keeps no value.

    A kind of field overrides `make_control` and `show_value`, and handles the messages of its control.
    """

    size_in_rows: ClassVar[int] = 1
    """What it takes of the room for rows: widgets, by twos."""
    fold_mark = ""
    """Stands before the label of what can be folded."""
    is_section = False
    """Whether the label is a heading."""

    def __init__(self, tools: FormTools, place: Place) -> None:
        super().__init__(classes="field -nested" if place.depth else "field")
        self.tools = tools
        self.place = place
        self.rows: list[FieldRow] = []
        self.control = self.make_control()
        self._notes: tuple[Note, ...] = ()
        self._note_lines: list[tuple[str, Tone]] = []
        self._mark: tuple[str, str] = (" ", "field--mark")
        self._looks: object = None

    @property
    def session(self) -> BuilderSession:
        """The session."""
        return self.tools.session

    @property
    def path(self) -> Path:
        """The path of the field."""
        return self.place.path

    def where(self) -> Path:
        """The path of the field, for what asks for it later."""
        return self.path

    @property
    def spec(self) -> FieldSpec:
        """What the field is."""
        return self.place.spec

    @property
    def value(self) -> Any:
        """What the session says."""
        return self.session.value(self.path)

    # What a kind of field says

    def make_control(self) -> Widget:
        """The control for the value, which `show_value` fills."""
        raise TypeError(f"{type(self).__name__} has no control")

    def show_value(self) -> None:
        """Show in the control what the session says."""

    def own_notes(self) -> Sequence[Note]:
        """What is to be said about the value beside its problems."""
        return ()

    def sharing_notes(self) -> Sequence[Note]:
        """With whom the value is shared."""
        shared = shared_with(self.session, self.path)
        return (Note(shared),) if shared else ()

    def tells(self, finding: Finding) -> bool:
        """Whether the control itself says what is wrong."""
        return False

    @property
    def is_set(self) -> bool:
        """Whether there is a value other than the one that counts when there is none."""
        return self.session.exists(self.path) and self.value != self.spec.default

    def fits(self) -> bool:
        """Whether the row can still show the value; where it can't, another takes its place."""
        return type(self) is self.tools.row_class(self.tools, self.place)

    # Life

    def compose(self) -> ComposeResult:
        """The control."""
        yield self.control

    def on_mount(self) -> None:
        """Show the session."""
        self.show_own()

    def show_own(self) -> None:
        """Show what the session says now, here only."""
        self.show_value()
        self.show_state()

    async def sync(self) -> None:
        """Show what the session says now, here and in the rows below."""
        self.show_own()

    def show_state(self) -> None:
        """Show problems and notes."""
        findings = self.problems()
        worst = "✗" if any(one.is_error for one in findings) else "!" if findings else "•" if self.is_set else " "
        tone = {"✗": "field--error", "!": "field--warning"}.get(worst, "field--mark")
        told = [
            Note(self._sentence(one), "error" if one.is_error else "warning") for one in findings if not self.tells(one)
        ]
        self._mark = (worst, tone)
        self._notes = (*told, *self.own_notes(), *self.sharing_notes())
        self._lay_out()

    def _sentence(self, finding: Finding) -> str:
        message, hint = said_in_labels(self.session, finding)
        parts = [part[:1].upper() + part[1:] for part in (message, hint) if part]
        return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts)

    def problems(self) -> list[Finding]:
        """The problems to be shown in this row."""
        return self.session.problems(self.path)

    def walk(self) -> Iterator[FieldRow]:
        """The row itself and those below it."""
        yield self
        for row in self.rows:
            yield from row.walk()

    def go_along(self, base: Path) -> None:
        """The form's base is another path of the same length: this field is below it now."""
        self.place = self.place.below(base)

    async def reveal(self, path: Path) -> FieldRow:
        """Open what hides the field at a path below this one; gives the row that shows it."""
        return self

    def focus_field(self) -> None:
        """Put the cursor into the control."""
        self.control.focus()

    # Editing

    def write(self, value: Any) -> None:
        """Send the session a value; None takes it away. Edits that follow each other are one step to undo."""
        try:
            if value is None:
                self.session.unset(self.path)
                self.show_state()
            else:
                self.session.set(self.path, value, merge=True)
        except (LookupError, ValueError) as error:
            self.session.keep_unfinished(self.path, str(value), str(error))

    @property
    def has_cursor(self) -> bool:
        """Whether the cursor is in the control."""
        focused = self.screen.focused if self.is_attached else None
        return focused is not None and self.control in focused.ancestors_with_self

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Tell which field it is, and show what is only shown there."""
        if self.control in event.widget.ancestors_with_self:
            self.post_message(FieldFocused(self, self.path, self.spec, self.place.title))
            self.show_state()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """The person has been here: from now on problems are shown."""
        if self.control in event.widget.ancestors_with_self and not self.has_cursor:
            self.left()
            self.show_state()

    def left(self) -> None:
        """The cursor has left the control."""
        self.session.touch(self.path)

    def on_click(self, event: events.Click) -> None:
        """A click on the label goes to the control."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.x < self.label_cells and offset.y < len(self._labels()):
            event.stop()
            self.label_clicked()

    def label_clicked(self) -> None:
        """The label was clicked."""
        self.focus_field()

    # Drawing

    @property
    def label_cells(self) -> int:
        """The cells left of the control."""
        return max(_NARROWEST, _MARK_WIDTH + self.tools.label_width - 2 * self.place.depth)

    def on_resize(self) -> None:
        """The lines below may break elsewhere."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(10, self.size.width - self.label_cells - 2) if self.size.width else 60
        self._note_lines = [
            (line, note.tone) for note in self._notes for line in _broken(escape(note.text), width, note.tone)
        ]
        below = max(len(self._note_lines), len(self._labels()) - 1)
        margin = (0, 0, below, self.label_cells)
        if self.control.styles.margin != margin:
            self.control.styles.margin = margin
        looks = (self._mark, self._note_lines, self._labels(), margin, self.has_cursor, bool(self.rows))
        if looks != self._looks:
            self._looks = looks
            self.refresh()

    def _labels(self) -> list[str]:
        """The lines of the label, at most two."""
        width = self.label_cells - _MARK_WIDTH - 1
        title = escape(self.place.title) + (f" ({self.spec.unit})" if self.spec.unit else "")
        title += "\u00a0*" if self.spec.required and not self.is_section else ""
        indent = " " * len(self.fold_mark)
        lines = wrap(self.fold_mark + title, width, subsequent_indent=indent) or [""]
        rest = " ".join(line.strip() for line in lines[1:])
        labels = [lines[0], fit(indent + rest, width).rstrip()] if rest else lines
        return [line.replace("\u00a0", " ") for line in labels]

    def render(self) -> Content:
        """The label at the left, the notes below the control, a line along what belongs to it."""
        labels = self._labels()
        focus = "field--focused" if self.has_cursor else "field--label"
        label = self.tools.ink(focus) + Style(bold=(self.is_section and bool(self.fold_mark)) or None)
        guide = self.tools.ink("field--guide")
        first_note = self.control.virtual_region.bottom
        lines = []
        for y in range(max(1, self.size.height)):
            mark = self._mark if y == 0 else ("│" if self.rows else " ", "")
            style = self.tools.ink(mark[1]) if mark[1] else guide
            text = labels[y] if y < len(labels) else ""
            line = Content.assemble((f"{mark[0]} ", style), (fit(text, self.label_cells - _MARK_WIDTH), label))
            if first_note <= y < first_note + len(self._note_lines):
                note, tone = self._note_lines[y - first_note]
                line = line.append(Content.styled(f" {note}", self.tools.ink(f"field--{tone}")))
            lines.append(line)
        return Content("\n").join(lines)


def _broken(text: str, width: int, tone: Tone) -> list[str]:
    lead = {"error": "✗ ", "warning": "! ", "note": ""}[tone]
    lines = wrap(lead + text, width, subsequent_indent=" " * len(lead)) or [""]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], fit(" ".join(lines[_MOST_LINES - 1 :]), width)]
    return lines
