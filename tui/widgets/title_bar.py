"""The line at the top of a screen: the app, the file and whether it is saved, a hint."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from tui.widgets.display_text import escape

_NARROWEST_FILE = 20
"""Cells that the file is cut down to before the hint goes."""


class TitleBar(Widget):
    """Shows `app  file  ● Unsaved` and a hint flush right; the hint goes first where room is short."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"title-bar--app", "title-bar--unsaved", "title-bar--hint"}

    DEFAULT_CSS = """
    TitleBar {
        dock: top;
        width: 100%;
        height: 1;
        padding: 0 1;
        background: $background;
        color: $foreground;
        & > .title-bar--app { color: $text-primary; text-style: bold; }
        & > .title-bar--unsaved { color: $text-warning; text-style: bold; }
        & > .title-bar--hint { color: $text-muted; }
    }
    """

    def __init__(self, app_name: str, *, file: str = "", unsaved: bool = False, hint: str = "") -> None:
        super().__init__()
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
        file, unsaved, hint = self._shown
        mark = "● Unsaved" if unsaved else ""
        width = max(1, self.content_size.width)
        room = max(4, width - cell_len(self._app_name) - 2 - (cell_len(mark) + 2) * bool(mark))
        beside = room - cell_len(hint) - 2
        if hint and beside >= _NARROWEST_FILE:
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
    """The path, cut at the beginning so that it fits."""
    return path if cell_len(path) <= width else "…" + path[-(width - 1) :]
