"""The editor area: the form of what is chosen in the navigator, the whole manifest as text, or ways to begin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pathlib import Path as FilePath

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from core.manifest.problems import Problem
from tui.forms import GlobalForm, Hints, InputsForm, StreamForm
from tui.model.session import BuilderSession
from tui.shell.navigator import GLOBAL, INPUTS, Spot
from tui.shell.yaml_view import YamlView
from tui.widgets.base import WidgetMessage
from tui.widgets.display_text import safe

_TITLE = "Build a connector for an API that makes you wait"
_TEXT = "Describe how it hands out its data, test it here, save a manifest that runs anywhere."
_WAYS = (
    ("add_stream", "Add the first stream", "one request, or a job"),
    ("demo", "Try the demo", "with an API of its own"),
    ("open", "Open a manifest", "made here or by Airbyte"),
)


class Welcome(Vertical):
    """A list of ways to begin."""

    HELP = "Choose a way to begin: up and down, then enter."

    @dataclass
    class Chosen(WidgetMessage["Welcome"]):
        """A person wants an action of the screen to be done."""

        action: str

    @dataclass
    class FileChosen(WidgetMessage["Welcome"]):
        """A person wants a file to be opened."""

        path: Path

    def __init__(self, recent: Sequence[Path]) -> None:
        super().__init__(classes="welcome")
        self._recent = tuple(recent)

    def compose(self) -> ComposeResult:
        """The words and the list."""
        yield Static(Content(_TITLE), classes="welcome--title")
        yield Static(Content(_TEXT), classes="welcome--text")
        ways = [Option(Content.assemble(f"{title:<22} ", (text, "dim"))) for _, title, text in _WAYS]
        files = [
            Option(Content.assemble(f"{safe(path.name):<22} ", (safe(str(path.parent)), "dim")))
            for path in self._recent
        ]
        if files:
            yield OptionList(*ways, None, *files)
        else:
            yield OptionList(*ways)

    def on_mount(self) -> None:
        """The first way is the likeliest."""
        self.query_one(OptionList).highlighted = 0

    def focus_list(self) -> None:
        """Let a person choose."""
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_index < len(_WAYS):
            self.post_message(self.Chosen(self, _WAYS[event.option_index][0]))
        else:
            self.post_message(self.FileChosen(self, self._recent[event.option_index - len(_WAYS)]))


Form = StreamForm | InputsForm | GlobalForm


class Middle(Container):
    """Shows one thing at a time and builds it when it is first looked at. What is asked for meanwhile has its turn
    afterwards, so that the last that was asked for is what stays.
    """

    def __init__(self, session: BuilderSession, hints: Hints, broken: tuple[Problem, ...]) -> None:
        super().__init__(classes="middle")
        self._session = session
        self._hints = hints
        self._broken = broken
        self._shown: Widget | None = None
        self._turn = asyncio.Lock()

    @property
    def form(self) -> Form | None:
        """The form in view."""
        return self._shown if isinstance(self._shown, Form) else None

    @property
    def yaml(self) -> YamlView | None:
        """The text, when it is in view."""
        return self._shown if isinstance(self._shown, YamlView) else None

    async def show_form(self, spot: Callable[[], Spot], *, over_text: bool = True) -> Form | None:
        """Show the form of a spot, which may be another one by the time that it is there; all streams share one.

        Without `over_text` it is left alone while the text is in view; None then.
        """
        async with self._turn:
            if self.yaml is not None and not over_text:
                return None
            while True:
                wanted = spot()
                form = await self._built(wanted)
                await self._bring(form)
                if isinstance(form, StreamForm):
                    await form.show(int(wanted))
                else:
                    await form.show()
                if wanted == spot():
                    return form

    async def show_yaml(self) -> YamlView:
        """Show the manifest as text."""
        async with self._turn:
            view = self.query_one_optional(YamlView)
            if view is None:
                view = YamlView(self._session, problems=self._broken)
                await self.mount(view)
            await self._bring(view)
            return view

    async def show_welcome(self, recent: Sequence[FilePath]) -> Welcome:
        """Show ways to begin."""
        async with self._turn:
            welcome = self.query_one_optional(Welcome)
            if welcome is None:
                welcome = Welcome(recent)
                await self.mount(welcome)
            await self._bring(welcome)
            return welcome

    def go_along(self, moved: Callable[[int], int | None]) -> None:
        """Streams have moved: the form of one, in view or not, goes with it."""
        form = self.query_one_optional(StreamForm)
        if form is not None:
            form.relocate(moved(form.stream))

    async def _built(self, spot: Spot) -> Form:
        kinds: dict[Spot, type[Form]] = {GLOBAL: GlobalForm, INPUTS: InputsForm}
        form: Form | None = self.query_one_optional(kinds.get(spot, StreamForm))
        if form is None:
            form = self._make(spot)
            await self.mount(form)
        return form

    def _make(self, spot: Spot) -> Form:
        if spot == GLOBAL:
            return GlobalForm(self._session, self._hints)
        if spot == INPUTS:
            return InputsForm(self._session, self._hints)
        return StreamForm(self._session, self._hints, int(spot))

    async def _bring(self, widget: Widget) -> None:
        """Bring something to the front. The text goes when it is left; everything else stays as it is."""
        if self._shown is widget:
            return
        before, self._shown = self._shown, widget
        widget.display = True
        if isinstance(before, YamlView):
            await before.remove()
        elif before is not None:
            before.display = False
