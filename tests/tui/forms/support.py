"""A running app around a form: what the tests of forms share."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from pathlib import PurePath
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

import sample_configs
from core.manifest.problems import Path
from tui import forms
from tui.colours import ColouredApp
from tui.forms import StreamForm
from tui.forms.field_row import FieldRow
from tui.forms.form_pane import FormPane
from tui.forms.hints import Hints, Offer
from tui.model.editor import Change, ChangeKind
from tui.model.session import BuilderSession
from tui.model.specs import FieldSpec
from tui.model.streams import StreamKind

SAMPLES = FilePath(sample_configs.__file__).parent
STYLES = FilePath(forms.__file__).parents[1] / "css"

M = TypeVar("M", bound=Message)


@dataclass
class Known:
    """Hints as a test wants them."""

    known: Mapping[str, Any] = field(default_factory=dict)
    suggested: Sequence[Offer] = ()
    detected: Mapping[str, Any] | None = None
    answered: Mapping[str, Any] = field(default_factory=dict)

    def variables(self, stream: str) -> Mapping[str, Any]:
        return self.known

    def answer(self, stream: str, path: Path) -> Mapping[str, Any]:
        return self.answered

    def lookups(self, stream: str) -> Sequence[Offer]:
        return ()

    def suggestions(self, path: Path, spec: FieldSpec) -> Sequence[Offer]:
        return self.suggested

    def detected_schema(self, stream: str) -> Mapping[str, Any] | None:
        return self.detected


class FormHost(ColouredApp):
    """An app that is nothing but a form. Like the builder it checks the manifest after every edit."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [STYLES / "trials.tcss", STYLES / "forms.tcss"]

    def __init__(self, session: BuilderSession, form: Widget) -> None:
        super().__init__()
        self.animation_level = "none"
        self.session = session
        self.form = form
        self.said: dict[int, Message] = {}
        self._checking = False

    def compose(self) -> ComposeResult:
        yield self.form

    def on_mount(self) -> None:
        self.session.subscribe(self._session_changed)

    def _session_changed(self, change: Change) -> None:
        if change.kind is ChangeKind.VALUES and not self._checking:
            self._checking = True
            self.call_later(self._check)

    def _check(self) -> None:
        self._checking = False
        self.session.refresh()

    def hear(self, message: Message) -> None:
        """A message that bubbles comes by several times."""
        self.said.setdefault(id(message), message)

    def text(self) -> str:
        """The screen as a person reads it."""
        strips = self.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips).rstrip()


class Desk:
    """A running form, its session and its pilot."""

    def __init__(self, app: FormHost, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.session = app.session

    @property
    def form(self) -> StreamForm:
        assert isinstance(self.app.form, StreamForm)
        return self.app.form

    @property
    def pane(self) -> FormPane:
        pane = self.app.form if isinstance(self.app.form, FormPane) else self.form.pane
        assert pane is not None
        return pane

    @property
    def text(self) -> str:
        return self.app.text()

    @property
    def words(self) -> str:
        """The text without line breaks and boxes: sentences may be broken anywhere."""
        return " ".join(self.text.replace("│", " ").split())

    async def settle(self) -> None:
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Type a text, and close what may have opened to complete it."""
        await self.press(*("space" if one == " " else one for one in text))

    async def paste(self, text: str) -> None:
        self.app.post_message(events.Paste(text))
        await self.settle()

    async def choose(self, words: str) -> None:
        """Open the list of the focused choice and take what the words filter out."""
        await self.press("enter")
        await self.type(words)
        await self.press("enter")

    async def menu(self, words: str) -> None:
        """Open the menu of the focused field and take what the words filter out."""
        await self.press("f6")
        await self.type(words)
        await self.press("enter")

    async def go(self, path: Path) -> None:
        """Go to a field as the builder's own keys do."""
        form = self.app.form
        assert isinstance(form, StreamForm | FormPane)
        assert await form.focus_path(path)
        await self.settle()

    def row(self, path: Path) -> FieldRow:
        """The row that shows a path itself, the innermost one."""
        return [row for row in self.pane.walk() if row.path == path and row.place.title != "Advanced"][-1]

    @property
    def focused_path(self) -> Any:
        row = self.pane.row_of(self.app.focused)
        return row.path if row is not None else None

    def heard(self, kind: builtins.type[M]) -> list[M]:
        return [message for message in self.app.said.values() if isinstance(message, kind)]


def sample(name: str = "sendgrid_contacts") -> BuilderSession:
    """A session on one of the samples, checked."""
    session = BuilderSession.open(SAMPLES / f"{name}.yaml")
    session.refresh()
    return session


def new_session(kind: StreamKind = StreamKind.ASYNC, *others: str) -> BuilderSession:
    """A session on a new manifest with a stream "contacts" and other synchronous ones."""
    session = BuilderSession.new()
    session.streams.add("contacts", kind)
    for name in others:
        session.streams.add(name)
    session.refresh()
    return session


@asynccontextmanager
async def at_desk(
    session: BuilderSession,
    *,
    hints: Hints | None = None,
    stream: int = 0,
    size: tuple[int, int] = (80, 24),
    make: Callable[[BuilderSession, Hints], Widget] | None = None,
) -> AsyncIterator[Desk]:
    """Run an app with a form of a stream, or with what `make` makes."""
    known = hints or Known()
    form = make(session, known) if make is not None else StreamForm(session, known, stream)
    app = FormHost(session, form)
    async with app.run_test(size=size, message_hook=app.hear, notifications=True) as pilot:
        desk = Desk(app, pilot)
        await desk.settle()
        yield desk
