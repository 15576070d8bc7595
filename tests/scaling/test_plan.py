"""Plans: what they hold exactly, what they don't take, how they are dealt out; and the budgets that are shared."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.connector import load_connector
from core.errors import InputError
from core.manifest.document import Document
from core.runtime.slices import StreamSlice
from core.scaling.cluster_leases import ClusterLeases
from core.scaling.plan import PlanError, PlanWriter, SlicePlan, file_stem, fingerprint
from core.templates.texts import SecretText
from tests.scaling.support import CountingApi, manifest
from tests.support.components import component


def written(path: Path, *slices: StreamSlice, state: dict[str, Any] | None = None) -> SlicePlan:
    with path.open("wb") as file:
        writer = PlanWriter(file.write, "events", "mark", state)
        for one in slices:
            writer.add(one)
        writer.end(None)
    return SlicePlan(path)


def test_a_plan_gives_back_its_slices(tmp_path: Path) -> None:
    odd = StreamSlice({"a/b": "ü\n", "n": 2**63}, {"start": "x"}, {"deep": [{"x": None}, 1.5, True]})
    plan = written(tmp_path / "p", odd, StreamSlice(), odd, state={"n": 1})
    found = [*plan.slices()]
    assert [(one.slice.partition, one.slice.cursor_slice, one.slice.extra_fields) for one in found] == [
        (one.partition, one.cursor_slice, one.extra_fields) for one in (odd, StreamSlice(), odd)
    ]
    assert len({one.name for one in found}) == 3
    assert (plan.summary.state, plan.summary.slices) == ({"n": 1}, 3)
    assert plan.summary.made <= datetime.now(UTC)


def test_an_empty_plan_is_a_plan(tmp_path: Path) -> None:
    assert [*written(tmp_path / "p").slices()] == []
    (line,) = (tmp_path / "p").read_bytes().splitlines()
    assert json.loads(line).keys() == {"plan"}


def test_each_line_of_a_plan_is_a_slice(tmp_path: Path) -> None:
    written(tmp_path / "p", *(StreamSlice({"n": number}) for number in range(3)), state={"n": 1})
    lines = [json.loads(line) for line in (tmp_path / "p").read_bytes().splitlines()]
    assert [line["partition"] for line in lines] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert ["plan" in line for line in lines] == [False, False, True]


def test_of_a_plan_that_fails_the_end_is_missing(tmp_path: Path) -> None:
    with (tmp_path / "p").open("wb") as file:
        writer = PlanWriter(file.write, "events", "mark", None)
        writer.add(StreamSlice({"n": 0}))
        writer.add(StreamSlice({"n": 1}))
    with pytest.raises(PlanError, match="its end is missing"):
        SlicePlan(tmp_path / "p")


@pytest.mark.parametrize("state", [None, {"at": "hunter2-hunter2"}])
def test_what_is_secret_only_here_is_no_part_of_a_plan(state: dict[str, Any] | None) -> None:
    lines: list[bytes] = []
    writer = PlanWriter(lines.append, "events", "mark", state, lambda text: text.replace("hunter2-hunter2", "***"))
    with pytest.raises(PlanError, match="is or looks like a secret"):
        writer.add(StreamSlice({"a": "hunter2-hunter2" if state is None else "b"}))
        writer.end(None)
    assert not lines


def test_each_slice_is_in_one_part_and_the_parts_are_alike(tmp_path: Path) -> None:
    plan = written(tmp_path / "p", *(StreamSlice({"n": number}) for number in range(103)))
    parts = [[one.slice["n"] for one in plan.slices((part, 10))] for part in range(10)]
    assert sorted(number for part in parts for number in part) == list(range(103))
    assert {len(part) for part in parts} == {10, 11}
    assert parts == [[one.slice["n"] for one in SlicePlan(tmp_path / "p").slices((part, 10))] for part in range(10)]
    assert all(part == sorted(part) for part in parts)


@pytest.mark.parametrize(
    "value", [2**64, float("nan"), datetime(2024, 1, 1, tzinfo=UTC), (1, 2), {1: 2}, b"x", "\ud800"], ids=repr
)
def test_what_json_does_not_hold_exactly_is_refused(value: Any) -> None:
    writer = PlanWriter(len, "events", "mark", None)
    with pytest.raises(PlanError, match="JSON can't hold exactly"):
        writer.add(StreamSlice({"a": 1}, {}, {"x": [value]}))


def test_a_secret_is_no_part_of_a_plan() -> None:
    writer = PlanWriter(len, "events", "mark", None)
    secret = SecretText("hunter2-hunter2", lambda _: None)
    with pytest.raises(PlanError, match="holds a secret") as raised:
        writer.add(StreamSlice({"a": "b"}, {}, {"key": secret}))
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("value", ["a/b\\c:d*e?", "." * 300, "x" * 500, "CON", "", "é" * 300, " a ", "a\0b"])
def test_the_name_of_a_slice_fits_any_file_system(tmp_path: Path, value: str) -> None:
    name = file_stem(StreamSlice({"p": value}))
    assert name != file_stem(StreamSlice({"p": f"{value}x"}))
    (tmp_path / f".{name}.jsonl.partial").touch()
    assert len(name.encode()) < 140


def test_a_fingerprint_goes_by_what_is_read_and_by_no_secret(tmp_path: Path) -> None:
    with CountingApi() as api:
        path = manifest(tmp_path / "m.yaml", api, 3)
    connector = load_connector(Document.load(path))
    first = fingerprint(connector, "events", {"key": "a", "region": "eu", "password": "x", "more": 1})
    assert first == fingerprint(connector, "events", {"key": "b", "region": "eu", "password": "y", "more": 2})
    assert first != fingerprint(connector, "events", {"key": "a", "region": "us"})
    path.write_text(path.read_text().replace("P1D", "P2D"))
    assert first != fingerprint(load_connector(Document.load(path)), "events", {"key": "a", "region": "eu"})


class Leases:
    """The leases of three jobs, and what the workers were told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.leases = ClusterLeases(3, self, lambda key, worker: self.told.append((key, worker)))

    async def acquire(self) -> bool:
        return True

    async def release(self) -> bool:
        return True

    async def ask(self, *keys: str, worker: str) -> None:
        for key in keys:
            self.leases.ask(key, worker)
        for _ in range(10):
            await asyncio.sleep(0)


async def test_the_leases_of_a_lost_worker_stay_with_its_slices() -> None:
    them = Leases()
    await them.ask("a", "b", "c", "d", worker="one")
    await them.ask("e", worker="two")
    assert them.told == [("a", "one"), ("b", "one"), ("c", "one")]
    them.leases.lost("one")
    await them.ask("a", worker="two")
    assert them.told[3:] == [("a", "two")]
    them.leases.give_back("a")
    await them.ask(worker="two")
    assert them.told[4:] == [("e", "two")]  # what the lost worker has asked for in vain is nobody's
    await them.ask("d", worker="two")
    them.leases.give_back("e")
    await them.ask(worker="two")
    assert them.told[5:] == [("d", "two")]


def test_an_api_budget_is_divided_or_refused() -> None:
    policy = {"type": "FixedWindowCallRatePolicy", "call_limit": 10, "period": "PT1M", "matchers": []}
    budget = component({"type": "HTTPAPIBudget", "policies": [policy]})
    budget.budget({}, 10)
    with pytest.raises(InputError, match="too few calls to be divided among 11"):
        budget.budget({}, 11)
