"""One line of short statements about the state of things, each a glyph and a word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui.widgets.cells import escape
from tui.widgets.message import WidgetMessage

Tone = Literal["plain", "muted", "good", "busy", "warning", "bad"]

_GLYPHS: dict[Tone, str] = {"plain": "", "muted": "", "good": "✓ ", "busy": "◌ ", "warning": "! ", "bad": "✗ "}
_GAP = "  "


@dataclass(frozen=True)
class Segment:
    """A statement: what it says, and how it is meant; the glyph follows from the tone unless given."""

    text: str
    tone: Tone = "plain"
    id: str = ""
    glyph: str | None = None

    @property
    def label(self) -> str:
        """The glyph and the words."""
        return (_GLYPHS[self.tone] if self.glyph is None else f"{self.glyph} ") + escape(self.text)


class StatusLine(Widget):
    """Segments from the left; what has no room is left off at the end. A click on one with an id posts `Clicked`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"status-line--{tone}" for tone in _GLYPHS}

    DEFAULT_CSS = """
    StatusLine {
        width: 100%;
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground;
        & > .status-line--muted { color: $text-muted; }
        & > .status-line--good { color: $text-success; }
        & > .status-line--busy { color: $text-primary; }
        & > .status-line--warning { color: $text-warning; }
        & > .status-line--bad { color: $text-error; text-style: bold; }
    }
    """

    @dataclass
    class Clicked(WidgetMessage["StatusLine"]):
        """A segment was clicked."""

        segment: Segment

    def __init__(
        self,
        segments: Iterable[Segment] = (),
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._segments = tuple(segments)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What the line says."""
        return self._segments

    def show(self, *segments: Segment) -> None:
        """Say something else; costs nothing if it is the same."""
        if segments != self._segments:
            self._segments = segments
            self.refresh()

    def render(self) -> Content:
        """The segments side by side."""
        parts = [
            Content.styled(segment.label, self.get_visual_style(f"status-line--{segment.tone}"))
            for segment in self._segments
        ]
        return Content(_GAP).join(parts).truncate(max(1, self.content_size.width), ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        """Tell which segment was hit."""
        offset = event.get_content_offset(self)
        end = 0
        for segment in self._segments if offset else ():
            start, end = end, end + Content(segment.label).cell_length + len(_GAP)
            if offset and start <= offset.x < end - len(_GAP) and segment.id:
                self.post_message(self.Clicked(self, segment))
