"""Help: the line above the keys, which explains what has the focus, and the dialog with everything about it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.widget import Widget
from textual.widgets import Button

from core.units import count
from tui.forms import FieldFocused
from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldRow
from tui.forms.wording import shared_with, sharing_streams
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.help_dialog import HelpDialog, Topic, field_topics, key_topics, keys_on
from tui.shell.keys import all_keys
from tui.shell.navigation import Navigation
from tui.shell.navigator import Navigator, NavigatorEntry
from tui.widgets.base import SelfExplaining
from tui.widgets.completion import COMPLETE_BINDING
from tui.widgets.display_text import safe


class HelpLine(Widget):
    """Shows a title and a sentence; the rest is in the full help."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"help-line--title", "help-line--text"}

    def __init__(self) -> None:
        super().__init__(classes="help-line")
        self._shown = ("", "")

    def show(self, title: str, text: str) -> None:
        shown = (title, " ".join(text.split()))
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def render(self) -> Content:
        title, text = self._shown
        parts = Content.assemble(
            (safe(title), self.get_visual_style("help-line--title")),
            "  " if title and text else "",
            (safe(text), self.get_visual_style("help-line--text")),
        )
        return parts.truncate(max(1, self.content_size.width), ellipsis=True)


class Help:
    """Explains where the person is: in the help line as the focus moves, in a dialog when asked."""

    def __init__(
        self, session: BuilderSession, settings: Settings, navigation: Navigation, editor: EditorArea, line: HelpLine
    ) -> None:
        self._session = session
        self._settings = settings
        self._navigation = navigation
        self._editor = editor
        self._line = line

    # In the line

    def explain_field(self, event: FieldFocused) -> None:
        """Explain a field; say which other streams share it, and that there are values to choose from."""
        others = sharing_streams(self._session, event.path)
        shared = f"{shared_with(others)}. " if others else ""
        offers = f"{self._offers_key} lists {count(event.offered, 'suggestion')}. " if event.offered else ""
        self._line.show(event.title, shared + offers + event.spec.help)

    @property
    def _offers_key(self) -> str:
        """The key that lists the suggestions of a field, as people read it: the last one, which every terminal has."""
        keys = self._settings.keys.get(str(COMPLETE_BINDING.id)) or COMPLETE_BINDING.key
        return self._line.app.get_key_display(Binding(keys.split(",")[-1].strip(), ""))

    def explain_entry(self, entry: NavigatorEntry) -> None:
        self._line.show(
            entry.title.lstrip("+ "), entry.description or ("Enter does it." if entry.action else "Enter opens it.")
        )

    def explain_widget(self, widget: Widget) -> None:
        """Explain a widget that has the focus; fields are explained by `explain_field`."""
        if isinstance(widget, Navigator):
            self.explain_entry(widget.current)
        elif not any(isinstance(one, FieldRow | FieldInput) for one in widget.ancestors_with_self):
            self._line.show(*_help_of(widget))

    # In a dialog

    def show(self) -> None:
        """Explain the focused field or widget, and the keys that work there."""
        focused, field, form = self._line.screen.focused, self._navigation.field, self._editor.form
        if field is not None and form is not None and form.has_focus_within:
            title, topics = field.title, list(field_topics(self._session, field.path, field.spec))
        else:
            title, text = _help_of(focused) if focused is not None else ("Builder", "")
            topics = [Topic("", (("", text),))] if text else []
        self._line.app.push_screen(HelpDialog(title or "Help", [*topics, *keys_on(self._line.screen)]))

    def list_keys(self) -> None:
        """List every key there is, with its id."""
        by_place: dict[str, list[tuple[str, str]]] = {}
        for key in all_keys(self._settings.keys):
            by_place.setdefault(key.place, []).append((f"{key.keys or '—'}", f"{key.help}  [{key.id}]"))
        how = (
            ("", f"Keys are changed in {self._settings.file}, under `keys`, as `id: key` or `id: key,key`."),
            ("", "Example: test.run: f9"),
        )
        self._line.app.push_screen(HelpDialog("All keys", [Topic("", how), *key_topics(by_place)]))


def _help_of(widget: Widget) -> tuple[str, str]:
    """The title and the sentence of the nearest widget that has some."""
    helped = next((one for one in widget.ancestors_with_self if _sentence(one)), None)
    if helped is None and isinstance(widget, Button):
        return str(widget.label).strip(), str(widget.tooltip or "")
    titles = [one.BINDING_GROUP_TITLE for one in (helped or widget).ancestors_with_self]
    title = next((str(title) for title in titles if title), "")
    return title, _sentence(helped) if helped is not None else ""


def _sentence(node: DOMNode) -> str:
    """What a widget says of itself now, or always says."""
    return node.explanation if isinstance(node, SelfExplaining) else node.HELP or ""
