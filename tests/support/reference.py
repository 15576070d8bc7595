"""Reads a stream with both runtimes and compares what they did."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import yaml

from core.custom.permission import CustomCode
from tests.support.oracle import Oracle
from tests.support.reading import Told, read_all
from tests.support.server import Asked, LoopbackServer


async def compare(
    server: LoopbackServer,
    oracle: Oracle,
    text: str,
    config: Mapping[str, Any] | None = None,
    *,
    state: Mapping[str, Any] | None = None,
    custom: CustomCode | None = None,
) -> Told:
    """Read with both and compare what was asked for, what came out, and the state at the end; ours is given back."""
    config = dict(config or {})
    told = await read_all(text, config, state=state, custom=custom)
    assert told.outcome == "complete", told.errors
    ours, server.asked = server.asked, []
    with_code = ["custom", "read", custom.text] if custom is not None else ["reading", "read"]
    asked = [*with_code, yaml.safe_load(text), config, "items", state]
    theirs = await asyncio.to_thread(lambda: oracle.ask(*asked))

    assert theirs["status"] == "COMPLETE"
    assert counted(told.records) == counted(theirs["records"])
    assert requests(ours) == requests(server.asked)
    assert without_duration(told.state) == without_duration(theirs["state"])
    return told


def counted(records: list[Any]) -> Counter[str]:
    return Counter(repr(sorted(record.items())) for record in records)


def requests(asked: list[Asked]) -> Counter[tuple[str, str, bytes, str | None]]:
    """Requests without what only the clients differ in."""
    return Counter(
        (
            each.method,
            each.path + repr(sorted(each.query.items())),
            each.body.replace(b" ", b""),
            each.headers.get("x-kind"),
        )
        for each in asked
    )


def without_duration(state: Mapping[str, Any]) -> dict[str, Any]:
    """A partitioned state without the time that the read took."""
    return {key: value for key, value in state.items() if key != "lookback_window"}
