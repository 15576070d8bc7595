"""A dialog to pick several of many: a list in groups that is filtered by typing, each line with a box to tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from tui.widgets.base import hidden
from tui.widgets.dialog import CANCEL, Dialog, DialogButton, text_line
from tui.widgets.display_text import safe

_TITLE_WIDTH = 40
_MOST_LISTED = 1_000
_FEWEST_LINES = 4
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class PickOption:
    """Something that can be picked. Those of one group stand together, under its heading."""

    key: str
    title: str
    detail: str = ""
    group: str = ""

    @property
    def text(self) -> str:
        """What is searched in."""
        return f"{self.title} {self.detail} {self.group}".casefold()


class _Filter(Input):
    """Takes all letters but the space bar, which ticks."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class PickDialog(Dialog[tuple[str, ...]]):
    """Space ticks, enter takes what is ticked, or the line under the cursor when nothing is. The result is the keys.

    All words that are typed must be in a line, or in the heading above it; a comma or a blank is between them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Tick", tooltip="Tick the line or not", id="pick.tick", priority=True),
        Binding("ctrl+a", "tick_all", "Tick all", tooltip="Tick all that are listed", id="pick.all", priority=True),
        hidden("up", "move('cursor_up')", "Up", "Go to the line above", "pick.up"),
        hidden("down", "move('cursor_down')", "Down", "Go to the line below", "pick.down"),
        hidden("pageup", "move('page_up')", "Page up", "One page up", "pick.page-up"),
        hidden("pagedown", "move('page_down')", "Page down", "One page down", "pick.page-down"),
    ]

    DEFAULT_CSS = """
    PickDialog {
        & > .dialog--box { width: 100; padding: 0 1; }
        Input { padding: 0 1; margin: 1 0; }
        OptionList {
            border: none;
            padding: 0;
            margin-bottom: 1;
            background: $surface;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
        .pick-dialog--state { color: $text-muted; }
    }
    """

    def __init__(self, title: str, options: Sequence[PickOption], picked: Sequence[str] = (), *, confirm: str) -> None:
        super().__init__(title, [DialogButton("take", confirm, "primary"), CANCEL])
        self._options = options
        self._picked = set(picked)
        self._listed: list[PickOption] = []

    def compose_body(self) -> ComposeResult:
        yield _Filter(placeholder="Type to filter; a comma between words", compact=True)
        yield OptionList()
        yield text_line("", "dialog--text pick-dialog--state")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self._show("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def _show(self, query: str) -> None:
        words = query.casefold().replace(",", " ").split()
        matching = [one for one in self._options if all(word in one.text for word in words)]
        self._listed = matching[:_MOST_LISTED]
        choices = self.query_one(OptionList)
        lines: list[Option] = []
        group = ""
        for place, one in enumerate(self._listed):
            if one.group != group:
                group = one.group
                lines.append(Option(Content.styled(safe(group), "$heading"), disabled=True))
            lines.append(Option(self._line(one), str(place)))
        if len(matching) > len(self._listed):
            more = f"  {len(matching) - len(self._listed):,} more: type to filter"
            lines.append(Option(Content.styled(more, "dim"), disabled=True))
        choices.set_options(lines or [Option(Content.styled("  Nothing matches", "dim"), disabled=True)])
        self._fit()
        choices.highlighted = choices.get_option_index("0") if self._listed else None
        self._say()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Make the list as high as its lines are, up to half of the screen."""
        choices = self.query_one(OptionList)
        choices.styles.height = min(choices.option_count, max(_FEWEST_LINES, self.app.size.height // 2))

    def _line(self, one: PickOption) -> Content:
        mark = ("■ ", "$text-success") if one.key in self._picked else ("□ ", "dim")
        title = safe(one.title)
        gap = " " * max(2, _TITLE_WIDTH - len(title))
        method = title.partition(" ")[0]
        if method.lower() in _METHODS:
            named = (method, f"bold $method-{method.lower()}")
            return Content.assemble(
                mark, named, title[len(method) :], gap if one.detail else "", (safe(one.detail), "dim")
            )
        return Content.assemble(mark, title, gap if one.detail else "", (safe(one.detail), "dim"))

    def _say(self) -> None:
        count = f"{len(self._picked):,} of {len(self._options):,} ticked"
        keys = "space ticks · ctrl+a ticks all · enter takes them"
        self.query_one(".pick-dialog--state", Label).update(f"{count} · {keys}")

    def action_tick(self) -> None:
        """Tick the line under the cursor, or not; the cursor goes on."""
        one = self._current
        if one is not None:
            self._picked ^= {one.key}
            self._redraw(one)
            self.query_one(OptionList).action_cursor_down()

    def action_tick_all(self) -> None:
        """Tick all lines that are listed; when they are, none."""
        keys = {one.key for one in self._listed}
        self._picked = self._picked - keys if keys <= self._picked else self._picked | keys
        for one in self._listed:
            self._redraw(one)

    def _redraw(self, one: PickOption) -> None:
        self.query_one(OptionList).replace_option_prompt(str(self._listed.index(one)), self._line(one))
        self._say()

    @property
    def _current(self) -> PickOption | None:
        choices = self.query_one(OptionList)
        if choices.highlighted is None or not self._listed:
            return None
        place = choices.get_option_at_index(choices.highlighted).id
        return self._listed[int(place)] if place is not None else None

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self._take()

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_tick()

    def answered(self, answer: str) -> None:
        self._take()

    def _take(self) -> None:
        picked = tuple(one.key for one in self._options if one.key in self._picked)
        if not picked and self._current is not None:
            picked = (self._current.key,)
        if picked:
            self.dismiss(picked)

    async def action_move(self, action: str) -> None:
        """Move the cursor of the list while the filter keeps the focus."""
        await self.query_one(OptionList).run_action(action)
