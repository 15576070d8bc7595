"""Taking over what is being typed: it counts when the manifest is saved or tested, though nobody pressed enter."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol, runtime_checkable

from textual.message import Message
from textual.widget import Widget

_PATIENCE = 1.0
"""Seconds to wait for a widget that may be on its way out."""


@runtime_checkable
class HoldsTyped(Protocol):
    """A widget that keeps what is typed to itself until enter is pressed or it is left."""

    def take_typed(self) -> None:
        """Say what is typed as if enter had been pressed; typing can go on."""


class AllSaid(Message):
    """Goes up from a widget behind everything that it has said; a screen answers by setting `heard`."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()


async def take_typed(widget: Widget) -> None:
    """Make a widget and those around it say what is typed, and wait until that was heard on the way to the screen."""
    for one in widget.ancestors_with_self:
        if isinstance(one, HoldsTyped):
            one.take_typed()
    said = AllSaid()
    if widget.post_message(said):
        with suppress(TimeoutError):
            await asyncio.wait_for(said.heard.wait(), _PATIENCE)
