"""The command palette: every action as `area: verb thing`, and every stream to go to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.shell.actions import APP, BUILDER, Action
from tui.shell.keys import key_of
from tui.shell.screen import BuilderScreen
from tui.widgets.display_text import safe

_LEFT_OUT = frozenset({"app.palette", "app.back"})
"""Actions that make no sense as a command."""


class Command(NamedTuple):
    """A line of the palette."""

    title: str
    help: str
    run: Callable[[], Awaitable[object]]


class Commands(Provider):
    """What can be done now on the builder's screen."""

    async def discover(self) -> Hits:
        """Everything, in the order of its areas; what leaves the builder comes last."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.title)
            if score > 0:
                yield Hit(score, matcher.highlight(command.title), command.run, help=command.help)

    def _commands(self) -> Iterator[Command]:
        screen = self.screen
        if not isinstance(screen, BuilderScreen):
            return
        for action in sorted((*APP, *BUILDER), key=lambda one: (one in APP, one.area)):
            if action.id not in _LEFT_OUT and _is_possible(screen, action):
                node = screen.app if action in APP else screen
                yield Command(_title(screen, action), action.help, partial(screen.app.run_action, action.run, node))
        for index, name in enumerate(screen.session.streams.names()):
            title = f"go: to the stream {safe(name) or f'number {index + 1}'}"
            yield Command(title, "Show its form", partial(screen.app.run_action, f"open({index})", screen))


def _is_possible(screen: BuilderScreen, action: Action) -> bool:
    name = action.run.partition("(")[0]
    return name.startswith("app.") or screen.check_action(name, ()) is not False


def _title(screen: BuilderScreen, action: Action) -> str:
    """The title, and the key that does the same."""
    key = key_of(screen.app, screen.settings, action.id)
    return f"{action.title}  ({key})" if key else action.title
