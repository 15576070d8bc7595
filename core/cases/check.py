"""Reads a case offline and says exactly what differs from what was recorded."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from core.cases.alike import Comparison
from core.cases.case import Case, Expectation
from core.cases.reading import read_records
from core.cases.replay import Replay
from core.cases.requests import describe, describe_mismatch
from core.cases.stand_ins import with_stand_ins
from core.connector import Connector
from core.errors import LonghaulError, ManifestError
from core.events import Event, Outcome, Records, StateAdvanced, StreamFinished
from core.http.exchange import Role
from core.http.messages import shorten
from core.outputs.encoders import JsonLines
from core.reading import Reader, open_reader
from core.runtime.field_path import lookup
from core.units import count

PATIENCE = 120.0
"""Real seconds that a case may take."""
SHOWN = 10
"""Differences of a kind that are listed for each stream."""
_SENT_ONCE = frozenset(
    {Role.CREATE, Role.START, Role.PAGE, Role.PARENT, Role.LIST, Role.TARGET, Role.LINK, Role.DOWNLOAD, Role.DELETE}
)
"""Roles of requests whose number depends neither on time nor on how a read ends."""
_DURATION = "lookback_window"
"""The field of a state that says how many seconds a read took."""
_COMPARED = 400
"""Records of a stream that are compared with each other to find those that belong together."""

_LIMITED = (
    "A limit ended this read when it was recorded. Slices are read side by side, so that a limit of records or pages "
    "stops them at another place each time: keep a read of fewer slices that comes to its end."
)

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as recorded: a `request`, a `record`, the `outcome` or the `state`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a stream, without what stands in for secrets."""

    rows: Rows
    state: Mapping[str, Any] | None


@dataclass(slots=True)
class Result:
    """What came of a case: nothing differs, or `differences`. `problem` says why it could not be read at all."""

    name: str
    differences: list[Difference] = field(default_factory=list)
    problem: str = ""
    skipped: str = ""
    requests: int = 0
    records: int = 0
    seconds: float = 0.0
    found: dict[str, Found] = field(default_factory=dict)
    """What each stream gave, as the case would hold it, where it could be accepted."""
    hint: str = ""
    """What may be behind the differences."""
    accepted: bool = False
    """Whether the case expects by now what it gave."""

    @property
    def passed(self) -> bool:
        """Whether everything is as it is expected."""
        return not self.problem and (self.accepted or not self.differences)

    @property
    def acceptable(self) -> bool:
        """Whether the case could expect what there is now: something else came of the same requests."""
        return bool(self.differences) and {one.kind for one in self.differences} <= {"record", "state"}


@dataclass(slots=True)
class _Told:
    """What a read told of a stream."""

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    state: Mapping[str, Any] | None = None
    end: StreamFinished | None = None

    def take(self, event: Event) -> None:
        match event:
            case Records(data=data):
                self.rows += [json.loads(line) for line in data.splitlines()]
            case StateAdvanced(state=state):
                self.state = state
            case StreamFinished():
                self.end = event


async def check_case(connector: Connector, case: Case, streams: Sequence[str] = ()) -> Result:
    """Read the streams of a case (only those named, if there are any) from its recording. Nothing is raised."""
    began, result = time.monotonic(), Result(case.name, requests=len(case.exchanges))
    if not case.is_ours:
        result.skipped = "a recording that was made elsewhere: nothing is expected of it"
        return result
    try:
        async with asyncio.timeout(PATIENCE):
            await _check(connector, case, streams, result)
    except (LonghaulError, ManifestError) as error:
        result.problem = str(error)
    except TimeoutError:
        result.problem = f"It was not read within {PATIENCE:g} seconds."
    result.seconds = time.monotonic() - began
    return result


async def _check(connector: Connector, case: Case, streams: Sequence[str], result: Result) -> None:
    replay, expected = Replay(case), read_records(case)
    chosen = {name: one for name, one in case.streams.items() if not streams or name in streams}
    if not chosen:
        result.skipped = f"it is about {', '.join(case.streams)}"
        return
    config, found = with_stand_ins(case.inputs), dict[str, _Told]()
    connector = connector.for_inputs(config)
    async with open_reader(connector, config, body_limit=0, around=replay.surroundings) as reader:
        connector = await reader.make_streams()
        for name, expectation in chosen.items():
            if name in connector.stream_names:
                found[name] = await _read(reader, name, expectation)
    result.differences += _some([Difference("request", text) for text in replay.differences])
    if not streams and not replay.differences:
        result.differences += _not_sent(chosen, found, replay)
    for name, expectation in chosen.items():
        if name not in found:
            result.differences.append(Difference("outcome", f"The manifest has no stream `{name}`."))
            continue
        told = found[name]
        result.records += len(told.rows)
        outcome = list(_outcome(name, expectation, told, asked=not replay.differences))
        if outcome:  # what follows from a read that ended otherwise is not said record by record
            result.differences += [*outcome, *_count(name, expected.get(name, []), told.rows)]
            continue
        keys = connector.primary_key(name)
        result.differences += _records(name, expected.get(name, []), told.rows, keys, replay)
        result.differences += _state(name, expectation, told, replay.comparison)
    if result.differences and Outcome.LIMITED in {one.outcome for one in chosen.values()}:
        result.hint = _LIMITED
    if result.acceptable:
        result.found = {
            name: Found([replay.masked(row) for row in told.rows], replay.masked(told.state))
            for name, told in found.items()
        }


async def _read(reader: Reader, stream: str, expectation: Expectation) -> _Told:
    told, encoder = _Told(), JsonLines()
    events = reader.read(stream, expectation.state, expectation.limits, encoder.encode)
    async with aclosing(events) as following:
        async for event in following:
            told.take(event)
    return told


def _not_sent(expected: Mapping[str, Expectation], found: Mapping[str, _Told], replay: Replay) -> list[Difference]:
    """The requests that are missing now, if all streams ended as before, and not in the middle of something."""
    for name, expectation in expected.items():
        told = found.get(name)
        if told is None or told.end is None or told.end.outcome != expectation.outcome:
            return []
        if expectation.outcome == Outcome.LIMITED:
            return []
    lines = [f"{one.method} {shorten(one.url)}" for one in replay.unused(_SENT_ONCE)]
    return _some([Difference("request", f"{line}: it was recorded, but not sent now.") for line in lines])


def _outcome(stream: str, expectation: Expectation, told: _Told, *, asked: bool) -> Iterator[Difference]:
    """How the stream ended. Where requests differ (not `asked`), what follows from that is not said again."""
    assert told.end is not None
    if told.end.outcome == expectation.outcome:
        return
    errors = f" {' '.join(told.end.errors)}" if told.end.errors and asked else ""
    yield Difference(
        "outcome", f"`{stream}` ended as {told.end.outcome}; it was recorded as {expectation.outcome}.{errors}"
    )


def _state(stream: str, expectation: Expectation, told: _Told, comparison: Comparison) -> Iterator[Difference]:
    if expectation.end_state is None or told.end is None or told.end.outcome != expectation.outcome:
        return
    before, now = ({**state, _DURATION: 0} for state in (expectation.end_state, told.state or {}))
    if mismatches := list(comparison.mismatches(before, now)):
        yield Difference("state", f"The state of `{stream}` at the end: {describe(mismatches)}.")


def _records(
    stream: str, expected: Rows, found: Rows, keys: Sequence[Sequence[str]], replay: Replay
) -> list[Difference]:
    """Compare records, whatever their order."""
    comparison = replay.comparison
    missing, surplus = _without_equal(list(enumerate(expected, 1)), found, _text)
    if missing:
        missing, surplus = _without_equal(missing, surplus, lambda row: comparison.rough(_text(replay.masked(row))))
    pairs, missing, surplus = _paired(missing, surplus, keys, comparison)
    differences = []
    for number, one, other in pairs:
        name = _name(one, keys) or f"record {number}"
        clauses = "; ".join(
            describe_mismatch(mismatch, "expected", "got") for mismatch in comparison.mismatches(one, other)
        )
        if clauses:
            differences.append(Difference("record", f"`{stream}`, {name}: {clauses}."))
    found_differences = _some(differences)
    for what, rows in (("is missing", missing), ("was not expected", surplus)):
        lines = [_name(row, keys) or shorten(json.dumps(row, ensure_ascii=False)) for row in rows]
        found_differences += _some([Difference("record", f"`{stream}`, {line}: {what}.") for line in lines])
    return [*_count(stream, expected, found), *found_differences]


def _count(stream: str, expected: Rows, found: Rows) -> list[Difference]:
    if len(expected) == len(found):
        return []
    return [Difference("record", f"`{stream}` gave {count(len(found), 'record')}; {len(expected):,} are expected.")]


def _some(differences: list[Difference]) -> list[Difference]:
    more = len(differences) - SHOWN
    rest = [Difference(differences[0].kind, f"… and {more:,} more of these.")] if more > 0 else []
    return [*differences[:SHOWN], *rest]


def _without_equal(
    expected: Sequence[tuple[int, Any]], found: Rows, text_of: Callable[[Any], str]
) -> tuple[list[tuple[int, Any]], list[Any]]:
    """The records of both sides that have no equal on the other one; those that are expected have numbers."""
    counts = Counter(map(text_of, found))
    missing = []
    for number, row in expected:
        text = text_of(row)
        if counts[text]:
            counts[text] -= 1
        else:
            missing.append((number, row))
    surplus = []
    for row in reversed(found):
        text = text_of(row)
        if counts[text]:
            counts[text] -= 1
            surplus.append(row)
    return missing, surplus[::-1]


def _paired(
    missing: list[tuple[int, Any]], surplus: list[Any], keys: Sequence[Sequence[str]], comparison: Comparison
) -> tuple[list[tuple[int, Any, Any]], list[Any], list[Any]]:
    """The records that belong together: by their primary key, or else the most similar ones."""
    pairs, rest, lookups = [], [], [lookup(list(path)) for path in keys]
    by_key: dict[str, list[Any]] = defaultdict(list)
    for row in surplus if lookups else ():
        by_key[_text([find(row) for find in lookups])].append(row)
    for number, row in missing:
        same = by_key.get(_text([find(row) for find in lookups])) if lookups else None
        if same:
            pairs.append((number, row, same.pop(0)))
        else:
            rest.append((number, row))
    left = [row for rows in by_key.values() for row in rows] if lookups else surplus
    if len(rest) > _COMPARED or len(left) > _COMPARED:
        return pairs, [row for _, row in rest], left
    unpaired = []
    for number, row in rest:
        scored = [(_likeness(row, other, comparison), index) for index, other in enumerate(left)]
        best = max(scored, default=(0.0, 0))
        if best[0] >= (1.0 if lookups else 0.5):
            pairs.append((number, row, left.pop(best[1])))
        else:
            unpaired.append(row)
    return pairs, unpaired, left


def _likeness(one: Any, other: Any, comparison: Comparison) -> float:
    """The share of the fields of two records that are alike."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return float(comparison.alike(one, other))
    same = sum(key in other and comparison.alike(value, other[key]) for key, value in one.items())
    return same / max(1, len({*one, *other}))


def _name(row: Any, keys: Sequence[Sequence[str]]) -> str:
    """A record by its primary key; empty without one."""
    values = [(".".join(map(str, path)), lookup(list(path))(row)) for path in keys] if isinstance(row, Mapping) else []
    return ", ".join(f"record with `{name}` {shorten(_text(value))}" for name, value in values if value is not None)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
