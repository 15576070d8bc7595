"""What is to be said about a trial: a card for each cause of an error, then warnings and remarks, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from core.wording import listed
from tui.trials.notices import Notice, Weight
from tui.trials.remedies import Remedy
from tui.widgets.base import WidgetMessage, hidden

CARDS = 5
"""Causes that have a card; further ones have a line."""
_FURTHER = 20
"""Lines of further causes."""
_STYLES = {Weight.ERROR: "$text-error", Weight.WARNING: "$text-warning", Weight.REMARK: "$foreground-muted"}
_STATUS_CLASSES = ("-s3xx", "-s4xx", "-s5xx")


class Card(Widget, can_focus=True):
    """A cause: what happened and how often in the top edge, what to do in the middle, the keys in the bottom edge.

    On a screen without room for borders, the keys have a line of their own.
    """

    BINDING_GROUP_TITLE = "Errors"
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("up,k", "app.focus_previous", "Up", "Go to what is above", "error.up"),
        hidden("down,j", "app.focus_next", "Down", "Go to what is below", "error.down"),
    ]

    def __init__(self) -> None:
        super().__init__(classes="card")
        self.notice: Notice | None = None

    def show(self, notice: Notice) -> None:
        """Show an error that has a cause."""
        if notice == self.notice or notice.cause is None:
            return
        self.notice, cause = notice, notice.cause
        for name in _STATUS_CLASSES:
            self.set_class(cause.status is not None and name == f"-s{cause.status // 100}xx", name)
        title = Content.assemble(f"{notice.weight} {cause.title}", *([f" · {cause.hits}"] if cause.hits else []))
        self.border_title = title.markup
        self.border_subtitle = self._keys.markup
        self.refresh(layout=True)

    @property
    def _keys(self) -> Content:
        """What can be done about it, each with its key."""
        notice, key = self.notice, "bold $text-accent"
        parts: list[Content] = []
        if notice is not None and notice.remedy is not None:
            parts.append(Content.assemble(("m", key), f" Go to {notice.remedy}"))
        if notice is not None and notice.cause is not None and notice.cause.exchange is not None:
            parts.append(Content.assemble(("x", key), f" Request {notice.cause.exchange}"))
        return Content("  ").join(parts)

    def render(self) -> Content:
        notice = self.notice
        if notice is None or notice.cause is None:
            return Content("")
        lines = [Content(notice.text)]
        if len(notice.cause.slices) > 1:
            lines.append(Content.styled(listed(notice.cause.slices), "$foreground-muted"))
        if self.styles.border_bottom[0] == "" and self._keys:
            lines.insert(0, self._keys)
        return Content("\n").join(lines)


class Notices(VerticalScroll):
    """Cards, and below them one notice after the other; hidden while there are none."""

    @dataclass
    class Clicked(WidgetMessage["Notices"]):
        """A person wants to go to a field that the notices are about."""

    def __init__(self) -> None:
        super().__init__(classes="notices")
        self._notices: tuple[Notice, ...] = ()
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static(markup=False, classes="notices--rest")

    @property
    def places(self) -> list[Remedy]:
        """The fields that the card with the focus leads to, else those that all notices lead to, each once."""
        return _places([self._focused] if self._focused is not None else self._notices)

    @property
    def exchange(self) -> int | None:
        """The number of the request that the card with the focus is about, else the first one that a card is about."""
        asked = [self._focused] if self._focused is not None else self._notices
        found = (one.cause.exchange for one in asked if one.cause is not None)
        return next((number for number in found if number is not None), None)

    @property
    def _focused(self) -> Notice | None:
        return next((card.notice for card in self.query(Card) if card.has_focus), None)

    async def show(self, notices: Sequence[Notice]) -> None:
        """Show what there is to say now."""
        if tuple(notices) == self._notices:
            return
        before, self._notices = self._notices, tuple(notices)
        self.display = bool(notices)
        errors = [one for one in notices if one.cause is not None]
        await self._show_cards(errors[:CARDS])
        rest = self.query_one(".notices--rest", Static)
        lines = _lines(errors[CARDS:], [one for one in notices if one.cause is None])
        rest.update(Content("\n").join(lines))
        rest.display = bool(lines)
        if before[:1] != self._notices[:1]:
            self.scroll_home(animate=False)

    async def _show_cards(self, errors: Sequence[Notice]) -> None:
        cards = [*self.query(Card)]
        missing = [Card() for _ in errors[len(cards) :]]
        await self.mount_all(missing, before=".notices--rest")
        for index, card in enumerate([*cards, *missing]):
            card.display = index < len(errors)
            if card.display:
                card.show(errors[index])

    def on_click(self) -> None:
        if self.places:
            self.post_message(self.Clicked(self))


def _lines(further: Sequence[Notice], others: Sequence[Notice]) -> list[Content]:
    """What has no card; the fields come first, so that they stay in view where there is little room."""
    places, lines = _places(others), []
    if places:
        leads = "; ".join(str(place) for place in places)
        lines.append(Content.assemble(("m ", "bold $text-accent"), ("Go to ", "$foreground-muted"), (leads, "bold")))
    told = [*further[:_FURTHER], *others]
    lines += [Content.styled(f"{one.weight} {one.text}", _STYLES[one.weight]) for one in told]
    if len(further) > _FURTHER:
        lines.append(Content.styled(f"{Weight.ERROR} and {len(further) - _FURTHER:,} more", _STYLES[Weight.ERROR]))
    return lines


def _places(notices: Sequence[Notice]) -> list[Remedy]:
    return list(dict.fromkeys(notice.remedy for notice in notices if notice.remedy is not None))
