"""The lines at the edges of a screen: the title with the state of the file, and short statements about the state of
things.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from tui.widgets.base import WidgetMessage
from tui.widgets.display_text import escape

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


_LEAST = 20
"""Cells that a path is cut down to so that the hint has its place."""


class TitleBar(Widget):
    """Shows `app  file  ● Unsaved` and a hint flush right; the hint goes first where room is short."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"title-bar--app", "title-bar--unsaved", "title-bar--hint"}

    DEFAULT_CSS = """
    TitleBar {
        dock: top;
        width: 100%;
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground;
        & > .title-bar--app { color: $text-primary; text-style: bold; }
        & > .title-bar--unsaved { color: $text-warning; text-style: bold; }
        & > .title-bar--hint { color: $text-muted; }
    }
    """

    def __init__(
        self,
        app_name: str,
        *,
        file: str = "",
        unsaved: bool = False,
        hint: str = "",
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._app_name = app_name
        self._shown = (file, unsaved, hint)

    def show(self, *, file: str | None = None, unsaved: bool | None = None, hint: str | None = None) -> None:
        """Show another file, mark or hint; what is not given stays."""
        old = self._shown
        self._shown = (
            old[0] if file is None else file,
            old[1] if unsaved is None else unsaved,
            old[2] if hint is None else hint,
        )
        if self._shown != old:
            self.refresh()

    def render(self) -> Content:
        """The line, as wide as the screen."""
        file, unsaved, hint = self._shown
        mark = "● Unsaved" if unsaved else ""
        width = max(1, self.content_size.width)
        room = max(4, width - cell_len(self._app_name) - 2 - (cell_len(mark) + 2) * bool(mark))
        beside = room - cell_len(hint) - 2
        if hint and beside >= _LEAST:
            room = beside
        left = Content.assemble(
            (self._app_name, self.get_visual_style("title-bar--app")),
            "  " if file else "",
            _last_part(escape(file), room),
            "  " if mark else "",
            (mark, self.get_visual_style("title-bar--unsaved")),
        )
        gap = width - left.cell_length - cell_len(hint)
        if gap < 2:
            return left.truncate(width, ellipsis=True)
        return Content.assemble(left, " " * gap, (hint, self.get_visual_style("title-bar--hint")))


def _last_part(path: str, width: int) -> str:
    """A path that fits; what comes last in it matters most."""
    return path if cell_len(path) <= width else "…" + path[-(width - 1) :]
