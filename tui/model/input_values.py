"""The values that inputs have in trials. They never enter the manifest; secrets are kept by the system's keyring."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from core.errors import ReadError
from core.outputs.token_file import TokenFile, of_manifest
from core.runtime.token_store import ConfigPath, Grant, KeptTokens, TokenStore
from tui.model.files import key_of, said_once, state_folder, write_private

if TYPE_CHECKING:
    from tui.model.session import BuilderSession

SERVICE = "longhaul"


class Vault(Protocol):
    """Keeps secret texts by name."""

    def get(self, name: str) -> str | None:
        """The text, None when there is none."""

    def put(self, name: str, text: str) -> None:
        """Keep a text. Raises OSError when that fails."""

    def drop(self, name: str) -> None:
        """Forget a text."""


class FileVault:
    """Secrets of one manifest in a file with mode 0600."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, name: str) -> str | None:
        """The text, None when there is none."""
        found = _read(self._file).get(name)
        return found if isinstance(found, str) else None

    def put(self, name: str, text: str) -> None:
        """Keep a text. Raises OSError when that fails."""
        write_private(self._file, orjson.dumps({**_read(self._file), name: text}))

    def drop(self, name: str) -> None:
        """Forget a text."""
        kept = dict(_read(self._file))
        if kept.pop(name, None) is not None:
            write_private(self._file, orjson.dumps(kept))


class KeyringVault:
    """Secrets of one manifest in the system's keyring; `other` takes over what the keyring refuses."""

    def __init__(self, keyring: Any, key: str, other: FileVault) -> None:
        self._keyring = keyring
        self._key = key
        self._other = other

    def get(self, name: str) -> str | None:
        """The text, None when there is none."""
        with suppress(Exception):  # keyrings are locked, remote, or not there, each with errors of its own
            found = self._keyring.get_password(SERVICE, f"{self._key}:{name}")
            if found is not None:
                return str(found)
        return self._other.get(name)

    def put(self, name: str, text: str) -> None:
        """Keep a text. Raises OSError when that fails."""
        try:
            self._keyring.set_password(SERVICE, f"{self._key}:{name}", text)
        except Exception:  # as above
            self._other.put(name, text)

    def drop(self, name: str) -> None:
        """Forget a text."""
        with suppress(Exception):  # as above
            self._keyring.delete_password(SERVICE, f"{self._key}:{name}")
        self._other.drop(name)


def system_keyring() -> Any | None:
    """The `keyring` package when it is installed and has a place to keep things, else None."""
    try:
        keyring = importlib.import_module("keyring")
        backend = keyring.get_keyring()
    except Exception:  # a broken installation counts as none
        return None
    usable = not type(backend).__module__.endswith((".fail", ".null")) and getattr(backend, "priority", 0) > 0
    return keyring if usable else None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of the value of one input: the person's own, whether it is a secret, and the one that is lent."""

    value: Any = field(repr=False)
    secret: bool
    lent: Any = field(repr=False)


class TrialValues:
    """The test values of a manifest's inputs, by key.

    A manifest that has no file yet keeps them in memory; `bind` saves them once it has one. Lent values count where
    there are none of the person's own, and are never saved. Where the state folder can't be written to, `failed` hears
    it once, and the values last as long as the session.
    """

    failed: Callable[[str], None] | None = None
    unsaved: bool = False
    """Whether something could not be written since this was last set to false."""

    __test__ = False  # pytest takes the name for a test

    def __init__(self, manifest: Path | str | None = None) -> None:
        self._plain: dict[str, Any] = {}
        self._secret: dict[str, Any] = {}
        self._lent: dict[str, Any] = {}
        self._file: Path | None = None
        self._vault: Vault | None = None
        if manifest is not None:
            self._open(manifest)

    def bind(self, manifest: Path | str) -> None:
        """Keep the values for this file from now on; those that it has already count where none are given here."""
        plain, secret = dict(self._plain), {key: self.secret(key) for key in self._secret}
        self._open(manifest)
        for key, value in plain.items():
            self.set(key, value, secret=False)
        for key, value in secret.items():
            self.set(key, value, secret=True)

    def lend(self, values: Mapping[str, Any]) -> None:
        """Let values count that belong to this session only, such as those for a demo."""
        self._lent = dict(values)

    def has(self, key: str) -> bool:
        """Whether there is a value."""
        return key in self._plain or key in self._secret or key in self._lent

    def get(self, key: str) -> Any:
        """A value that is no secret; None when there is none."""
        return self._plain.get(key, self._lent.get(key))

    def secret(self, key: str) -> Any:
        """A secret value, for a run only: it is never to be shown. None when there is none."""
        if key not in self._secret:
            return self._lent.get(key)
        if self._secret[key] is not None or self._vault is None:
            return self._secret[key]
        text = self._vault.get(key)
        self._secret[key] = orjson.loads(text) if text is not None else None
        return self._secret[key]

    def set(self, key: str, value: Any, *, secret: bool) -> None:
        """Keep a value; None or an empty text takes it away."""
        if value in (None, ""):
            self.remove(key)
            return
        if secret:
            self._plain.pop(key, None)
            self._secret[key] = value
            if self._vault is not None:
                self._kept(partial(self._vault.put, key, orjson.dumps(value).decode()))
        else:
            self._forget_secret(key)
            self._plain[key] = value
        self._save()

    def remove(self, key: str) -> None:
        """Forget a value."""
        self._plain.pop(key, None)
        self._lent.pop(key, None)
        self._forget_secret(key)
        self._save()

    def kept(self, key: str) -> Kept:
        """All that is known of a value, to be put back later."""
        is_secret = key in self._secret
        own = self.secret(key) if is_secret else self._plain.get(key)
        return Kept(own, is_secret, self._lent.get(key))

    def put_back(self, key: str, kept: Kept) -> None:
        """Let a value be what it was."""
        self.remove(key)
        if kept.value is not None:
            self.set(key, kept.value, secret=kept.secret)
        if kept.lent is not None:
            self._lent[key] = kept.lent

    def rename(self, old: str, new: str) -> None:
        """Keep the value of the input `old` for `new`."""
        if old in self._lent:
            self._lent[new] = self._lent.pop(old)
        if old in self._plain or old in self._secret:
            value, secret = (self.secret(old), True) if old in self._secret else (self.get(old), False)
            self.remove(old)
            self.set(new, value, secret=secret)

    def config(self) -> dict[str, Any]:
        """All values, secrets included, for a run."""
        secrets = {key: self.secret(key) for key in self._secret}
        return {**self._lent, **self._plain, **{key: value for key, value in secrets.items() if value is not None}}

    def _forget_secret(self, key: str) -> None:
        if key in self._secret:
            del self._secret[key]
            if self._vault is not None:
                self._kept(partial(self._vault.drop, key))

    def _open(self, manifest: Path | str) -> None:
        key = key_of(manifest)
        folder = state_folder()
        self._file = folder / "inputs" / f"{key}.json"
        saved = _read(self._file)
        plain, secret = saved.get("values"), saved.get("secrets")
        self._plain = plain if isinstance(plain, dict) else {}
        self._secret = dict.fromkeys(secret if isinstance(secret, list) else ())
        files = FileVault(folder / "secrets" / f"{key}.json")
        keyring = system_keyring()
        self._vault = files if keyring is None else KeyringVault(keyring, key, files)
        self._manifest = str(Path(manifest).resolve())

    def _save(self) -> None:
        if self._file is not None:
            content = {"manifest": self._manifest, "values": self._plain, "secrets": list(self._secret)}
            self._kept(partial(write_private, self._file, orjson.dumps(content, option=orjson.OPT_INDENT_2)))

    def _kept(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.unsaved = True
            told = said_once(state_folder(), error)
            if told and self.failed is not None:
                self.failed(told)


def _read(file: Path) -> Mapping[str, Any]:
    """What a file holds; nothing when it is absent or damaged."""
    try:
        content = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


class SessionTokens(TokenStore):
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
        place = of_manifest(path)
        if self._file is None or self._file.path != place:
            self._file = TokenFile(place, own=True)
        return self._file

    @asynccontextmanager
    async def renewing(self, tell: Callable[[str], None]) -> AsyncIterator[None]:
        """Wait for the turn of this builder."""
        async with self._store.renewing(tell):
            yield

    async def find(self, grant: Grant) -> KeptTokens | None:
        """The tokens that came of a grant. Raises `ReadError`."""
        return await self._store.find(grant)

    async def keep(self, grant: Grant, replaced: str, tokens: KeptTokens, inputs: Mapping[ConfigPath, str]) -> str:
        """Keep the tokens, and put them into the test values. Raises `ReadError`."""
        fault, told = None, ""
        try:
            told = await self._store.keep(grant, replaced, tokens, inputs)
        except ReadError as error:
            fault = error
        values = self._session.values
        values.unsaved = False
        names = self._put(grant, tokens, inputs)
        if fault is not None and (values.unsaved or not names):
            raise fault
        return (
            f"The new one is the test value of {' and of '.join(f'`{name}`' for name in names)} now." if names else told
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
