"""What else happens while a run loads: failures, Ctrl-C, changed types, jobs that outlive it, progress."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from core.levels import Level
from core.progress.live import LiveProgress
from core.progress.picture import RunPicture
from core.progress.sentences import load_line
from tests.command.lasting_jobs import ROUTER, Command, Jobs
from tests.loading.support import DAYS, PATIENCE, PER_DAY, OrdersApi, duckdb_rows, order, run, surroundings
from tests.support.jobs_api import manifest
from tests.support.server import LoopbackServer

pytestmark = pytest.mark.slow

TO = ("--to", "duckdb:///shop.duckdb")


def ids(folder: Path) -> list[str]:
    return sorted(row[0] for row in duckdb_rows(folder / "shop.duckdb", "SELECT id FROM shop_data.orders"))


def test_what_was_read_is_loaded_when_slices_fail_and_the_rest_comes_with_the_next_run(
    api: OrdersApi, tmp_path: Path
) -> None:
    written = api.manifest(tmp_path)
    api.broken = {DAYS[3]}
    code, _, err = run("--run", written, *TO, "--write", "append", folder=tmp_path)
    assert code == 1
    assert "of them are in duckdb:///shop.duckdb, shop_data.orders, with the state that covers them" in err
    loaded = ids(tmp_path)
    assert loaded
    api.broken = set()
    code, _, err = run("--run", written, *TO, "--write", "append", folder=tmp_path)
    assert code == 0, err
    assert sorted(set(ids(tmp_path))) == api.ids
    api.broken = {DAYS[-1]}
    code, _, err = run("--run", written, *TO, "--write", "replace", folder=tmp_path)
    assert code == 1
    assert "shop_data.orders is as it was" in err
    assert sorted(set(ids(tmp_path))) == api.ids


def test_ctrl_c_loads_what_was_read_completely(api: OrdersApi, tmp_path: Path) -> None:
    written = api.manifest(tmp_path)
    gate = api.gates[DAYS[2]] = threading.Event()
    running = subprocess.Popen(
        [sys.executable, "-m", "core.command.cli", "--run", str(written), *TO],
        cwd=tmp_path,
        env=surroundings(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    with api.arrived:
        assert api.arrived.wait_for(lambda: DAYS[2] in api.asked, PATIENCE)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    gate.set()
    assert running.returncode == 130, err
    loaded = ids(tmp_path)
    days = {one.partition("/")[0] for one in loaded}  # they are read side by side: which ones, is a matter of chance
    assert DAYS[2] not in days
    assert loaded == sorted(row["id"] for day in days for row in api.rows[day])
    assert f"Orders: {len(loaded)} records loaded into duckdb:///shop.duckdb, shop_data.orders" in err
    assert run("--run", written, *TO, folder=tmp_path)[0] == 0
    assert ids(tmp_path) == api.ids


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"": 1}, "The records have a field without a name, and no column can be called so; rename or remove it."),
        ({"NUMBER": 1}, "rename all but one of these fields in the stream, since they would be one column"),
    ],
)
def test_names_that_no_column_can_have_are_told(
    api: OrdersApi, tmp_path: Path, more: dict[str, int], message: str
) -> None:
    for rows in api.rows.values():
        rows[:] = [{**row, **more} for row in rows[:2]]
    code, _, err = run("--run", api.manifest(tmp_path), *TO, folder=tmp_path)
    assert (code, message in err) == (1, True), err


@pytest.mark.parametrize("write", ["append", "merge"])
def test_a_time_without_zone_stays_one(api: OrdersApi, tmp_path: Path, write: str) -> None:
    declared = "{format: date-time, airbyte_type: timestamp_without_timezone}"
    for rows in api.rows.values():
        rows[:] = [{**row, "at": f"{row['time']}Z"} for row in rows[:2]]
    written = api.manifest(
        tmp_path,
        schema=f"{{properties: {{time: {{type: string, {declared[1:]}, at: {{type: string, format: date-time}}}}}}",
    )
    for _ in range(2):
        code, _, err = run("--run", written, *TO, "--write", write, folder=tmp_path)
        assert code == 0, err
    query = (
        "SELECT column_type FROM (DESCRIBE shop_data.orders) WHERE column_name IN ('at', 'time') ORDER BY column_name"
    )
    types = [row[0] for row in duckdb_rows(tmp_path / "shop.duckdb", query)]
    assert types == ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP"]
    assert sorted(set(ids(tmp_path))) == api.ids


def test_values_of_another_type_go_to_a_column_beside(api: OrdersApi, tmp_path: Path) -> None:
    written = api.manifest(tmp_path)
    api.rows = {DAYS[0]: [order(DAYS[0], 0, price=10, rank=1, tags="a", code=8, paid=True)]}
    assert run("--run", written, *TO, folder=tmp_path)[0] == 0
    api.rows[DAYS[1]] = [order(DAYS[1], 0, price="on request", rank=2.0, tags=7, code="007", paid=2)]
    code, _, err = run("--run", written, *TO, folder=tmp_path)
    assert code == 0, err
    assert "WARNING: The column `price` holds bigint in the destination" in err
    rows = duckdb_rows(
        tmp_path / "shop.duckdb",
        "SELECT price, price__v_text, rank, tags, code, code__v_text, paid, paid__v_bigint FROM shop_data.orders "
        "ORDER BY id",
    )
    assert rows == [(10, None, 1, "a", 8, None, True, None), (None, "on request", 2, "7", None, "007", None, 2)]
    api.rows[DAYS[2]] = [order(DAYS[2], 0) | {"id": None}]
    code, _, err = run("--run", written, *TO, folder=tmp_path)
    assert code == 1
    assert "A record has no `id`, which belongs to the primary key" in err
    assert "Traceback" not in err


def test_an_empty_stream_makes_its_declared_table_and_structures_stay_structures(
    api: OrdersApi, tmp_path: Path
) -> None:
    items = "{type: array, items: {type: object, properties: {sku: {type: integer}}}}"
    schema = f"{{type: object, properties: {{id: {{type: string}}, items: {items}}}}}"
    written = api.manifest(tmp_path, schema=schema, key=False, cursor=False)
    full, api.rows = api.rows, {}
    options = ("--run", written, *TO, "--dataset", "mine", "--nested", "struct")
    assert run(*options, folder=tmp_path)[0] == 0
    assert duckdb_rows(tmp_path / "shop.duckdb", "SELECT count(*) FROM mine.orders") == [(0,)]
    api.rows = full
    for times in (1, 2):  # no state remembers what was read
        assert run(*options, folder=tmp_path)[0] == 0
        rows = duckdb_rows(tmp_path / "shop.duckdb", "SELECT count(*), sum((items->>'$[0].sku')::int) FROM mine.orders")
        assert rows == [(times * len(api.ids), times * sum(range(PER_DAY)) * len(DAYS))]


def test_two_runs_into_one_dataset_do_not_meet(api: OrdersApi, tmp_path: Path) -> None:
    written = api.manifest(tmp_path)
    gate = api.gates[DAYS[0]] = threading.Event()
    running = subprocess.Popen(
        [sys.executable, "-m", "core.command.cli", "--run", str(written), *TO],
        cwd=tmp_path,
        env=surroundings(tmp_path),
    )
    with api.arrived:
        assert api.arrived.wait_for(lambda: DAYS[0] in api.asked, PATIENCE)
    code, _, err = run("--run", written, *TO, folder=tmp_path)
    assert code == 2
    assert f"is in use by another run (process {running.pid}" in err
    gate.set()
    assert running.wait(PATIENCE) == 0


async def test_jobs_are_left_to_later_runs_which_load_their_records_once(
    tmp_path: Path, server: LoopbackServer
) -> None:
    jobs, command = Jobs(server), Command(tmp_path)
    command.write(manifest(server, retriever=f"polling_interval: 0.05\n{ROUTER}"))
    options = ("--run", "m.yaml", *TO, "--dataset", "exports")
    code, said = await command(*options, "--detach")
    assert code == 75, said
    jobs.status["j0"] = "done"
    assert (await command(*options, "--detach"))[0] == 75
    jobs.finish()
    code, said = await command(*options)
    assert code == 0, said
    rows = duckdb_rows(tmp_path / "shop.duckdb", "SELECT job FROM exports.exports ORDER BY job")
    assert rows == [("j0",), ("j1",), ("j2",)]
    assert len(jobs.created) == 3


def test_the_live_display_says_what_is_loaded() -> None:
    picture = RunPicture(["Orders"])
    stream = picture.streams["Orders"]
    stream.started = 0.0
    stream.records = 300
    stream.take_load(120, complete=False)
    console = Console(file=StringIO(), width=100, force_terminal=True)
    live = LiveProgress(console, picture, Level.INFO)
    with console.capture() as shown:
        console.print(live.picture())
    assert "0 loaded  loading 120" in shown.get()
    stream.take_load(200, complete=True)
    stream.take_load(100, complete=True)
    with console.capture() as shown:
        console.print(live.picture())
    assert "300 loaded" in shown.get()
    assert "loading" not in shown.get()
    assert load_line(stream, 100, "there") == (Level.INFO, "Orders: 100 records loaded into there, 300 in all")
