"""The dialog to choose a sample: what each shows, by kinds of APIs."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.fuzzy import Matcher

from sample_configs import SIMPLEST
from sample_configs.summaries import summaries
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import text_line

TOUR = "tour"
"""Chosen in the place of a sample."""
_NEW = ChoiceOption(TOUR, "Take the tour", "seven steps through the builder", "New here?")


class SampleDialog(ChoiceDialog):
    """The result is the name of a sample, or `TOUR`. `tests` says that it is to be tested at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,ctrl+r", "test", "Open and test", tooltip="Open the sample and test it", id="samples.test")
    ]

    MOST_OF_SCREEN = 0.55
    DEFAULT_CSS = """
    SampleDialog {
        & > .dialog--box { width: 84; }
        .dialog--text { color: $text-muted; margin-top: 1; }
    }
    """

    def __init__(self, current: str | None, *, offer_tour: bool) -> None:
        options = [ChoiceOption(one.name, one.title, one.special, one.kind) for one in summaries()]
        super().__init__(
            "Try a sample, with its API on this machine",
            [*[_NEW] * offer_tour, *options],
            current=current or SIMPLEST,
            placeholder="Type to filter: snowflake, reports, zip…",
        )
        self.tests = False

    def compose_body(self) -> ComposeResult:
        yield from super().compose_body()
        yield text_line("Enter opens it · F5 opens and tests it · Esc leaves")

    def _score(self, matcher: Matcher, option: ChoiceOption) -> float:
        return max(super()._score(matcher, option), matcher.match(option.help), matcher.match(option.group))

    def action_test(self) -> None:
        """Take the sample under the cursor, to be tested."""
        self.tests = True
        self._take()
