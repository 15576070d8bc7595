"""A viewer for big texts (responses, bodies, logs) that draws only the lines in view."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.display_text import safe
from tui.widgets.doc_text import CUT_HERE, DocText, NodePath, TextKind, prepare
from tui.widgets.syntax import (
    SYNTAX_CLASSES,
    SYNTAX_CSS,
    Language,
    Token,
    ink,
    jinja_spans,
    paint,
    spans,
    token_inks,
)

_PREPARED_AT_ONCE = 50_000
"""Characters that are laid out within the event loop, as it takes no longer than a frame."""

_COLOURED = 20_000
"""Characters of a line that are coloured; what lies beyond is plain."""

_SIDE_STEP = 8
_LANGUAGES: dict[TextKind, Language] = {
    "json": "json",
    "cut-json": "json",
    "jsonl": "json",
    "xml": "xml",
    "csv": "csv",
    "diff": "diff",
    "text": "text",
}


class DocView(ScrollView, can_focus=True):
    """A text with line numbers, a line cursor, colours and search; JSON is laid out and knows its nodes.

    `pickable` lets a person choose a node. Lines are not wrapped. Nothing in the text is markup, and nothing in it
    reaches the terminal as a control code.
    """

    BINDING_GROUP_TITLE = "Text"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter", "choose", "Pick node", "Use the JSON node under the cursor", "doc.pick"),
        shown("slash", "search", "Search", "Search in this text", "doc.search", display="/"),
        shown("y", "copy_line", "Copy line", "Copy the line under the cursor", "doc.copy-line"),
        hidden("Y", "copy_all", "Copy all", "Copy the whole text as it was received", "doc.copy-all"),
        hidden("n", "search_step(1)", "Next match", "Go to the next match", "doc.next-match"),
        hidden("N", "search_step(-1)", "Previous match", "Go to the previous match", "doc.previous-match"),
        hidden("up,k", "move(-1)", "Up", "One line up", "doc.up"),
        hidden("down,j", "move(1)", "Down", "One line down", "doc.down"),
        hidden("pageup", "page(-1)", "Page up", "One page up", "doc.page-up"),
        hidden("pagedown", "page(1)", "Page down", "One page down", "doc.page-down"),
        hidden("ctrl+home,g", "edge(0)", "First line", "Go to the first line", "doc.first-line"),
        hidden("ctrl+end,G", "edge(-1)", "Last line", "Go to the last line", "doc.last-line"),
        hidden("left,h", "side(-1)", "Left", "Scroll left", "doc.left"),
        hidden("right,l", "side(1)", "Right", "Scroll right", "doc.right"),
        hidden("home", "side_edge(False)", "Line start", "Scroll to the start of the lines", "doc.line-start"),
        hidden("end", "side_edge(True)", "Line end", "Scroll to the end of the line", "doc.line-end"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "doc-view--gutter",
        "doc-view--cursor",
        "doc-view--match",
        "doc-view--current-match",
        *SYNTAX_CLASSES,
    }

    DEFAULT_CSS = """
    DocView {
        height: 1fr;
        scrollbar-size: 1 1;
        background: $surface;
        color: $foreground;
        & > .doc-view--gutter { color: $text-disabled; }
        & > .doc-view--cursor { background: $boost; }
        & > .doc-view--match { background: $warning 35%; }
        & > .doc-view--current-match { background: $warning; color: auto 95%; text-style: bold; }
        &:focus > .doc-view--cursor { background: $primary 30%; }
SYNTAX
    }
    """.replace("SYNTAX", SYNTAX_CSS)

    @dataclass
    class Loaded(WidgetMessage["DocView"]):
        """The text is shown; `problem` says why it is shown as it is although its kind promised more."""

        lines: int
        problem: str

    @dataclass
    class CursorMoved(WidgetMessage["DocView"]):
        """The cursor stands on another line; `path` leads to the JSON node there, if there is one."""

        line: int
        path: NodePath | None

    @dataclass
    class NodeChosen(WidgetMessage["DocView"]):
        """A JSON node was chosen with enter or a double click."""

        path: NodePath
        value: object

    @dataclass
    class SearchRequested(WidgetMessage["DocView"]):
        """A person wants to type a search."""

    @dataclass
    class SearchMoved(WidgetMessage["DocView"]):
        """The cursor stands on match `current` of `total`, counted from 1; both 0 if there is none."""

        query: str
        current: int
        total: int

    @dataclass
    class CopyRequested(WidgetMessage["DocView"]):
        """A person wants this text on the clipboard; `what` names it ("line", "text")."""

        text: str
        what: str

    def __init__(self, text: str = "", kind: TextKind = "text", *, pickable: bool = False) -> None:
        super().__init__()
        self._doc = prepare("", "text")
        self._wanted = (text, kind)
        self._pickable = pickable
        self._busy = False
        self._cursor = 0
        self._query = ""
        self._matches = array("Q")
        self._match = 0

    @property
    def doc(self) -> DocText:
        return self._doc

    @property
    def cursor(self) -> int:
        """The line of the cursor, counted from 0."""
        return self._cursor

    @property
    def path(self) -> NodePath | None:
        """The path of the JSON node under the cursor, None if the text is not JSON."""
        return self._doc.nodes.path(self._cursor) if self._doc.nodes else None

    def load(self, text: str, kind: TextKind = "text") -> None:
        """Show a text; a big one is laid out in a thread and appears when it is ready (`Loaded`)."""
        self._wanted = (text, kind)
        self.workers.cancel_group(self, "load")
        if len(text) <= _PREPARED_AT_ONCE:
            self._show(prepare(text, kind))
        else:
            self._busy = True
            self.refresh()
            self.run_worker(self._prepare(text, kind), group="load", exit_on_error=False)

    async def _prepare(self, text: str, kind: TextKind) -> None:
        self._show(await asyncio.to_thread(prepare, text, kind))

    def _show(self, doc: DocText) -> None:
        self._doc, self._busy = doc, False
        self._cursor, self._match, self._matches = 0, 0, array("Q")
        self.virtual_size = Size(self._gutter_width + doc.width + 1, len(doc) + (doc.kind == "cut-json"))
        self.scroll_to(0, 0, animate=False)
        self.refresh()
        self.post_message(self.Loaded(self, len(doc), doc.problem))
        self.refresh_bindings()
        if self._query:
            self.search(self._query)

    def on_mount(self) -> None:
        self.load(*self._wanted)

    # Search

    def search(self, query: str) -> None:
        """Mark a text wherever it occurs and go to its next occurrence; an empty text ends the search."""
        self._query = query
        self.workers.cancel_group(self, "search")
        self.run_worker(self._find(query, self._doc), group="search", exit_on_error=False)

    async def _find(self, query: str, doc: DocText) -> None:
        found = await asyncio.to_thread(doc.find, query) if query else array("Q")
        if doc is not self._doc:
            return
        self._matches = found
        self._match = bisect_left(found, doc.starts[self._cursor]) % max(1, len(found))
        self._go_to_match()

    def action_search_step(self, direction: int) -> None:
        """Go to the next or the previous match, around the ends."""
        if self._matches:
            self._match = (self._match + direction) % len(self._matches)
            self._go_to_match()

    def _go_to_match(self) -> None:
        if self._matches:
            offset = self._matches[self._match]
            line = self._doc.line_at(offset)
            self.move_cursor(line)
            self._reveal_column(offset - self._doc.starts[line], len(self._query))
        self.refresh()
        current = self._match + 1 if self._matches else 0
        self.post_message(self.SearchMoved(self, self._query, current, len(self._matches)))

    def _reveal_column(self, column: int, length: int) -> None:
        room = self.size.width - self._gutter_width
        x = self.scroll_offset.x
        if not x <= column <= x + room - length:
            self.scroll_to(x=max(0, column - room // 2), animate=False)

    def action_search(self) -> None:
        self.post_message(self.SearchRequested(self))

    # The cursor

    def move_cursor(self, line: int) -> None:
        """Put the cursor on a line (the nearest one that there is) and bring it into view."""
        line = max(0, min(line, len(self._doc) - 1))
        moved = line != self._cursor
        for changed in (self._cursor, line):
            self.refresh_line(changed)
        self._cursor = line
        top = self.scroll_offset.y
        self.scroll_to(y=min(line, max(top, line - self.size.height + 1)), animate=False)
        if moved:
            self.post_message(self.CursorMoved(self, line, self.path))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A node can be chosen only in a pickable text that has nodes."""
        return action != "choose" or (self._pickable and self._doc.nodes is not None)

    def action_move(self, lines: int) -> None:
        self.move_cursor(self._cursor + lines)

    def action_page(self, direction: int) -> None:
        page = direction * max(1, self.size.height - 1)
        self.scroll_to(y=self.scroll_offset.y + page, animate=False)
        self.move_cursor(self._cursor + page)

    def action_edge(self, line: int) -> None:
        """Go to the first (0) or the last (-1) line."""
        self.move_cursor(line % len(self._doc))

    def action_side(self, direction: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + direction * _SIDE_STEP, animate=False)

    def action_side_edge(self, end: bool) -> None:
        """Scroll to the start of the lines or to the end of the cursor's line."""
        room = self.size.width - self._gutter_width
        length = len(self._doc.line(self._cursor))
        self.scroll_to(x=max(0, length - room + 1) if end else 0, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click chooses."""
        offset = event.get_content_offset(self)
        if offset and offset.y + self.scroll_offset.y < len(self._doc):
            self.move_cursor(offset.y + self.scroll_offset.y)
            if event.chain == 2 and self.check_action("choose", ()):
                self.run_worker(self.action_choose(), exit_on_error=False)

    async def action_choose(self) -> None:
        """Post `NodeChosen` for the JSON node under the cursor."""
        nodes, path = self._doc.nodes, self.path
        if nodes is not None and path is not None:
            value = await asyncio.to_thread(nodes.value, self._cursor)
            self.post_message(self.NodeChosen(self, path, value))

    def action_copy_line(self) -> None:
        """Ask for the cursor's line to be copied, without the blanks around it."""
        self.post_message(self.CopyRequested(self, self._doc.line(self._cursor).strip(), "line"))

    def action_copy_all(self) -> None:
        """Ask for the text to be copied, as it was before it was laid out."""
        self.post_message(self.CopyRequested(self, self._doc.source, "text"))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """A line of the text, its number before it; `scroll_x` counts characters."""
        line = y + self.scroll_offset.y
        if self._busy or line >= len(self._doc) or not self._doc.source:
            return self._beside_the_text(y)
        paper = Style.null()
        if line == self._cursor:
            paper = Style(bgcolor=self.get_component_rich_style("doc-view--cursor").bgcolor)
        left, room = self.scroll_offset.x, self.size.width - self._gutter_width
        text = safe(self._doc.line(line, left, left + room))
        base = self.rich_style + paper
        layers = self._colours(line, left, room) + self._found(line, left, room)
        number = Segment(f"{line + 1:>{self._gutter_width - 1}} ", base + ink(self, "doc-view--gutter"))
        strip = Strip([number, *paint(text, base, layers)])
        return strip.adjust_cell_length(self.size.width, base)

    def _beside_the_text(self, y: int) -> Strip:
        text, style = "  Preparing…" if self._busy and y == 0 else "", self.rich_style
        if not self._busy and self._doc.kind == "cut-json" and y + self.scroll_offset.y == len(self._doc):
            text, style = f"{' ' * self._gutter_width}{CUT_HERE}", style + ink(self, "doc-view--gutter")
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, self.rich_style)

    def _colours(self, line: int, left: int, room: int) -> list[tuple[int, int, Style]]:
        language: Language = "text" if self._doc.problem and not self._doc.nodes else _LANGUAGES[self._doc.kind]
        if language == "text" or left > _COLOURED:
            return []
        inks: dict[Token, Style] = token_inks(self)
        text = self._doc.line(line, 0, left + room)
        found = (*spans(text, language), *jinja_spans(text))
        return [(span.start - left, span.end - left, inks[span.token]) for span in found if span.end > left]

    def _found(self, line: int, left: int, room: int) -> list[tuple[int, int, Style]]:
        start = self._doc.starts[line] + left
        index = bisect_left(self._matches, max(0, start - len(self._query)))
        layers = []
        while index < len(self._matches) and self._matches[index] < min(start + room, self._doc.starts[line + 1]):
            name = "doc-view--current-match" if index == self._match else "doc-view--match"
            column = self._matches[index] - start
            layers.append((column, column + len(self._query), self.get_component_rich_style(name)))
            index += 1
        return layers

    @property
    def _gutter_width(self) -> int:
        return max(3, len(str(len(self._doc)))) + 1
