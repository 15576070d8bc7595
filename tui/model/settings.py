"""The user's settings, in a YAML file that they may edit: theme, keys, limits of tests, recent files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any

from core.environment import config_folder
from core.manifest.document import Document
from core.manifest.problems import ManifestError, Path
from tui.model.files import unwritable_message

MOST_RECENT = 10
_RENAMED = {"test.mend": "test.fix"}
"""Ids of actions that settings files may still have, and what they are called now."""
_NEW = "# Settings of Longhaul's builder. Keys are changed under `keys`, as `action: key`.\n\ntheme:\n"


class Settings:
    """Reading never fails: a file that can't be read counts as empty and is left alone.

    Every change is saved at once. Where that is impossible, `on_failure` is called once with the reason, and changes
    last as long as the builder runs.
    """

    on_failure: Callable[[str], None] | None = None

    def __init__(self, file: FilePath | None = None) -> None:
        self._file = file or config_folder() / "settings.yaml"
        self.problem: str | None = None
        """What is wrong with the file; None when nothing is."""
        try:
            self._document = Document.load(self._file) if os.path.exists(self._file) else Document.parse(_NEW)
        except ManifestError as error:
            self.problem = str(error)
            self._document = Document.parse(_NEW)

    @property
    def file(self) -> FilePath:
        """The file, which need not exist yet."""
        return self._file

    @property
    def theme(self) -> str | None:
        found = self._document.get(("theme",))
        return found if isinstance(found, str) else None

    @theme.setter
    def theme(self, name: str) -> None:
        self._set(("theme",), name)

    @property
    def modeline(self) -> bool:
        """Whether new manifests begin with the line by which editors find their schema; false turns that off."""
        return self._document.get(("modeline",)) is not False

    @property
    def toured(self) -> bool:
        """Whether the tour was begun once; until then it is offered."""
        return self._document.get(("toured",)) is True

    @toured.setter
    def toured(self, value: bool) -> None:
        self._set(("toured",), value)

    @property
    def keys(self) -> dict[str, str]:
        """Keys by the id of the action that they are for."""
        return {_RENAMED.get(str(id), str(id)): str(key) for id, key in self._mapping(("keys",)).items()}

    @property
    def recent(self) -> list[FilePath]:
        """The files that were open last and still exist, the latest first."""
        found = self._document.get(("recent",))
        paths = [FilePath(path) for path in found if isinstance(path, str)] if isinstance(found, list) else []
        return [path for path in paths if os.path.exists(path)]

    def opened(self, path: FilePath) -> None:
        """Remember that a file was opened."""
        others = [str(other) for other in self.recent if other != path.resolve()]
        self._set(("recent",), [str(path.resolve()), *others][:MOST_RECENT])

    def limits(self, manifest: FilePath, stream: str) -> dict[str, Any]:
        """The limits of tests of a stream, as they were last set."""
        return dict(self._mapping(("limits", str(manifest.resolve()), stream)))

    def set_limits(self, manifest: FilePath, stream: str, limits: Mapping[str, Any]) -> None:
        """Remember the limits of tests of a stream."""
        self._set(("limits", str(manifest.resolve()), stream), dict(limits))

    def _mapping(self, path: Path) -> Mapping[str, Any]:
        found = self._document.get(path)
        return found if isinstance(found, dict) else {}

    def _set(self, path: Path, value: Any) -> None:
        try:
            self._document.set(path, value)
        except (LookupError, ValueError):  # the user wrote something else there, or it is a name that no text can hold
            return
        if self.problem is not None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._document.save(self._file)
        except (OSError, ManifestError) as error:
            reason = error if isinstance(error, OSError) else OSError(error.problems[0].message)
            message = unwritable_message(self._file.parent, reason, settings=True)
            if message and self.on_failure is not None:
                self.on_failure(message)
