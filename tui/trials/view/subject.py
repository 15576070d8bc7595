"""What the test screen must know of the stream that is being edited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.trials.trial import Trial


@dataclass(frozen=True, slots=True)
class Subject:
    """A stream that can be tested.

    `fingerprint` changes with everything that matters to a test: a result that was made with another one is stale.
    `problems` is the number of errors that must be fixed before a test makes sense.
    """

    name: str
    asynchronous: bool = False
    fingerprint: str = ""
    problems: int = 0


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """What the records say about the schema: the detected one as JSON, and how it compares with the declared one.

    `differences` are lines that begin with `+`, `-` or a blank. `actions` are those that make sense now, out of
    "import", "merge" and "overwrite".
    """

    detected: str
    note: str = ""
    differences: str = ""
    actions: tuple[str, ...] = ()


SchemaReporter = Callable[[Trial], SchemaReport]
"""Makes the report about a run; it is called in a thread."""
