"""What a session hands on to the next one of the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.http.budget import Budget
from core.http.secrets import Secrets


@dataclass(slots=True)
class Carried:
    """The secrets that came up, and the API budget with the calls that were made; one session has it at a time."""

    secrets: Secrets = field(default_factory=Secrets)
    _budget: Budget | None = None

    def budget(self, make: Callable[[], Budget]) -> Budget:
        """The API budget for the session that begins; the first one makes it."""
        self._budget = make() if self._budget is None else self._budget.anew()
        return self._budget
