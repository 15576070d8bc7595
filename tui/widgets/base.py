"""What the widgets share: key bindings with ids and tooltips, messages that know their sender, pending edits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

_COMMIT_TIMEOUT = 1.0
"""Seconds to wait for a widget that may be on its way out."""


def shown(key: str, action: str, description: str, tooltip: str, id: str, *, display: str | None = None) -> Binding:
    """A binding that the footer shows."""
    return Binding(key, action, description, tooltip=tooltip, id=id, key_display=display)


def hidden(
    key: str, action: str, description: str, tooltip: str, id: str, *, display: str | None = None, first: bool = False
) -> Binding:
    """A binding that only the help shows; with `first` no widget below may take the key for something else."""
    return Binding(key, action, description, show=False, tooltip=tooltip, id=id, key_display=display, priority=first)


def paging(area: str, thing: str) -> list[BindingType]:
    """The keys by which the cursor goes far in a list of things: actions `page(1)` and `edge(0)`, ids `area.first`."""
    return [
        hidden("pageup", "page(-1)", "Page up", "One page up", f"{area}.page-up"),
        hidden("pagedown", "page(1)", "Page down", "One page down", f"{area}.page-down"),
        hidden("home,g", "edge(0)", "First", f"Go to the first {thing}", f"{area}.first"),
        hidden("end,G", "edge(-1)", "Last", f"Go to the last {thing}", f"{area}.last"),
    ]


Sender = TypeVar("Sender", bound=Widget)


@dataclass
class WidgetMessage(Message, Generic[Sender]):
    """A message that knows its widget, so that `@on(Message, "#selector")` can tell senders apart."""

    widget: Sender

    @property
    def control(self) -> Sender:
        return self.widget


@runtime_checkable
class PendingEdit(Protocol):
    """A widget that keeps what is typed to itself until enter is pressed or the focus leaves."""

    def commit_edit(self) -> None:
        """Post what is typed as if enter had been pressed; typing can go on."""


@runtime_checkable
class SelfExplaining(Protocol):
    """A widget whose line of help depends on what it shows; others have `HELP`."""

    @property
    def explanation(self) -> str:
        """What the line of help says now."""


class CommitMarker(Message):
    """Bubbles up behind everything that a widget has posted; the screen answers by setting `received`."""

    def __init__(self) -> None:
        super().__init__()
        self.received = asyncio.Event()


async def commit_edits(widget: Widget) -> None:
    """Commit the pending edits of a widget and its ancestors, and wait until their messages reached the screen."""
    for one in widget.ancestors_with_self:
        if isinstance(one, PendingEdit):
            one.commit_edit()
    marker = CommitMarker()
    if widget.post_message(marker):
        with suppress(TimeoutError):
            await asyncio.wait_for(marker.received.wait(), _COMMIT_TIMEOUT)
