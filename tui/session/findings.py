"""The problems of a manifest as the builder shows them: by place, counted, in the order of the forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.manifest.problems import Path
from tui.session.checking import Finding
from tui.session.layout import Entry, Tab, global_view, inputs_view, tab_of


@dataclass(frozen=True, slots=True)
class Counts:
    """How many errors and warnings there are."""

    errors: int = 0
    warnings: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Counts:
        """Count findings."""
        errors = [finding.is_error for finding in findings]
        return cls(sum(errors), len(errors) - sum(errors))


class Area(StrEnum):
    """The parts of the builder that have forms."""

    GLOBAL = "global"
    INPUTS = "inputs"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Spot:
    """A field in the builder: the area, the stream, the index of the tab, and the entry in it.

    `entry` is None for a stream that has no form. `place` counts the entries of the tab, advanced ones last.
    """

    area: Area
    stream: int | None
    tab: int
    entry: Entry | None
    place: int

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Where it comes when all forms are gone through."""
        return (list(Area).index(self.area), self.stream or 0, self.tab, self.place)


def below(findings: Iterable[Finding], path: Path) -> list[Finding]:
    """The findings at a path and below it."""
    return [finding for finding in findings if finding.path[: len(path)] == path]


def stream_of(path: Path) -> int | None:
    """The index of the stream that a path is in."""
    if len(path) > 1 and path[0] == "streams" and isinstance(path[1], int):
        return path[1]
    return None


def by_tab(findings: Iterable[Finding], tabs: tuple[Tab, ...]) -> tuple[Counts, ...]:
    """The counts of each tab of a stream, from the findings of that stream."""
    found: list[list[Finding]] = [[] for _ in tabs]
    for finding in findings:
        if found:
            found[tab_of(tabs, finding.path[2:])[0]].append(finding)
    return tuple(map(Counts.of, found))


def locate(path: Path, tabs: tuple[Tab, ...]) -> Spot:
    """Where a path is shown; `tabs` are those of the stream that it is in."""
    stream = stream_of(path)
    if stream is not None:
        return _spot(Area.STREAM, stream, tabs, path[2:])
    if path[:1] == ("spec",):
        return _spot(Area.INPUTS, None, (inputs_view(),), path)
    return _spot(Area.GLOBAL, None, (global_view(),), path)


def _spot(area: Area, stream: int | None, tabs: tuple[Tab, ...], path: Path) -> Spot:
    tab, place = tab_of(tabs, path)
    entries = list(tabs[tab]) if tabs else []
    return Spot(area, stream, tab, entries[place] if entries else None, place)
