"""The values of inputs in trials. They never enter the manifest; secrets are stored in the system's keyring."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from core.environment import key_of, state_folder
from tui.model.files import unwritable_message, write_private

SERVICE = "longhaul"


class Vault(ABC):
    """Stores secrets by name."""

    @abstractmethod
    def get(self, name: str) -> str | None: ...

    @abstractmethod
    def put(self, name: str, text: str) -> None:
        """Store a secret. Raises OSError."""

    @abstractmethod
    def drop(self, name: str) -> None: ...


class FileVault(Vault):
    """Secrets of one manifest in a file with mode 0600."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, name: str) -> str | None:
        found = _read(self._file).get(name)
        return found if isinstance(found, str) else None

    def put(self, name: str, text: str) -> None:
        """Store a secret. Raises OSError."""
        write_private(self._file, orjson.dumps({**_read(self._file), name: text}))

    def drop(self, name: str) -> None:
        kept = dict(_read(self._file))
        if kept.pop(name, None) is not None:
            write_private(self._file, orjson.dumps(kept))


class KeyringVault(Vault):
    """Secrets of one manifest in the system's keyring; `other` takes over what the keyring refuses."""

    def __init__(self, keyring: Any, key: str, other: FileVault) -> None:
        self._keyring = keyring
        self._key = key
        self._other = other

    def get(self, name: str) -> str | None:
        with suppress(Exception):  # keyrings are locked, remote, or not there, each with errors of its own
            found = self._keyring.get_password(SERVICE, f"{self._key}:{name}")
            if found is not None:
                return str(found)
        return self._other.get(name)

    def put(self, name: str, text: str) -> None:
        """Store a secret. Raises OSError."""
        try:
            self._keyring.set_password(SERVICE, f"{self._key}:{name}", text)
        except Exception:  # as above
            self._other.put(name, text)

    def drop(self, name: str) -> None:
        with suppress(Exception):  # as above
            self._keyring.delete_password(SERVICE, f"{self._key}:{name}")
        self._other.drop(name)


def system_keyring() -> Any | None:
    """The `keyring` package when it is installed and has a working backend, else None."""
    try:
        keyring = importlib.import_module("keyring")
        backend = keyring.get_keyring()
    except Exception:  # a broken installation counts as none
        return None
    usable = not type(backend).__module__.endswith((".fail", ".null")) and getattr(backend, "priority", 0) > 0
    return keyring if usable else None


@dataclass(frozen=True, slots=True)
class ValueSnapshot:
    """The value of one input at one time: the user's own, whether it is a secret, and the lent one."""

    value: Any = field(repr=False)
    secret: bool
    lent: Any = field(repr=False)


class TrialValues:
    """The test values of a manifest's inputs, by key.

    A manifest that has no file yet keeps them in memory; `bind` saves them once it has one. Lent values count where
    the user gave none, and are never saved. Where the state folder can't be written to, `on_failure` is called once
    with the reason, and the values last as long as the session.
    """

    on_failure: Callable[[str], None] | None = None
    unsaved: bool = False
    """Whether something could not be written since this was last set to false."""

    def __init__(self, manifest: Path | str | None = None) -> None:
        self._plain: dict[str, Any] = {}
        self._secret: dict[str, Any] = {}
        self._lent: dict[str, Any] = {}
        self._file: Path | None = None
        self._vault: Vault | None = None
        if manifest is not None:
            self._open(manifest)

    def bind(self, manifest: Path | str) -> None:
        """Store the values for this file from now on; those it has already count where none are given here."""
        plain, secret = dict(self._plain), {key: self.secret(key) for key in self._secret}
        self._open(manifest)
        for key, value in plain.items():
            self.set(key, value, secret=False)
        for key, value in secret.items():
            self.set(key, value, secret=True)

    def lend(self, values: Mapping[str, Any]) -> None:
        """Set values that belong to this session only, such as those of the demo."""
        self._lent = dict(values)

    def has(self, key: str) -> bool:
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
        """Store a value; None or an empty text removes it."""
        if value in (None, ""):
            self.remove(key)
            return
        if secret:
            self._plain.pop(key, None)
            self._secret[key] = value
            if self._vault is not None:
                self._write(partial(self._vault.put, key, orjson.dumps(value).decode()))
        else:
            self._forget_secret(key)
            self._plain[key] = value
        self._save()

    def remove(self, key: str) -> None:
        self._plain.pop(key, None)
        self._lent.pop(key, None)
        self._forget_secret(key)
        self._save()

    def snapshot(self, key: str) -> ValueSnapshot:
        """The value as it is now, for `restore`."""
        is_secret = key in self._secret
        own = self.secret(key) if is_secret else self._plain.get(key)
        return ValueSnapshot(own, is_secret, self._lent.get(key))

    def restore(self, key: str, kept: ValueSnapshot) -> None:
        self.remove(key)
        if kept.value is not None:
            self.set(key, kept.value, secret=kept.secret)
        if kept.lent is not None:
            self._lent[key] = kept.lent

    def rename(self, old: str, new: str) -> None:
        """Give the input `new` the value of `old`."""
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
                self._write(partial(self._vault.drop, key))

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
            self._write(partial(write_private, self._file, orjson.dumps(content, option=orjson.OPT_INDENT_2)))

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.unsaved = True
            message = unwritable_message(state_folder(), error)
            if message and self.on_failure is not None:
                self.on_failure(message)


def _read(file: Path) -> Mapping[str, Any]:
    """What a file holds; nothing when it is absent or damaged."""
    try:
        content = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
