"""Renewed OAuth tokens of trials: kept as test values of inputs, and where a run without a screen keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

from core.errors import ReadError
from core.outputs.token_file import TokenFile
from core.runtime.tokens import ConfigPath, Grant, KeptTokens, TokenStore
from tui.model.session import BuilderSession


class TrialTokens(TokenStore):
    """Puts tokens into the test values that held those before them.

    They are kept as a run without a screen keeps them too, so that the two don't use up each other's, and so that a
    token that stands in the manifest itself can be renewed.
    """

    def __init__(self, session: BuilderSession) -> None:
        super().__init__()
        self._session = session
        self._unsaved = TokenStore()
        self._file: TokenFile | None = None

    @property
    def _store(self) -> TokenStore:
        path = self._session.path
        if path is None:
            return self._unsaved
        file = TokenFile.of_manifest(path)
        if self._file is None or self._file.path != file.path:
            self._file = file
        return self._file

    @asynccontextmanager
    async def renewing(self, tell: Callable[[str], None]) -> AsyncIterator[None]:
        async with self._store.renewing(tell):
            yield

    async def find(self, grant: Grant) -> KeptTokens | None:
        return await self._store.find(grant)

    async def keep(self, grant: Grant, replaced: str, tokens: KeptTokens, inputs: Mapping[ConfigPath, str]) -> str:
        """Store the tokens, also as test values. Raises `ReadError`."""
        fault, message = None, ""
        try:
            message = await self._store.keep(grant, replaced, tokens, inputs)
        except ReadError as error:
            fault = error
        values = self._session.values
        values.unsaved = False
        names = self._put(grant, tokens, inputs)
        if fault is not None and (values.unsaved or not names):
            raise fault
        return (
            f"The new one is the test value of {' and of '.join(f'`{name}`' for name in names)} now."
            if names
            else message
        )

    def _put(self, grant: Grant, tokens: KeptTokens, inputs: Mapping[ConfigPath, str]) -> list[str]:
        """Give the test values that held the refresh token of the grant the new one; gives their names.

        The other tokens go where the manifest says that they are kept, as far as there is such an input. A value that
        the person has changed meanwhile stays.
        """
        config = self._session.values.config()
        home = [path for path, text in inputs.items() if text == tokens.refresh_token]
        held = [path for path, value in _leaves(config) if value == grant.refresh_token]
        held = held or [path for path in home if self._is_input(path) and not _at(config, path)]
        if not held:
            return []
        beside = {path: text for path, text in inputs.items() if path not in home and self._is_input(path)}
        new = beside | dict.fromkeys(held, tokens.refresh_token)
        for key in dict.fromkeys(path[0] for path in new):
            value = config.get(key)
            for path, text in new.items():
                value = _with(value, path[1:], text) if path[0] == key else value
            self._session.inputs.renew_value(key, value)
        return [".".join(path) for path in held]

    def _is_input(self, path: ConfigPath) -> bool:
        return self._session.values.has(path[0]) or self._session.inputs.get(path[0]) is not None


def _leaves(value: Any, above: ConfigPath = ()) -> Iterator[tuple[ConfigPath, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, (*above, str(key)))
    elif above:
        yield above, value


def _at(value: Any, path: ConfigPath) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _with(value: Any, path: ConfigPath, text: str) -> Any:
    """The value with a text at `path` in it; what is around it stays."""
    if not path:
        return text
    value = deepcopy(value) if isinstance(value, dict) else {}
    return {**value, path[0]: _with(value.get(path[0]), path[1:], text)}
