"""Has both runtimes carry out every command of the protocol on one manifest, and says where they differ."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.protocols.support import Answer, Asking
from tests.support.oracle import Oracle
from tests.support.server import Asked

ASPECTS = ("spec", "check", "catalog", "statuses", "requests", "records", "files", "states")
_HEADERS = ("authorization", "content-type", "x-api-key", "x-kind", "x-session")
_OF_THE_MOMENT = frozenset({"iat", "exp", "nbf"})


@dataclass
class Conduct:
    """What one runtime did with a manifest, in a form that can be compared."""

    spec: Any = None
    check: Any = None
    catalog: Any = None
    statuses: dict[str, list[str]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    records: dict[str, Counter[str]] = field(default_factory=dict)
    files: Counter[str] = field(default_factory=Counter)
    states: dict[str, Any] = field(default_factory=dict)

    def differing(self, other: Conduct) -> dict[str, tuple[Any, Any]]:
        """The aspects in which two differ, with what each did; of counted things, what only one has."""
        found = {}
        for aspect in ASPECTS:
            ours, theirs = getattr(self, aspect), getattr(other, aspect)
            if ours != theirs:
                counted = isinstance(ours, Counter)
                found[aspect] = (ours - theirs, theirs - ours) if counted else (ours, theirs)
        return found


@dataclass
class Stage:
    """An API that both meet: its reset, and the requests that it has been asked since."""

    reset: Callable[[], None]
    asked: Callable[[], Iterable[Asked]]


async def ours(
    manifest: Mapping[str, Any],
    config: Mapping[str, Any],
    streams: tuple[str, ...],
    folder: Path,
    stage: Stage,
    *,
    states: Sequence[Mapping[str, Any]] = (),
) -> Conduct:
    """What this project does, as `source-longhaul` in this process; `states` are those of an earlier read."""
    asking = Asking(folder, manifest, config)

    async def said(command: str, *names: str, **more: Any) -> Answer:
        stage.reset()
        return await asyncio.to_thread(asking, command, *names, **more)

    spec, check, discover = await said("spec"), await said("check"), await said("discover")
    asking.catalog = configured(discover)
    return _conduct((spec, check, discover, await said("read", *streams, states=[*states])), streams, stage)


async def theirs(
    manifest: Mapping[str, Any],
    config: Mapping[str, Any],
    streams: tuple[str, ...],
    oracle: Oracle,
    stage: Stage,
    *,
    states: Sequence[Mapping[str, Any]] = (),
    files: Path | None = None,
) -> Conduct:
    """What the reference does; `states` are those of an earlier read, `files` is where the files of records go."""

    async def said(command: str, *arguments: Any) -> Answer:
        stage.reset()
        messages = await asyncio.to_thread(oracle.ask, "conformance", command, manifest, config, *arguments)
        return Answer(0, "\n".join(map(json.dumps, messages)))

    spec, check, discover = await said("spec"), await said("check"), await said("discover")
    return _conduct(
        (spec, check, discover, await said("read", configured(discover), [*states], files and str(files))),
        streams,
        stage,
    )


def configured(discovered: Answer) -> dict[str, Any]:
    """The catalog that asks for all streams that there are, incrementally where that can be."""
    (catalog,) = discovered.of("CATALOG")
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": stream["supported_sync_modes"][-1],
                "destination_sync_mode": "append",
            }
            for stream in catalog["streams"]
        ]
    }


def _conduct(answers: Iterable[Answer], streams: tuple[str, ...], stage: Stage) -> Conduct:
    spec, check, discover, read = answers
    states = {name: read.states(name)[-1:] for name in streams}
    return Conduct(
        spec=spec.of("SPEC"),
        check=[one["status"] for one in check.of("CONNECTION_STATUS")],
        catalog=discover.of("CATALOG"),
        statuses={name: read.statuses(name)[-1:] for name in streams},
        requests=Counter(map(_request, stage.asked())),
        records={name: Counter(json.dumps(one, sort_keys=True) for one in read.records(name)) for name in streams},
        files=Counter(_file(one["file_reference"]) for one in read.of("RECORD") if one.get("file_reference")),
        states={name: _without_duration(found[0]["stream"]["stream_state"]) for name, found in states.items() if found},
    )


def _file(reference: Mapping[str, Any]) -> str:
    """What a record says of its file, but for the folder."""
    place, size = reference["source_file_relative_path"], reference["file_size_bytes"]
    assert reference["staging_file_url"].endswith(place)
    return f"{place}: {size} bytes"


def _without_duration(state: Mapping[str, Any]) -> dict[str, Any]:
    """A partitioned state without the time that the read took, its partitions in one order."""
    kept = {key: value for key, value in state.items() if key != "lookback_window"}
    if isinstance(kept.get("states"), list):
        kept["states"] = sorted(kept["states"], key=lambda one: json.dumps(one, sort_keys=True))
    return kept


def _request(asked: Asked) -> str:
    """A request without what only the clients differ in."""
    headers = {name: _header(asked.headers[name]) for name in _HEADERS if name in asked.headers}
    return f"{asked.method} {asked.path} {sorted(asked.query.items())} {_body(asked.body)} {headers}"


def _body(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except ValueError:
        return body.decode(errors="replace")


def _header(value: str) -> str:
    """A header; of a signed token, its claims without those of the moment."""
    kind, _, token = value.rpartition(" ")
    parts = token.split(".")
    if len(parts) != 3 or not token.startswith("ey"):
        return value
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    return f"{kind} {head} { {name: claim for name, claim in claims.items() if name not in _OF_THE_MOMENT} }"
