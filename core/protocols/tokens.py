"""Refresh tokens that an API replaces: the platform that gave the inputs is told what they are from now on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import ReadError
from core.protocols import messages
from core.protocols.writer import MessageWriter
from core.runtime.tokens import ConfigPath, Grant, KeptTokens, TokenStore


class ControlTokens(TokenStore):
    """Keeps tokens for this run, and sends the whole config with them in it whenever they change."""

    def __init__(self, config: dict[str, Any], writer: MessageWriter) -> None:
        super().__init__()
        self._config = config
        self._writer = writer

    async def keep(self, grant: Grant, replaced: str, tokens: KeptTokens, inputs: Mapping[ConfigPath, str]) -> str:
        """Send a CONTROL message. Raises `ReadError` when no input held the token."""
        self._kept[grant.mark] = tokens
        home = [path for path, text in inputs.items() if text == tokens.refresh_token]
        held = [path for path, value in _leaves(self._config) if value in (grant.refresh_token, replaced)] or home
        if not held:
            raise ReadError("no input holds the old one, so that the new one has no place in the config.")
        beside = {path: text for path, text in inputs.items() if path not in home}
        for path, text in {**beside, **dict.fromkeys(held, tokens.refresh_token)}.items():
            _put(self._config, path, text)
        self._writer.send(messages.changed_config(self._config))
        return "The new one is in a CONTROL message with the config, which has to be kept for the next run."


def _leaves(value: Any, above: ConfigPath = ()) -> Iterator[tuple[ConfigPath, Any]]:
    """What the config holds, and where. What is in a manifest that came with it is no input."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            if above or not key.startswith("__injected_"):
                yield from _leaves(member, (*above, key))
    elif isinstance(value, str):
        yield above, value


def _put(config: dict[str, Any], path: ConfigPath, text: str) -> None:
    for key in path[:-1]:
        inner = config.get(key)
        if not isinstance(inner, dict):
            inner = config[key] = {}
        config = inner
    config[path[-1]] = text
