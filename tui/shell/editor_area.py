"""The editor area: the form of what is selected in the navigator, the whole manifest as text, or ways to begin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import on
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from tui.forms import GlobalForm, Hints, InputsForm, StreamForm
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.shell.selection import GLOBAL, INPUTS, Selection
from tui.shell.welcome import Welcome
from tui.shell.yaml_view import YamlView
from tui.widgets.base import commit_edits
from tui.widgets.display_text import safe

Form = StreamForm | InputsForm | GlobalForm
_TITLES: dict[type[Widget], str] = {InputsForm: "Inputs", GlobalForm: "Global", YamlView: "YAML", Widget: "Begin"}
"""What stands in the edge of the area by what is shown, the first that fits."""


class EditorArea(Container):
    """Shows one thing at a time and builds it when it is first looked at.

    Requests are served one after the other, so that the last one wins.
    """

    def __init__(self, session: BuilderSession, settings: Settings, hints: Hints) -> None:
        super().__init__(classes="editor-area pane")
        self._session = session
        self._settings = settings
        self._hints = hints
        self._shown: Widget | None = None
        self._lock = asyncio.Lock()

    @property
    def form(self) -> Form | None:
        """The form in view."""
        return self._shown if isinstance(self._shown, Form) else None

    @property
    def stream_form(self) -> StreamForm | None:
        """The form in view, if it is that of a stream."""
        return self._shown if isinstance(self._shown, StreamForm) else None

    @property
    def yaml(self) -> YamlView | None:
        """The text, when it is in view."""
        return self._shown if isinstance(self._shown, YamlView) else None

    # Showing

    async def show_form(self, selection: Callable[[], Selection], *, over_text: bool = True) -> Form | None:
        """Show the form of what is selected, which may change while the form is built. All streams share one form.

        Without `over_text` the text stays if it is in view; None then.
        """
        async with self._lock:
            if self.yaml is not None and not over_text:
                return None
            while True:
                wanted = selection()
                form = await self._form_of(wanted)
                await self._bring_to_front(form)
                if isinstance(form, StreamForm):
                    await form.show(int(wanted))
                else:
                    await form.show()
                if wanted == selection():
                    return form

    async def show_yaml(self) -> YamlView:
        """Show the manifest as text."""
        async with self._lock:
            view = self.query_one_optional(YamlView)
            if view is None:
                view = YamlView(self._session)
                await self.mount(view)
            await self._bring_to_front(view)
            return view

    async def show_welcome(self) -> Welcome:
        """Show ways to begin."""
        async with self._lock:
            welcome = self.query_one_optional(Welcome)
            if welcome is None:
                welcome = Welcome(self._settings.recent, offer_tour=not self._settings.toured)
                await self.mount(welcome)
            await self._bring_to_front(welcome)
            return welcome

    def follow_moves(self, moved: Callable[[int], int | None]) -> None:
        """Let the form of a stream, in view or not, follow its stream to its new index."""
        form = self.query_one_optional(StreamForm)
        if form is not None:
            form.relocate(moved(form.stream))

    async def _form_of(self, selection: Selection) -> Form:
        kinds: dict[Selection, type[Form]] = {GLOBAL: GlobalForm, INPUTS: InputsForm}
        form: Form | None = self.query_one_optional(kinds.get(selection, StreamForm))
        if form is None:
            form = self._new_form(selection)
            await self.mount(form)
        return form

    def _new_form(self, selection: Selection) -> Form:
        if selection == GLOBAL:
            return GlobalForm(self._session, self._hints)
        if selection == INPUTS:
            return InputsForm(self._session, self._hints)
        return StreamForm(self._session, self._hints, int(selection))

    async def _bring_to_front(self, widget: Widget) -> None:
        """Show a widget instead of the present one. The text is removed, everything else is kept."""
        if self._shown is widget:
            return
        before, self._shown = self._shown, widget
        widget.display = True
        self.set_class(isinstance(widget, StreamForm | YamlView), "-titled")
        self._show_edges()
        if isinstance(before, YamlView):
            await before.remove()
        elif before is not None:
            before.display = False

    @on(StreamForm.Shown)
    def _form_shown(self, event: StreamForm.Shown) -> None:
        event.stop()
        self._show_edges()

    def _show_edges(self) -> None:
        """Set the title into the top edge and facts into the bottom edge."""
        shown = self._shown
        if isinstance(shown, StreamForm):
            title = self._session.streams.name(shown.stream) or "New stream"
        else:
            title = next(title for kind, title in _TITLES.items() if isinstance(shown, kind))
        self.border_title = Content(safe(title)).markup
        self.border_subtitle = shown.facts if isinstance(shown, StreamForm) else ""

    # Editing

    def can_edit(self) -> bool:
        """Whether the manifest can be edited other than as text. Reports an error while its text can't be read."""
        if self.yaml is not None:
            self.yaml.flush()
        if self._session.has_broken_text:
            message = "The YAML can't be read. Fix it first: it would be lost otherwise."
            self.notify(message, severity="error", timeout=8, markup=False)
            return False
        return True

    async def flush(self) -> None:
        """Take over what is typed into the focused field, wherever on the screen that is, and into the text."""
        focused = self.screen.focused
        if focused is not None:
            await commit_edits(focused)
        if self.yaml is not None:
            self.yaml.flush()
