"""Records of a test in a database: a table of their own, and no password anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.decoding.chunks import Lines
from core.errors import LonghaulError
from tests.tui.trials.support import contact
from tui.trials import load
from tui.trials.export import ExportCancelled, Selection
from tui.trials.load import LoadExport
from tui.trials.records import RecordInspector, RecordStore, batches

pytestmark = pytest.mark.slow  # dlt takes its time
duckdb: Any = pytest.importorskip("duckdb", reason="the test loads into DuckDB")
pytest.importorskip("dlt", reason="loads need dlt")


def selection(count: int) -> Selection:
    inspector = RecordInspector()
    store = RecordStore(inspector.columns)
    store.append(inspector.encode([*map(contact, range(count))]), count)
    return Selection("contacts", store, cut="There is more.")


def loaded(file: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(
            "SELECT orders, email FROM longhaul_test.contacts ORDER BY orders"
        ).fetchall()
        return rows


def test_records_replace_a_table_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "crm.duckdb"
    url = f"duckdb:///{file}"
    said = LoadExport(selection(3), url).run()
    assert said == f"3 records loaded into longhaul_test.contacts of {url}. There is more."
    LoadExport(selection(2), url).run()
    assert loaded(file) == [(0, "user0@example.com"), (1, "user1@example.com")]

    job = LoadExport(selection(5), url)

    def cancelled_meanwhile(source: RecordStore) -> Iterator[Lines]:
        for batch in batches(source):
            job.cancel()
            yield batch

    monkeypatch.setattr(load, "batches", cancelled_meanwhile)
    with pytest.raises(ExportCancelled, match="nothing was written"):
        job.run()
    assert len(loaded(file)) == 2, "it is as it was"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:s3cr3t@127.0.0.1:1/crm", "postgresql://me@127.0.0.1:1/crm can't be reached"),
        ("nowhere://x", "there is no destination `nowhere`"),
        ("s3://", "names no folder or bucket"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_its_password(url: str, words: str) -> None:
    with pytest.raises(LonghaulError, match=words) as caught:
        LoadExport(selection(1), url).run()
    assert "s3cr3t" not in str(caught.value)
    assert "--to" not in str(caught.value)
