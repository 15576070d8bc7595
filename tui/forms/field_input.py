"""The line that text is typed into: templates, suggested values, masked secrets, curl commands that are pasted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.suggester import SuggestFromList

from tui.forms.hints import TemplateHelp, end_of
from tui.widgets.base import WidgetMessage, shown
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.completion import ExtraCompletion
from tui.widgets.display_text import fit
from tui.widgets.template_input import MOST_PASTED, TemplateInput
from tui.widgets.template_names import plain_secret, typed_word

_LEAST_OF_AN_OFFER = 8
"""Characters of an offer that are seen in any line."""


class FieldInput(TemplateInput):
    """A line of text in a form. `show` puts a value in and posts nothing.

    What is offered is seen in the line, dimmed: in an empty one the first of `offers`, else how a suggested value goes
    on. Tab takes it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        shown("tab", "take_offer", "Take the offer", "Take what is seen dimmed in the line", "field.take-offer"),
    ]

    @dataclass
    class CurlPasted(WidgetMessage["FieldInput"]):
        """A `curl` command was pasted where that means to fill the request."""

        command: str

    @dataclass
    class InputWanted(WidgetMessage["FieldInput"]):
        """A person wants an input that is not there yet, to be used where the cursor is."""

        secret: bool

    def __init__(
        self,
        value: str = "",
        placeholder: str = "",
        *,
        templates: TemplateHelp | None = None,
        suggestions: Callable[[], Sequence[ChoiceOption]] | None = None,
        offers: Callable[[], Sequence[str]] | None = None,
        secret: bool = False,
        takes_curl: bool = False,
        in_list: bool = False,
    ) -> None:
        """With `in_list`, pasted text is left to the list that the field is in.

        `suggestions` are all values that may be chosen from; `offers` those of them that were seen.
        """
        self._secret = secret
        self._in_list = in_list
        self._takes_curl = takes_curl
        self._suggestions = suggestions
        self._offers = offers
        self._offer = ""
        self._prompt = placeholder
        self.offered = 0
        """How many values are suggested, as of when it got the focus."""
        likely = templates.lacks_inputs if templates else lambda: False
        extra = ExtraCompletion("New input…", "Add an input and use it here", self.want_input, likely)
        super().__init__(
            value,
            placeholder,
            complete=templates.complete if templates else None,
            resolve=templates.resolve if templates else None,
            extra=extra,
        )

    def on_focus(self) -> None:
        """Update the suggestions. What is typed replaces a template that stands for a secret: behind it, a secret would
        be a part of the manifest.
        """
        if self._secret and self.value.startswith("{{") and self.value.endswith("}}"):
            self.select_all()
        options = self._suggestions() if self._suggestions else ()
        self.offered = len(options)
        self.suggester = SuggestFromList([one.value for one in options], case_sensitive=False) if options else None
        self._offer = next(iter(self._offers() if self._offers else ()), "")
        self._show_prompt()

    def on_blur(self) -> None:
        """Offer nothing any more."""
        self._offer = ""
        self._show_prompt()

    def prompt(self, text: str) -> None:
        """Show this while the line is empty and there is no offer."""
        self._prompt = text
        self._show_prompt()

    def _show_prompt(self) -> None:
        self.placeholder = self._prompt
        if self._offer:
            room = max(_LEAST_OF_AN_OFFER, self.content_size.width - len("Tab: ") - 1)
            self.placeholder = f"Tab: {fit(end_of(self._offer, room), room).rstrip()}"

    @property
    def _ghost(self) -> str:
        """What is seen dimmed in the line, and would be its value."""
        if not self.value:
            return self._offer
        at_end = self.cursor_position >= len(self.value)
        return self._suggestion if at_end and len(self._suggestion) > len(self.value) else ""

    def action_take_offer(self) -> None:
        self._take(self._ghost or None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without an offer tab is not a key of the line."""
        return bool(self._ghost) if action == "take_offer" else super().check_action(action, parameters)

    def show(self, text: str) -> None:
        """Put a text in without a message."""
        if text != self.value:
            with self.prevent(TemplateInput.Changed):
                at_end = self.cursor_position >= len(self.value)
                self.value = text
                if at_end:
                    self.cursor_position = len(text)

    def watch_value(self) -> None:
        """Mask what is, or holds, a secret itself; the name of one may be seen."""
        self.password = self._secret and (not self.value or plain_secret(self.value) is not None)
        super().watch_value()

    def want_input(self) -> None:
        self.post_message(self.InputWanted(self, self._secret))

    async def action_complete(self) -> None:
        """List what may stand here: names in a template, else the values that are suggested."""
        options = self._suggestions() if self._suggestions else ()
        if options and typed_word(self.value, self.cursor_position) is None:
            dialog = ChoiceDialog("Suggestions", options, current=self.value)
            self.app.push_screen(dialog, self._take)
        else:
            await super().action_complete()

    def _take(self, value: str | None) -> None:
        if value is not None:
            self.value = value
            self.cursor_position = len(value)

    def on_paste(self, event: events.Paste) -> None:
        """Report a curl command instead of taking its first line as text."""
        if self._in_list:
            event.prevent_default()
        elif self._takes_curl and len(event.text) <= MOST_PASTED and is_curl(event.text):
            event.prevent_default()
            event.stop()
            self.post_message(self.CurlPasted(self, event.text))


def is_curl(text: str) -> bool:
    """Whether a text looks like a `curl` command."""
    return text.lstrip().lstrip("$ ").startswith(("curl ", "curl.exe "))
