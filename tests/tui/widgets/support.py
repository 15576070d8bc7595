"""What the widget tests share: a running app around some widgets, the messages they sent, the screen as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from textual.app import ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from tests.support.goldens import stays
from tui.colours import ColouredApp

M = TypeVar("M", bound=Message)


class Host(ColouredApp):
    """An app that holds the widgets under test and keeps what they said."""

    def __init__(self, widgets: tuple[Widget, ...]) -> None:
        super().__init__()
        self.animation_level = "none"
        self._widgets = widgets
        self.said: dict[int, Message] = {}

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def hear(self, message: Message) -> None:
        """A message that bubbles comes by several times."""
        self.said.setdefault(id(message), message)

    def heard(self, kind: type[M]) -> list[M]:
        """The messages of one kind, in their order."""
        return [message for message in self.said.values() if isinstance(message, kind)]

    def text(self) -> str:
        """The screen as a person reads it."""
        strips = self.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)


class Stage:
    """A running host and its pilot."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def click(self, target: Any, x: int = 0, y: int = 0, times: int = 1) -> None:
        await self.pilot.click(target, offset=(x, y), times=times)
        await self.settle()

    async def settle(self) -> None:
        await stays(self.app.text, self._rest)

    async def _rest(self) -> None:
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()


@asynccontextmanager
async def on_stage(*widgets: Widget, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Stage]:
    """Run an app of these widgets."""
    app = Host(widgets)
    async with app.run_test(size=size, message_hook=app.hear) as pilot:
        stage = Stage(app, pilot)
        await stage.settle()
        yield stage
