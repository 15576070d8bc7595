"""The file of tokens that an API issued in place of those in the inputs, kept from one run to the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from core.environment import key_of, state_folder
from core.errors import ReadError
from core.outputs.durable import OutputError, open_to_read, replacing
from core.outputs.locks import AlreadyLocked, lock
from core.runtime.tokens import ConfigPath, Grant, KeptTokens, TokenStore

_RETRY_AFTER = 0.1
"""Seconds between two attempts to take the lock."""
_REPORT_AFTER, _GIVE_UP_AFTER = 5.0, 600.0
"""Seconds of waiting after which it is reported, and after which it is given up."""
_MOST_GRANTS = 100
"""The oldest are forgotten first."""
_LARGEST_FILE = 10_000_000
_NOTE = "Tokens that APIs gave in place of those in the inputs. Longhaul needs this file for the next run: keep it."


def beside(state: Path) -> Path:
    """The token file that belongs to a state file: `state.json` has `state.tokens.json`."""
    return state.with_name(f"{state.stem}.tokens.json")


class TokenFile(TokenStore):
    """Tokens in a file that only its owner can read, by a hash of the tokens in the inputs.

    Several runs may share it: they renew tokens one after the other, and each finds what the previous one got. Inputs
    that have changed since have another hash, and so count again. What can't be written is kept for the run and tried
    again. The folder of the file is created where it is Longhaul's `own`.
    """

    def __init__(self, path: Path, *, own: bool = False) -> None:
        super().__init__()
        self.path = path
        self._own = own
        self._unsaved: dict[str, KeptTokens] = {}
        self._successors: dict[str, KeptTokens] = {}
        """What replaced a refresh token in this run."""

    @classmethod
    def of_manifest(cls, manifest: Path) -> TokenFile:
        """The tokens of a manifest that belong to no state, in the person's own folder."""
        return cls(state_folder() / "tokens" / f"{key_of(manifest)}.json", own=True)

    @asynccontextmanager
    async def renewing(self, report: Callable[[str], None]) -> AsyncIterator[None]:
        """Wait for the other tasks of this process, and for other processes."""
        async with super().renewing(report):
            with ExitStack() as locks:
                await self._lock(locks, report)
                yield

    async def _lock(self, locks: ExitStack, report: Callable[[str], None]) -> None:
        """Lock the file. Where no lock can be made, the file can't be written either, which is reported then."""
        began, reported = time.monotonic(), False
        while True:
            try:
                await asyncio.to_thread(self._make_folder)
                locks.enter_context(lock(self.path))
            except AlreadyLocked as error:
                waited = time.monotonic() - began
                if waited > _GIVE_UP_AFTER:
                    raise ReadError(f"A token can't be renewed, because the file {self.path} {error}.") from None
                if waited > _REPORT_AFTER and not reported:
                    report(f"Waiting to renew a token: the file {self.path} {error}.")
                    reported = True
                await asyncio.sleep(_RETRY_AFTER)
            except OSError:
                return
            else:
                return

    async def find(self, grant: Grant) -> KeptTokens | None:
        """The latest tokens that came of a grant. Raises `ReadError`."""
        entries = await asyncio.to_thread(self._entries)
        return entries.get(grant.mark)

    async def keep(self, grant: Grant, replaced: str, tokens: KeptTokens, inputs: Mapping[ConfigPath, str]) -> str:
        """Write the tokens to the disk. Raises `ReadError`."""
        for one in (Grant(grant.endpoint, replaced), grant):  # other inputs may hold the one that was replaced
            self._unsaved[one.mark] = tokens
        self._successors[replaced] = tokens
        self._successors.pop(tokens.refresh_token, None)
        error = await asyncio.to_thread(self.settle)
        if error is not None:
            raise ReadError(error)
        return f"The new one is kept in {self.path}."

    def settle(self) -> str | None:
        """Write what is not written yet; returns the reason when that fails. For a worker thread."""
        if not self._unsaved:
            return None
        try:
            self._make_folder()
            entries = self._entries()
            content = {
                "note": _NOTE,
                "tokens": {mark: _written(one) for mark, one in list(entries.items())[-_MOST_GRANTS:]},
            }
            with replacing(self.path, mode=0o600, keep=False) as file:
                file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        except OSError as error:
            return str(OutputError.of(self.path, error))
        except ReadError as error:
            return str(error)
        self._unsaved.clear()
        return None

    def check(self) -> None:
        """Raises `OutputError` for a file that is damaged."""
        try:
            self._entries()
        except ReadError as error:
            raise OutputError(str(error)) from None

    def _make_folder(self) -> None:
        if self._own:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _entries(self) -> dict[str, KeptTokens]:
        """All tokens, the latest last: those not written yet take precedence over those in the file."""
        entries = {mark: self._latest(one) for mark, one in self._load().items() if mark not in self._unsaved}
        return entries | self._unsaved

    def _latest(self, tokens: KeptTokens) -> KeptTokens:
        """What the tokens were replaced by in this run, whichever inputs they came from."""
        while tokens.refresh_token in self._successors:
            tokens = self._successors[tokens.refresh_token]
        return tokens

    def _load(self) -> dict[str, KeptTokens]:
        try:
            with open_to_read(self.path) as file:
                content = orjson.loads(file.read(_LARGEST_FILE))
            return {mark: _read(one) for mark, one in content["tokens"].items()}
        except OSError as error:
            if not self._is_there():
                return {}
            reason = (error.strerror or str(error)).lower()
            raise ReadError(f"The file of renewed tokens, {self.path}, can't be read: {reason}.") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ReadError(
                f"{self.path} is not a file of renewed tokens any more. Put it right, or move it away, sign in again "
                "and put the new refresh token into the inputs."
            ) from None

    def _is_there(self) -> bool:
        """Whether there is a file; one in a folder that we may not enter does not count."""
        try:
            self.path.lstat()
        except OSError:
            return False
        return True


def _written(tokens: KeptTokens) -> dict[str, Any]:
    return {
        "refresh_token": tokens.refresh_token,
        "access_token": tokens.access_token,
        "expires": tokens.expires,
        "purpose": tokens.purpose,
    }


def _read(entry: Mapping[str, Any]) -> KeptTokens:
    texts = [entry[name] for name in ("refresh_token", "access_token", "purpose")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    expires = None if entry["expires"] is None else datetime.fromisoformat(entry["expires"])
    if expires is not None and expires.tzinfo is None:
        raise ValueError
    return KeptTokens(texts[0], texts[1], expires, texts[2])
