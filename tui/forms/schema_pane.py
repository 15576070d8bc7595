"""The Schema tab: the declared schema, whether it follows the tests by itself, and what the last test found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.widgets import Static

from tui.forms.form_pane import FormPane
from tui.model.declared_schema import (
    DiffLine,
    declared_schema,
    difference,
    import_schema,
    imports_automatically,
    loaded_from,
    loses_something,
    same_schema,
    set_automatic_import,
)
from tui.model.editor import Change, ChangeKind
from tui.widgets.base import shown
from tui.widgets.choice import Toggle
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import ConfirmDialog
from tui.widgets.doc_panel import DocPanel

_AROUND = 2
"""Lines shown around a difference."""
_IMPORT, _MERGE, _OVERWRITE = "Import", "Merge", "Overwrite"
_LOADED = (
    "This schema is loaded before each read; the Schema tab of a test shows how the records differ from it. "
    "F7 writes the detected schema into the manifest in its place."
)


def replace_loader(source: str) -> ConfirmDialog:
    """Asks whether the detected schema may replace the present loader."""
    question = f"The schema is loaded before each read ({source}). What was detected would take its place. "
    question += "Undo brings it back."
    return ConfirmDialog("Replace the schema loader?", question, confirm="Replace", destructive=True)


class SchemaPane(FormPane):
    """The declared schema above what was detected, line by line where they differ."""

    LEADS = False
    BINDING_GROUP_TITLE = "Schema"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("f7", "import", "Import", "Take the detected schema over", "schema-tab.import"),
    ]

    async def build_head(self) -> None:
        self._switch = Toggle("Import the detected schema after each test", classes="schema-pane--switch")
        await self.mount(self._switch)

    async def build_foot(self) -> None:
        self._shown_text = ""
        self._text = Static("", markup=False, classes="form-pane--text")
        self._detected = DocPanel(classes="schema-pane--detected")
        await self.mount_all([self._text, self._detected])
        self.show_detected()

    @property
    def _stream(self) -> int:
        return self.session.streams.at((*self.base, *self.tab.entries[0].path)) or 0

    @property
    def detected(self) -> Mapping[str, Any] | None:
        return self.hints.detected_schema(self.session.streams.name(self._stream))

    async def sync(self) -> None:
        await super().sync()
        if self.session.exists(self.base):
            self._switch.value = imports_automatically(self.session, self._stream)
            self.show_detected()

    def show_detected(self) -> None:
        """Show how the detected schema differs from the declared one."""
        if not self._is_complete:
            return
        declared, detected = declared_schema(self.session, self._stream), self.detected
        if loaded_from(self.session, self._stream):
            self._show_text(_LOADED)
            self._detected.display = False
            return
        if detected is None:
            self._show_text("Detected schema: test the stream, then it is shown here beside the declared one.")
            self._detected.display = False
            return
        if declared is not None and same_schema(declared, detected):
            self._show_text("✓ The last test detected exactly the declared schema.")
            self._detected.display = False
            return
        lines = difference(declared or {}, detected)
        added, lost = (sum(line.mark == mark for line in lines) for mark in "+-")
        self._show_text(f"! The last test detected another schema (+{added} -{lost} lines). F7 imports it.")
        self._detected.display = True
        self._detected.show("", "\n".join(_excerpt(lines)), "diff")

    def _show_text(self, text: str) -> None:
        if text != self._shown_text:
            self._shown_text = text
            self._text.update(text)

    @on(Toggle.Changed)
    def _switched(self, event: Toggle.Changed) -> None:
        if event.widget is not self._switch:
            return
        event.stop()
        if event.value and loaded_from(self.session, self._stream):
            self._switch.value = False
            self.app.notify("This schema is loaded before each read, so tests leave it as it is.", markup=False)
            return
        set_automatic_import(self.session, self._stream, on=event.value)
        detected = self.detected
        if event.value and detected is not None:
            self._import(detected, merge=False)

    def action_import(self) -> None:
        """Import the detected schema, asking how where there is a choice."""
        declared, detected = declared_schema(self.session, self._stream), self.detected
        if detected is None:
            self.app.notify("Test the stream first: there is no detected schema yet.", markup=False)
        elif source := loaded_from(self.session, self._stream):
            self.app.push_screen(
                replace_loader(source), lambda sure: self._import(detected, merge=False) if sure else None
            )
        elif not (declared or {}).get("properties"):
            self._import(detected, merge=False)
        else:
            options = [
                ChoiceOption(_MERGE, help="Add the new fields, keep what is declared"),
                ChoiceOption(_OVERWRITE, help="Declare what was detected, nothing else"),
            ]
            self.app.push_screen(ChoiceDialog("Detected schema", options), lambda how: self._import_by(detected, how))

    def _import_by(self, detected: Mapping[str, Any], how: str | None) -> None:
        declared = declared_schema(self.session, self._stream)
        if how == _MERGE:
            self._import(detected, merge=True)
        elif how == _OVERWRITE and declared and loses_something(declared, detected):
            question = "Something that is declared was not detected and will be gone. Undo brings it back."
            dialog = ConfirmDialog("Overwrite the declared schema?", question, confirm=_OVERWRITE, destructive=True)
            self.app.push_screen(dialog, lambda sure: self._import(detected, merge=False) if sure else None)
        elif how == _OVERWRITE:
            self._import(detected, merge=False)

    def _import(self, detected: Mapping[str, Any], *, merge: bool) -> None:
        """Declare the detected schema, unless a newer test has detected another one meanwhile."""
        if detected is not self.detected:
            self.app.notify("There is a newer test: look at what it detected first.", markup=False)
            return
        import_schema(self.session, self._stream, detected, merge=merge)
        self.session.seal()

    def _session_changed(self, change: Change) -> None:
        super()._session_changed(change)
        if change.kind is ChangeKind.TESTS:
            super()._session_changed(Change(ChangeKind.VALUES))


def _excerpt(lines: list[DiffLine]) -> list[str]:
    """The lines that differ, with a few around them."""
    shown_ones = {
        near
        for index, line in enumerate(lines)
        if line.mark != " "
        for near in range(max(0, index - _AROUND), min(len(lines), index + _AROUND + 1))
    }
    shown, last = [], -1
    for index in sorted(shown_ones):
        if index > last + 1:
            shown.append("  …")
        shown.append(f"{lines[index].mark} {lines[index].text}")
        last = index
    return shown
