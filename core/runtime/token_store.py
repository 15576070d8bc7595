"""Tokens that an API gave in place of those in the inputs: how a run gets at them, and hands on new ones.

An API may make a refresh token void by giving the next one. Whoever starts a run hands it a store that outlives it;
the plain one here does not.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import ReadError

ConfigPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A refresh token of the inputs, and the endpoint that takes it."""

    endpoint: str
    refresh_token: str = field(repr=False)

    @property
    def mark(self) -> str:
        """What tells this grant from others, and doesn't give it away."""
        return hashlib.sha256(f"{self.endpoint}\0{self.refresh_token}".encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class KeptTokens:
    """The latest tokens that came of a grant; `expires` is when the access token does, and `purpose` tells what it was
    asked for (an access token with other scopes is another one).
    """

    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    expires: datetime | None = None
    purpose: str = ""


class TokenStore:
    """Keeps tokens as long as the run; subclasses keep them for later ones."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._kept: dict[str, KeptTokens] = {}

    @asynccontextmanager
    async def renewing(self, tell: Callable[[str], None]) -> AsyncIterator[None]:
        """Wait until nobody else renews a token of this store; then it is our turn. `tell` hears of a long wait.

        Raises `ReadError` when the turn does not come.
        """
        async with self._turn:
            yield

    async def find(self, grant: Grant) -> KeptTokens | None:
        """The tokens that came of a grant. Raises `ReadError` when they can't be read."""
        return self._kept.get(grant.mark)

    async def keep(self, grant: Grant, replaced: str, tokens: KeptTokens, inputs: Mapping[ConfigPath, str]) -> str:
        """Keep the tokens, lastingly when this returns; gives a sentence for people that says where they are.

        They came in place of the refresh token `replaced`; `inputs` says which inputs the manifest has for them. Raises
        `ReadError` when they are kept for this run only.
        """
        self._kept[grant.mark] = tokens
        raise ReadError("there is no place for what outlives a run.")
