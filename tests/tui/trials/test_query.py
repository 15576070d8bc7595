"""SQL over records: typed tables, results as JSON, errors with their place, and no way out of the database."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core.errors import LonghaulError
from tui.trials import query
from tui.trials.query import QueryDatabase, QueryError, QueryInterrupted, Source
from tui.trials.records import RecordInspector, RecordStore, rows

pytest.importorskip("duckdb", reason="queries need DuckDB")
pytest.importorskip("pyarrow", reason="queries need PyArrow")

SCHEMA = {"properties": {"id": {"type": "integer"}, "seen": {"type": ["null", "string"], "format": "date-time"}}}
FOREVER = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"


def stored(*records: Mapping[str, Any], size: int = 500) -> RecordStore:
    inspector = RecordInspector()
    store = RecordStore(inspector.columns)
    for start in range(0, len(records), size):
        some = records[start : start + size]
        store.append(inspector.encode(some), len(some))
    return store


ORDERS = Source("orders", stored(*({"id": n, "seen": "2026-01-01T00:00:00Z"} for n in range(3))), SCHEMA)


@pytest.fixture
def database() -> Iterator[QueryDatabase]:
    database = QueryDatabase()
    yield database
    database.close()


def asked(database: QueryDatabase, sql: str, *sources: Source) -> list[Mapping[str, object]]:
    return [*rows(database.query(sql, sources or (ORDERS,)).rows)]


def types(database: QueryDatabase, *sources: Source) -> dict[object, object]:
    described = asked(database, "DESCRIBE records", *sources)
    return {row["column_name"]: row["column_type"] for row in described}


def test_records_are_a_table_typed_by_the_schema_and_the_name_of_the_stream_is_a_view(database: QueryDatabase) -> None:
    assert types(database) == {"id": "BIGINT", "seen": "TIMESTAMP WITH TIME ZONE"}
    assert asked(database, "SELECT sum(id) AS s, max(seen) AS seen FROM orders") == [
        {"s": 3, "seen": "2026-01-01T00:00:00+00:00"}
    ]


def test_other_tests_are_tables_of_their_own_whatever_their_streams_are_called(database: QueryDatabase) -> None:
    sources = [
        ORDERS,
        Source("Records", stored({"a": 1})),
        Source('odd "name"', stored({"b": 2})),
        Source("ORDERS", stored({"c": 3})),
        Source("empty", stored({})),
    ]
    assert [row["name"] for row in asked(database, "SHOW TABLES", *sources)] == [
        "ORDERS_1",
        "Records_1",
        'odd "name"',
        "orders",
        "records",
    ]
    assert asked(database, 'SELECT * FROM "odd ""name""", records_1, orders_1', *sources) == [{"b": 2, "a": 1, "c": 3}]


def test_columns_that_come_late_or_change_their_type_lose_nothing(database: QueryDatabase) -> None:
    records: list[dict[str, Any]] = [{"n": number, "Id": 1, "id": 2, "never": None} for number in range(1_500)]
    records[1_200] |= {"late": "x", "n": "text"}
    source = Source("odd", stored(*records))
    nothing_at_first = Source("s", stored(*({"a": None} for _ in range(1_200)), {"a": 1}))
    assert asked(database, "SELECT count(*) AS n, sum(a) AS s FROM records", nothing_at_first) == [{"n": 1_201, "s": 1}]
    assert types(database, source) == {
        "n": "VARCHAR",
        "Id": "BIGINT",
        "id_1": "BIGINT",
        "late": "VARCHAR",
        "never": "VARCHAR",
    }
    assert asked(database, "SELECT count(*) AS c, count(late) AS l, min(n) AS n FROM records", source) == [
        {"c": 1_500, "l": 1, "n": "0"}
    ]


def test_what_a_test_reads_anew_is_queried_anew(database: QueryDatabase) -> None:
    growing = stored({"a": 1})
    source = Source("s", growing)
    assert asked(database, "SELECT count(*) AS n FROM records", source) == [{"n": 1}]
    growing.append(b'{"a":2}\n', 1)
    assert asked(database, "SELECT count(*) AS n FROM s", source) == [{"n": 2}]
    assert asked(database, "FROM s", Source("s", stored({"other": True}))) == [{"other": True}]


def test_a_test_without_records_leaves_none_of_the_one_before(database: QueryDatabase) -> None:
    assert asked(database, "FROM records")
    assert asked(database, "FROM records", Source("orders", stored(), SCHEMA)) == []
    assert types(database, Source("orders", stored(), SCHEMA)) == {"id": "BIGINT", "seen": "TIMESTAMP WITH TIME ZONE"}
    with pytest.raises(QueryError, match="read no records"):
        database.query("FROM records", [Source("orders", stored())])
    assert len(asked(database, "FROM orders")) == 3


def test_results_hold_values_of_all_types_and_columns_of_one_name(database: QueryDatabase) -> None:
    (row,) = asked(
        database,
        "SELECT 1.50::DECIMAL(9, 2) AS d, DATE '2026-01-02' AS day, {'a': [1, NULL]} AS s, 'x' AS x, 'y' AS X, "
        "170141183460469231731687303715884105727::HUGEINT AS h, NULL AS n, INTERVAL '2 days' AS i",
    )
    assert row == {
        "d": 1.5,
        "day": "2026-01-02",
        "s": {"a": [1, None]},
        "x": "x",
        "X_1": "y",
        "h": 2**127 - 1,
        "n": None,
        "i": "2 days, 0:00:00",
    }


def test_the_schema_of_a_result_says_its_types(database: QueryDatabase) -> None:
    result = database.query("SELECT id, seen, id / 2 AS half, [id] AS list FROM records", [ORDERS])
    found = {name: declared["type"] for name, declared in result.schema["properties"].items()}
    assert found == {"id": "integer", "seen": "string", "half": "number", "list": "array"}
    assert result.schema["properties"]["seen"]["format"] == "date-time"


@pytest.mark.parametrize(
    ("sql", "words", "line"),
    [
        ("SELECT nope\nFROM records", "nope", 0),
        ("SELECT id,\n  nope\nFROM records", "nope", 1),
        ("SELEC 1", 'syntax error at or near "SELEC"', 0),
        ("FROM nowhere", "nowhere does not exist", 0),
        (" -- nothing", "There is no query yet", None),
        ("SELECT 1; SELECT 2", "several statements", None),
        ("DELETE FROM records", "DELETE is no query", None),
        ("COMMIT", "no query", None),
        ("SET memory_limit = '9GB'", "SET is no query", None),
    ],
)
def test_errors_say_where(database: QueryDatabase, sql: str, words: str, line: int | None) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        database.query(sql, [ORDERS])
    assert caught.value.line == line
    assert asked(database, "SELECT count(*) AS n FROM records") == [{"n": 3}], "the records are as they were"


def test_nothing_leads_out_of_the_database(database: QueryDatabase, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    variable_of_this_program = stored({"a": 1})
    for sql in (
        f"FROM read_csv('{secret}')",
        f"FROM '{secret}'",
        f"FROM glob('{tmp_path}/*')",
        "FROM read_csv('https://example.com/a.csv')",
        f"COPY records TO '{tmp_path}/out.csv'",
        f"EXPORT DATABASE '{tmp_path}/out'",
        f"ATTACH '{tmp_path}/out.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "FROM variable_of_this_program",
        "EXPLAIN ANALYZE DELETE FROM records",
        "PRAGMA memory_limit='9GB'",
    ):
        with pytest.raises(QueryError):
            database.query(sql, [ORDERS])
    assert [*tmp_path.iterdir()] == [secret]
    assert asked(database, "SELECT count(*) AS n FROM records") == [{"n": 3}]
    assert len(variable_of_this_program) == 1


def test_a_query_is_interrupted_and_the_next_one_works(database: QueryDatabase) -> None:
    timer = threading.Timer(0.3, database.interrupt)
    timer.start()
    with pytest.raises(QueryInterrupted):
        database.query(FOREVER, [ORDERS])
    timer.join()
    assert asked(database, "SELECT 1 AS one") == [{"one": 1}]


def test_an_interrupt_that_comes_late_does_no_harm_to_the_next_query(
    database: QueryDatabase, capfd: pytest.CaptureFixture[str]
) -> None:
    asked(database, "FROM records")
    stop = threading.Event()

    def hammer() -> None:
        while not stop.is_set():
            database.interrupt()

    for _ in range(20):
        stop.clear()
        hammering = threading.Thread(target=hammer)
        hammering.start()
        with pytest.raises(QueryInterrupted):
            database.query(FOREVER, (ORDERS,))
        stop.set()
        hammering.join()
        assert asked(database, "SELECT count(*) AS n FROM records") == [{"n": 3}]
    assert capfd.readouterr() == ("", ""), "nothing is drawn over the builder"


def test_closing_ends_the_query_that_runs() -> None:
    database, errors = QueryDatabase(), []

    def run() -> None:
        try:
            database.query(FOREVER, [ORDERS])
        except LonghaulError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while database._connection is None:
        threading.Event().wait(0.01)
    threading.Timer(0.3, database.close).start()
    thread.join(10)
    assert not thread.is_alive()
    assert [type(error) for error in errors] == [QueryInterrupted]


def test_closing_interrupts_again_a_query_that_missed_it(
    database: QueryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, runs = threading.Semaphore(0), threading.Event()

    def deaf(sql: str) -> None:
        runs.set()
        heard.acquire()
        heard.acquire()
        raise QueryInterrupted

    monkeypatch.setattr(database, "_run", deaf)
    monkeypatch.setattr(database, "interrupt", heard.release)

    def run() -> None:
        with suppress(QueryInterrupted):
            database.query("FROM records", [ORDERS])

    thread = threading.Thread(target=run)
    thread.start()
    runs.wait()
    database.close()
    thread.join(10)
    assert database._connection is None


def test_rows_and_bytes_that_are_kept_are_bounded(database: QueryDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    result = database.query("FROM range(100_001)", [ORDERS])
    assert (len(result.rows), result.more) == (query.MOST_ROWS, True)
    assert "first 100,000 rows" in result.selection("x").cut
    monkeypatch.setattr(query, "MOST_BYTES", 2_000_000)
    result = database.query("SELECT repeat('x', 1_000_000) AS x FROM range(100)", [ORDERS])
    assert len(result.rows) < 20
    assert result.more


def test_without_duckdb_one_line_says_what_to_install(database: QueryDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(LonghaulError, match=r"pip install 'longhaul-connectors\[duckdb\]'"):
        database.query("SELECT 1", [ORDERS])
    monkeypatch.setattr(query, "is_installed", lambda module: module != "duckdb")
    assert query.why_not() == "Queries need the extra `duckdb`: pip install 'longhaul-connectors[duckdb]'."
