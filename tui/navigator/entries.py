"""What the navigator lists: global settings, inputs and streams, each with its marks."""

from __future__ import annotations

from dataclasses import dataclass

from core.progress.words import count
from tui.session.findings import Counts
from tui.session.inputs import SCHEMA
from tui.session.session import BuilderSession
from tui.session.streams import StreamInfo, StreamKind

Spot = str | int
"""What is shown in the middle: "global", "inputs", or the index of a stream."""
GLOBAL: Spot = "global"
INPUTS: Spot = "inputs"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigator; a heading has no spot. `kind` is how a stream is read, `words` its marks spelled out."""

    title: str
    spot: Spot | None = None
    kind: str = ""
    errors: int = 0
    warnings: int = 0
    stale: bool = False
    tested: bool = False
    testing: bool = False

    @property
    def marks(self) -> str:
        """The marks, each a glyph, counted where there can be several."""
        found = [f"✗{self.errors}"] if self.errors else []
        found += [f"▲{self.warnings}"] if self.warnings else []
        found += ["⟳"] if self.stale else []
        found += ["◌"] if self.testing else []
        calm = self.tested and not found
        return "✓" if calm else " ".join(found)

    @property
    def words(self) -> str:
        """The marks in words."""
        found = [count(self.errors, "error")] if self.errors else []
        found += [count(self.warnings, "warning")] if self.warnings else []
        found += ["changed since its test"] if self.stale else []
        found += ["is being tested"] if self.testing else []
        found += ["tested"] if self.tested and not self.stale and not self.testing else []
        return ", ".join(found)


def entries(session: BuilderSession, testing: str | None = None) -> list[Entry]:
    """All lines; `testing` is the stream whose test is running."""
    streams = session.streams.all()
    return [
        _around("Global", GLOBAL, _global_counts(session)),
        _around(f"Inputs ({len(session.inputs.all())})", INPUTS, session.counts(SCHEMA[:1])),
        Entry(f"Streams ({len(streams)})"),
        *(stream_entry(stream, testing) for stream in streams),
    ]


def stream_entry(stream: StreamInfo, testing: str | None) -> Entry:
    """The line of a stream."""
    return Entry(
        stream.name or "(no name)",
        stream.index,
        "" if stream.kind is StreamKind.OTHER else str(stream.kind),
        stream.counts.errors,
        stream.counts.warnings + len(stream.warnings),
        stale=stream.stale,
        tested=stream.tested,
        testing=stream.name == testing,
    )


def _around(title: str, spot: Spot, counts: Counts) -> Entry:
    return Entry(title, spot, errors=counts.errors, warnings=counts.warnings)


def _global_counts(session: BuilderSession) -> Counts:
    """The problems that are neither of a stream nor of the inputs."""
    elsewhere = [one for one in session.problems() if one.path[:1] not in (("streams",), SCHEMA[:1])]
    at_streams = [one for one in session.problems(("streams",)) if len(one.path) == 1]
    return Counts.of([*elsewhere, *at_streams])
