"""The command palette: every action as `Area: verb thing`, and every stream to go to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.shell.actions import APP, BUILDER, UserAction
from tui.shell.keys import key_of
from tui.shell.screen import BuilderScreen
from tui.widgets.display_text import safe

_NOT_LISTED = frozenset({"app.palette", "app.back"})
"""Actions that make no sense as a command."""

_AREA_FIRST = 1.5
"""How much better a command is found that begins with what was typed, as those of an area do."""


class Command(NamedTuple):
    """A line of the palette."""

    title: str
    help: str
    run: Callable[[], Awaitable[object] | None]


class Commands(Provider):
    """What can be done now on the builder's screen."""

    async def discover(self) -> Hits:
        for command in self._commands():
            yield DiscoveryHit(command.title, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.title)
            if score > 0:
                if command.title.casefold().startswith(query.casefold()):
                    score *= _AREA_FIRST
                yield Hit(score, matcher.highlight(command.title), command.run, help=command.help)

    def _commands(self) -> Iterator[Command]:
        """All commands by area, those of the app last; then the streams."""
        screen = self.screen
        if not isinstance(screen, BuilderScreen):
            return
        for action in sorted((*APP, *BUILDER), key=lambda one: (one in APP, one.area)):
            if action.id not in _NOT_LISTED and screen.can_do(action.id):
                yield Command(_title(screen, action), action.help, _run(screen, action))
        for index, name in enumerate(screen.session.streams.names()):
            title = f"Go: to the stream {safe(name) or f'number {index + 1}'}"
            yield Command(title, "Show its form", partial(screen.navigation.open, index))


def _run(screen: BuilderScreen, action: UserAction) -> Callable[[], Awaitable[object] | None]:
    if action.is_of_app:
        return partial(screen.app.run_action, action.target)
    return partial(screen.action_perform, action.id)


def _title(screen: BuilderScreen, action: UserAction) -> str:
    """The title, and the key that does the same."""
    key = key_of(screen.app, screen.settings, action.id)
    return f"{action.title}  ({key})" if key else action.title
