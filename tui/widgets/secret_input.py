"""A field for a secret, which shows whether there is one and never what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.widgets import Input

from tui.widgets.base import WidgetMessage, hidden, shown


class SecretInput(Input):
    """Takes a new secret with enter or when it is left, then forgets it; delete clears the one that there is.

    The secret goes out once, in `Replaced`, and is never given back to the field: tell it `is_set` instead.
    """

    BINDING_GROUP_TITLE = "Secret"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("delete", "clear_or_delete", "Clear secret", "Forget the secret that is set", "secret.clear"),
        hidden("escape,ctrl+z", "abandon", "Leave as it is", "Forget what was typed", "secret.abandon"),
    ]

    DEFAULT_CSS = """
    SecretInput {
        padding: 0 1 !important;
        background: $well;
        &:focus { background: $well-focus; background-tint: $foreground 0%; }
        & > .input--placeholder { color: $foreground-muted; text-style: italic; }
        &.-set > .input--placeholder { color: $secret; text-style: none; }
    }
    """

    @dataclass
    class Replaced(WidgetMessage["SecretInput"]):
        """A person entered a new secret."""

        secret: str

        def __repr__(self) -> str:
            return "Replaced(secret=***)"

    @dataclass
    class Cleared(WidgetMessage["SecretInput"]):
        """A person wants the secret forgotten."""

    def __init__(self, is_set: bool = False) -> None:
        super().__init__(password=True, compact=True, validate_on=())
        self.is_set = is_set

    @property
    def is_set(self) -> bool:
        return self._is_set

    @is_set.setter
    def is_set(self, is_set: bool) -> None:
        self._is_set = is_set
        self.set_class(is_set, "-set")
        self.placeholder = "•••• set: type to replace it" if is_set else "Not set: type the secret"

    def on_paste(self, event: events.Paste) -> None:
        """Keep all lines of a key that has several."""
        event.prevent_default()
        event.stop()
        self.replace(event.text.strip("\r\n"), *sorted(self.selection))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.commit_edit()

    @on(Input.Changed)
    def _keep(self, event: Input.Changed) -> None:
        event.stop()

    def on_blur(self) -> None:
        """Leaving the field commits what is typed."""
        self.commit_edit()

    def commit_edit(self) -> None:
        secret, self.value = self.value, ""
        if secret:
            self.is_set = True
            self.post_message(self.Replaced(self, secret))

    def action_clear_or_delete(self) -> None:
        """Delete what is right of the cursor; clear the secret when nothing is typed."""
        if self.value:
            self.action_delete_right()
        elif self.is_set:
            self.is_set = False
            self.post_message(self.Cleared(self))

    def action_abandon(self) -> None:
        self.value = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape means something only while a secret is typed."""
        return bool(self.value) if action == "abandon" else True
