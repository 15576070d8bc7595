"""Shows errors, warnings and remarks about a test read, and leads to the fields that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.running.mending import Place
from tui.running.notices import Notice, Weight
from tui.widgets.message import WidgetMessage

_STYLES = {Weight.ERROR: "$text-error", Weight.WARNING: "$text-warning", Weight.REMARK: "$foreground-muted"}


class NoticeBoard(VerticalScroll):
    """Notices one below the other; it takes no room while there are none. A click asks to go to the field."""

    @dataclass
    class Clicked(WidgetMessage["NoticeBoard"]):
        """A person wants to go where the notices lead."""

    def __init__(self) -> None:
        super().__init__(classes="notice-board")
        self._notices: tuple[Notice, ...] = ()
        self.display = False

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(markup=False)

    @property
    def places(self) -> list[Place]:
        """The fields that the notices lead to, each once."""
        return list(dict.fromkeys(notice.place for notice in self._notices if notice.place is not None))

    def show(self, notices: Sequence[Notice]) -> None:
        """Show notices."""
        if tuple(notices) == self._notices:
            return
        self._notices = tuple(notices)
        self.display = bool(notices)
        self.query_one(Static).update(Content("\n").join(self._lines()))
        self.scroll_home(animate=False)

    def _lines(self) -> list[Content]:
        """The fields come first: they stay in view where there is room for little."""
        lines = []
        if self.places:
            leads = "; ".join(str(place) for place in self.places)
            lines.append(
                Content.assemble(("m ", "bold $text-accent"), ("Go to ", "$foreground-muted"), (leads, "bold"))
            )
        return lines + [Content.styled(f"{one.weight} {one.text}", _STYLES[one.weight]) for one in self._notices]

    def on_click(self) -> None:
        """Ask to go to the field."""
        if self.places:
            self.post_message(self.Clicked(self))
