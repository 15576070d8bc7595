"""The state that a test read reached, ready to be the input of the next one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType

from tui.widgets.doc_panel import DocPanel
from tui.widgets.keys import shown
from tui.widgets.message import WidgetMessage


class StatePanel(DocPanel):
    """Shows a state as JSON."""

    BINDING_GROUP_TITLE = "State"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("i", "use", "Use as input state", "Begin the next test where this one ended", "state.use"),
    ]

    @dataclass
    class UseRequested(WidgetMessage["StatePanel"]):
        """A person wants the next test to begin with this state."""

        state: Mapping[str, Any]

    def __init__(self) -> None:
        super().__init__(classes="state-panel")
        self._state: Mapping[str, Any] | None = None

    def show_state(self, state: Mapping[str, Any] | None, empty: str) -> None:
        """Show a state; without one the sentence `empty`."""
        self._state = state
        if state is None:
            self.show(empty, "", "text")
        else:
            text = json.dumps(state, ensure_ascii=False, default=str)
            self.show("i: use as input state of the next test", text, "json")

    def action_use(self) -> None:
        """Ask for the state to be used."""
        if self._state is not None:
            self.post_message(self.UseRequested(self, self._state))
