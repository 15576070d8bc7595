"""The line above the keys: what the focused field is, in a sentence."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.widget import Widget

from tui.widgets.cells import safe


class HelpLine(Widget):
    """Shows a title and a sentence; the rest is in the full help."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"help-line--title", "help-line--text"}

    def __init__(self) -> None:
        super().__init__(classes="help-line")
        self._shown = ("", "")

    @property
    def words(self) -> tuple[str, str]:
        """The title and the sentence."""
        return self._shown

    def show(self, title: str, text: str) -> None:
        """Explain something else."""
        shown = (title, " ".join(text.split()))
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def render(self) -> Content:
        """The line."""
        title, text = self._shown
        parts = Content.assemble(
            (safe(title), self.get_visual_style("help-line--title")),
            "  " if title and text else "",
            (safe(text), self.get_visual_style("help-line--text")),
        )
        return parts.truncate(max(1, self.content_size.width), ellipsis=True)
