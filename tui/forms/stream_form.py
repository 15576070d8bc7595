"""The form of a stream: its head and its tabs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from core.manifest.problems import Path
from tui.forms.curl import ask_for_curl, curl_of, fill_from_curl
from tui.forms.field_input import FieldInput
from tui.forms.field_menu import CopyRequested
from tui.forms.form_pane import FormPane, FormSection
from tui.forms.hints import Hints
from tui.forms.schema_pane import SchemaPane
from tui.forms.stream_head import StreamHead
from tui.model.editor import Change, ChangeKind
from tui.model.layout import LayoutTab, tab_of
from tui.model.session import BuilderSession
from tui.widgets.base import WidgetMessage, hidden
from tui.widgets.tab_strip import StripTab, TabStrip

_SCHEMA = "Schema"
_NOWHERE = sys.maxsize
"""The index of a stream that is gone."""
_NO_FORM = """\
This stream is of a kind that has no form. It is kept as it is; edit it as YAML.

Choose a Retrieval Type above to give it one of the kinds that have a form."""


class StreamForm(Vertical):
    """A stream's tabs, each built when it is first looked at. `show` puts another stream in."""

    BINDING_GROUP_TITLE = "Stream"
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("ctrl+pagedown", "next_tab(1)", "Next tab", "Go to the next tab", "stream-form.next-tab", first=True),
        hidden(
            "ctrl+pageup",
            "next_tab(-1)",
            "Previous tab",
            "Go to the tab before",
            "stream-form.previous-tab",
            first=True,
        ),
    ]

    @dataclass
    class Shown(WidgetMessage["StreamForm"]):
        """Another stream or tab is shown, or what is shown has changed."""

    def __init__(self, session: BuilderSession, hints: Hints, stream: int, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="stream-form")
        self.session = session
        self.hints = hints
        self._stream = self._wanted = stream
        self._tabs: tuple[LayoutTab, ...] = ()
        self._panes: dict[str, FormPane] = {}
        self._active = ""
        self._unsubscribe: Callable[[], None] | None = None
        self._outdated = False
        self.head = StreamHead(session, stream)
        self._shown_problem = ""
        self._sync_lock = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield self.head
        yield Static("", markup=False, classes="stream-form--problem")
        yield TabStrip([StripTab("", "")])
        yield Static(_NO_FORM, markup=False, classes="form-pane--text stream-form--no-form")

    async def on_mount(self) -> None:
        self._problem = self.query_one(".stream-form--problem", Static)
        self._strip = self.query_one(TabStrip)
        self._no_form = self.query_one(".stream-form--no-form", Static)
        self._unsubscribe = self.session.subscribe(self._session_changed)
        await self.sync()

    def on_unmount(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    def on_resize(self) -> None:
        """A wide form has room for the label of the retrieval type."""
        self.set_class(self.size.width >= 90, "-wide")

    # What is shown

    @property
    def stream(self) -> int:
        return self._stream

    @property
    def path(self) -> Path:
        """The path that those of the tabs begin at: of the stream, or of what is around it."""
        return self.session.streams.around(self._stream)

    async def show(self, stream: int) -> None:
        """Show another stream, at the same tab if it has that; of several requests the last wins."""
        self._wanted = stream
        if self.is_mounted and (stream != self._stream or self.disabled):
            await self.sync()

    def relocate(self, stream: int | None) -> None:
        """The stream has another index now; its tabs and pending edits go along.

        None: it is gone, and the form is disabled until another stream is shown.
        """
        if self._wanted == self._stream:
            self._wanted = _NOWHERE if stream is None else stream
        self._stream = _NOWHERE if stream is None else stream
        self.head.stream = self._stream
        self.disabled = stream is None
        for pane in self.query_children(FormPane):
            pane.rebase(self.path)

    @property
    def active_tab(self) -> str:
        """The title of the tab that is shown; empty for a stream without a form."""
        return self._active

    @property
    def tab_titles(self) -> Sequence[str]:
        return [tab.title for tab in self._tabs]

    @property
    def pane(self) -> FormPane | None:
        return self._panes.get(self._active)

    def _session_changed(self, change: Change) -> None:
        if change.kind in (ChangeKind.VALUES, ChangeKind.PROBLEMS) and not self._outdated and self.is_attached:
            self._outdated = True
            self.call_later(self.sync)

    async def sync(self) -> None:
        """Show what the session says now; the panes do so by themselves."""
        async with self._sync_lock:
            await self._sync()

    async def _sync(self) -> None:
        while self._is_out_of_step():
            await self._rebuild(self.session.tabs(self._stream))
        if not (self.is_attached and self.session.exists(self.path)):
            return
        self._show_head()  # from here on nothing is awaited: it is all of one moment
        if self._tabs:
            self._strip.tabs = self._strip_tabs()
        self.post_message(self.Shown(self))

    def _strip_tabs(self) -> list[StripTab]:
        """The tabs as the strip shows them."""
        counts = self.session.tab_counts(self._stream)
        return [
            StripTab(tab.title, tab.title, filled=self._has_values(tab), errors=one.errors, warnings=one.warnings)
            for tab, one in zip(self._tabs, counts, strict=True)
        ]

    def _has_values(self, tab: LayoutTab) -> bool:
        return any(self.session.exists((*self.path, *entry.path)) for entry in tab)

    @property
    def facts(self) -> str:
        """How many of the advanced fields of the tab are set."""
        tab = next((tab for tab in self._tabs if tab.title == self._active), None)
        if tab is None or not tab.advanced:
            return ""
        filled = sum(self.session.exists((*self.path, *entry.path)) for entry in tab.advanced)
        return f"{filled} of {len(tab.advanced)} advanced fields set" if filled else ""

    def _is_out_of_step(self) -> bool:
        """Whether the tabs of the wanted stream differ from those that are built."""
        self._outdated = False
        if not (self.is_attached and self.session.exists(self.session.streams.path(self._wanted))):
            return False
        is_other = self._wanted != self._stream or self.disabled
        if is_other and self.head.is_edited:
            self.head.rename()
        self._stream, self.disabled = self._wanted, False
        if is_other:
            self._show_head()  # at once, so that no name is committed to another stream
        return is_other or self._has_other_fields(self.session.tabs(self._stream))

    def _has_other_fields(self, tabs: tuple[LayoutTab, ...]) -> bool:
        """Whether other fields belong into the form, or the same ones at other places, which waits while a person is at
        one of them: it would go away in the middle of a word.
        """
        if tabs is self._tabs:
            return False
        return not self._has_focus_in_pane or _fields(tabs) != _fields(self._tabs)

    @property
    def _has_focus_in_pane(self) -> bool:
        return any(pane.has_focus_within for pane in self._panes.values())

    def _show_head(self) -> None:
        self.head.show(self._stream)
        problem = self.head.problem
        self._show_problem(f"✗ {problem}" if problem else "")

    def _show_problem(self, problem: str) -> None:
        if problem != self._shown_problem:
            self._shown_problem = problem
            self._problem.update(problem)
            self._problem.display = bool(problem)

    async def _rebuild(self, tabs: tuple[LayoutTab, ...]) -> None:
        had_focus = self._has_focus_in_pane
        panes, self._panes, self._tabs = list(self._panes.values()), {}, tabs
        self._no_form.display = not tabs
        self._strip.display = bool(tabs)
        if panes:
            await self.remove_children(panes)
        titles = [tab.title for tab in tabs]
        if tabs:
            self._strip.tabs = self._strip_tabs()
            await self._open(tabs[titles.index(self._active)] if self._active in titles else tabs[0])
        else:
            self._active = ""
        if had_focus:
            self._strip.focus()

    # Tabs

    async def open_tab(self, title: str) -> None:
        """Show a tab, building it the first time. Raises KeyError when there is none."""
        async with self._sync_lock:
            tab = next((tab for tab in self._tabs if tab.title == title), None)
            if tab is None:
                raise KeyError(title)
            await self._open(tab)

    async def _open(self, tab: LayoutTab) -> None:
        if not self.is_attached:
            return  # the screen is being left
        title = tab.title
        self._active = self._strip.active = title
        with self.app.batch_update():
            for other in self._panes.values():
                other.display = other.tab is tab
            if title not in self._panes:
                kind = SchemaPane if title == _SCHEMA else FormPane
                self._panes[title] = kind(self.session, self.hints, tab, self.path)
                await self.mount(self._panes[title])
        await self._panes[title].show()
        self.post_message(self.Shown(self))

    async def next_tab(self, step: int = 1) -> None:
        """Go to a tab further right or left, around the ends, and to its first field."""
        async with self._sync_lock:
            titles = self.tab_titles
            if self._active not in titles:
                return
            await self._open(self._tabs[(titles.index(self._active) + step) % len(titles)])
        self.focus_first()

    async def action_next_tab(self, step: int) -> None:
        await self.next_tab(step)

    @on(TabStrip.Changed)
    async def _take_tab(self, event: TabStrip.Changed) -> None:
        event.stop()
        async with self._sync_lock:
            tab = next((tab for tab in self._tabs if tab.title == event.tab), None)
            if tab is not None:
                await self._open(tab)

    def focus_first(self) -> None:
        """Go to the first field of the tab; to the name when there is none yet."""
        if self.pane is not None and self.session.streams.name(self._stream):
            self.pane.focus_first()
        else:
            self.head.name_field.focus()

    async def focus_path(self, path: Path) -> bool:
        """Go to the field at a path, opening and building what is needed; whether it is in this stream."""
        if self.session.streams.at(path) != self._stream:
            return False
        await self.sync()
        async with self._sync_lock:
            streams = self.session.streams
            in_head = (self.path, streams.path(self._stream), streams.name_path(self._stream))
            at_tab = bool(self._tabs) and path not in in_head
            if at_tab:
                await self._open(self._tabs[tab_of(self._tabs, self.session.streams.inside(path))[0]])
        pane = self.pane
        if not at_tab:
            self.head.name_field.focus()
            return True
        if pane is not None and not await pane.focus_path(path):
            pane.focus_first()
        return True

    def sections(self) -> Sequence[FormSection]:
        """The places to go to, of all tabs."""
        return [
            FormSection(entry.title, tab.title, (*self.path, *entry.path))
            for tab in self._tabs
            for entry in tab.entries
        ]

    @on(Input.Submitted)
    def _name_entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self.head.rename():
            self.focus_first()

    # Requests as curl commands

    @property
    def requester(self) -> Path | None:
        """The path of the request that the tab is about, or else of the first one."""
        tabs = sorted(self._tabs, key=lambda tab: tab.title != self._active)
        urls = (entry.path for tab in tabs for entry in tab.entries if entry.path[-1] == "url")
        return next(((*self.path, *path[:-1]) for path in urls), None)

    def paste_curl(self) -> None:
        """Ask for a `curl` command and fill the request of this tab from it."""
        if self.requester is not None:
            below = self.requester[len(self.path) :]
            ask_for_curl(self.app, self.session, lambda: (*self.path, *below))

    def copy_curl(self) -> None:
        """Copy the request of this tab as a `curl` command."""
        pane, requester = self.pane, self.requester
        if pane is not None and requester is not None:
            self.post_message(CopyRequested(self, curl_of(pane.context, requester), "request as curl"))

    @on(FieldInput.CurlPasted)
    def _fill(self, event: FieldInput.CurlPasted) -> None:
        event.stop()
        row = self.pane.row_of(event.widget) if self.pane is not None else None
        if row is not None:
            fill_from_curl(self.app, self.session, row.path[:-1], event.command)


def _fields(tabs: Sequence[LayoutTab]) -> list[tuple[str, set[Path]]]:
    """The fields of each tab, wherever in it they are."""
    return [(tab.title, {entry.path for entry in tab}) for tab in tabs]
