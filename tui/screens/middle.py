"""The middle of the builder: the form of what is chosen in the navigator, or the whole manifest as text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath

from textual.containers import Container
from textual.widget import Widget

from core.manifest.problems import Problem
from tui.forms import GlobalForm, Hints, InputsForm, StreamForm
from tui.navigator.entries import GLOBAL, INPUTS, Spot
from tui.screens.welcome import Welcome
from tui.screens.yaml_view import YamlView
from tui.session.session import BuilderSession

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
            form.go_along(moved(form.stream))

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
