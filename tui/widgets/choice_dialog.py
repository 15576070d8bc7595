"""A dialog to pick one of many: a list that is filtered by typing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.fuzzy import Matcher
from textual.style import Style
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.widgets.base import hidden
from tui.widgets.dialog import Dialog

_TITLE_WIDTH = 34
_MATCH = Style(bold=True, underline=True)


@dataclass(frozen=True)
class ChoiceOption:
    """Something that can be chosen: its value, its title, a short help text. Those of one group stand together, under
    its heading.
    """

    value: str
    title: str = ""
    help: str = ""
    group: str = ""

    @property
    def label(self) -> str:
        return self.title or self.value


class ChoiceDialog(Dialog[str]):
    """A list of options; typing filters it, enter or a click chooses. The result is the value of the option."""

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("up", "move('cursor_up')", "Up", "Go to the option above", "choice.up"),
        hidden("down", "move('cursor_down')", "Down", "Go to the option below", "choice.down"),
        hidden("pageup", "move('page_up')", "Page up", "One page up", "choice.page-up"),
        hidden("pagedown", "move('page_down')", "Page down", "One page down", "choice.page-down"),
    ]

    DEFAULT_CSS = """
    ChoiceDialog {
        & > .dialog--box { width: 92; padding: 0 1; }
        Input { padding: 0 1; margin: 1 0; }
        OptionList {
            border: none;
            padding: 0;
            background: $surface;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
    }
    """

    MOST_OF_SCREEN: ClassVar[float] = 0.7
    """The part of the screen's lines that the list takes at most."""

    def __init__(
        self,
        title: str,
        options: Sequence[ChoiceOption],
        *,
        current: str | None = None,
        placeholder: str = "Type to filter",
    ) -> None:
        super().__init__(title)
        self._options = options
        self._listed: Sequence[ChoiceOption] = ()
        self._current = current
        self._placeholder = placeholder

    def compose_body(self) -> ComposeResult:
        yield Input(placeholder=self._placeholder, compact=True)
        yield OptionList()

    def on_mount(self) -> None:
        """Show all options, the current one under the cursor."""
        self.query_one(OptionList).can_focus = False
        self.search("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        event.stop()
        self.search(event.value.strip())

    def search(self, query: str) -> None:
        """List the options that match what was typed: those that begin with it, then the best."""
        if not query:
            self.list_options(self._options)
            return
        matcher = Matcher(query, match_style=_MATCH)
        scored = [(self._score(matcher, option), option) for option in self._options]
        begins = query.casefold()
        matching = sorted(
            (pair for pair in scored if pair[0] > 0),
            key=lambda pair: (not pair[1].label.casefold().startswith(begins), -pair[0]),
        )
        self.list_options([option for _, option in matching], matcher)

    def _score(self, matcher: Matcher, option: ChoiceOption) -> float:
        return max(matcher.match(option.label), matcher.match(option.value))

    def list_options(self, options: Sequence[ChoiceOption], matcher: Matcher | None = None) -> None:
        """List options, with what the matcher finds in them marked."""
        self._listed = options
        choices = self.query_one(OptionList)
        choices.set_options(self._lines(options, matcher))
        if not options:
            choices.add_option(Option(Content.styled("  Nothing matches", "dim"), disabled=True))
        self._fit()
        if not options:
            return
        values = [option.value for option in options]
        place = values.index(self._current) if matcher is None and self._current in values else 0
        choices.highlighted = choices.get_option_index(str(place))

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Make the list as high as its lines are; a box around a list of automatic height ignores its limit."""
        choices = self.query_one(OptionList)
        choices.styles.height = min(choices.option_count, int(self.MOST_OF_SCREEN * self.app.size.height))

    def _lines(self, options: Sequence[ChoiceOption], matcher: Matcher | None) -> Iterator[Option]:
        """A line for each option, by its place; headings only while nothing is filtered."""
        group = ""
        for place, option in enumerate(options):
            if matcher is None and option.group != group:
                group = option.group
                yield Option(Content.styled(group, "$heading"), disabled=True)
            yield Option(self.line(option, matcher), str(place))

    def line(self, option: ChoiceOption, matcher: Matcher | None) -> Content:
        """An option as it is listed."""
        label = matcher.highlight(option.label) if matcher else Content(option.label)
        detail = option.help or (option.value if option.value != option.label else "")
        mark = "● " if option.value == self._current else "  "
        gap = " " * max(2, _TITLE_WIDTH - label.cell_length) if detail else ""
        return Content.assemble(mark, label, gap, (detail, "dim"))

    @on(Input.Submitted)
    def _choose(self, event: Input.Submitted) -> None:
        event.stop()
        self._take()

    @on(OptionList.OptionSelected)
    def _click(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._take()

    def _take(self) -> None:
        """Close with the option under the cursor."""
        option = self.query_one(OptionList).highlighted_option
        if option is not None and option.id is not None:
            self.dismiss(self._listed[int(option.id)].value)

    async def action_move(self, action: str) -> None:
        """Move the cursor of the list while the filter keeps the focus."""
        await self.query_one(OptionList).run_action(action)


async def choose(app: App[Any], title: str, values: Sequence[str]) -> str | None:
    """Ask which of several values a person takes, from within a worker; None when the dialog is left."""
    return await app.push_screen_wait(ChoiceDialog(title, [ChoiceOption(str(value)) for value in values]))
