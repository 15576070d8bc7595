"""How the streams of a session are tried: set as a step to undo, and remembered for later sessions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from core.errors import ManifestError
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.trials.trial import TEST_LIMITS, TrialSettings


class ChosenSettings:
    """The settings that a person has chosen: those in `chosen`, by stream, which others read."""

    def __init__(self, session: BuilderSession, settings: Settings, chosen: dict[str, TrialSettings]) -> None:
        self._session = session
        self._settings = settings
        self._chosen = chosen

    def recall(self) -> None:
        """Take over what was chosen in earlier sessions."""
        path = self._session.path
        if path is None:
            return
        for name in self._session.streams.names():
            saved = self._settings.limits(path, name)
            if saved:
                self._chosen[name] = _settings_of(saved)

    def choose(self, name: str, before: TrialSettings, after: TrialSettings) -> None:
        """Set how a stream is tried, as a step to undo. Raises `ManifestError` when that can't be saved."""
        names = self._session.streams.names()
        with self._session.group(self._session.streams.path(names.index(name)) if name in names else ()):
            self._session.record_side_change(lambda: self._restore(name, before), lambda: self._restore(name, after))
            self._chosen[name] = after
        self.remember(name)

    def remember(self, name: str) -> None:
        """Save what was chosen for a stream. Raises `ManifestError`."""
        if self._session.path is not None and name in self._chosen:
            chosen = self._chosen[name]
            limits = {"records": chosen.limits.records, "pages": chosen.limits.pages, "slices": chosen.limits.slices}
            state = {"state": dict(chosen.state)} if chosen.state is not None else {}
            made = {"made": chosen.made} if chosen.made else {}
            self._settings.set_limits(self._session.path, name, {**limits, **state, **made})

    def _restore(self, name: str, settings: TrialSettings) -> None:
        self._chosen[name] = settings
        with suppress(ManifestError):  # that it can't be saved was said when it was set
            self.remember(name)


def _settings_of(saved: Mapping[str, Any]) -> TrialSettings:
    """Trial settings from the settings file; what is no positive number counts as no limit."""
    numbers = {name: saved.get(name) for name in ("records", "pages", "slices")}
    given = {name: number if isinstance(number, int) and number > 0 else None for name, number in numbers.items()}
    limits = replace(TEST_LIMITS, records=given["records"], pages=given["pages"], slices=given["slices"])
    state, made = saved.get("state"), saved.get("made")
    return TrialSettings(limits, state if isinstance(state, dict) else None, made if isinstance(made, str) else "")
