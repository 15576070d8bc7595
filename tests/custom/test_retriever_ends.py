"""What a custom retriever gives is closed beside the event loop, however its read ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core.components.custom.reading import CustomRetriever
from core.errors import ReadError
from core.http.exchange import Role
from core.runtime.page_reader import PageResult, RecordCollector
from core.runtime.record_pipeline import RecordPipeline, whole_element
from tests.support.http_bench import Bench


class Records:
    """As the process of the code gives them; it is asked to close what is not read to its end."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.thread: threading.Thread | None = None

    def each(self, do: str, **message: Any) -> Iterator[list[Any]]:
        try:
            while True:
                yield [{"n": 1}]
        finally:
            self.thread = threading.current_thread()
            self.closed.set()


class Limited(RecordCollector):
    def __init__(self, limit: int | None, *, fails: bool) -> None:
        super().__init__(RecordPipeline(whole_element, (), None, ()), limit)
        self._fails = fails

    def consume(self, elements: Any) -> PageResult:
        if self._fails:
            raise ReadError("The disk is full.")
        return super().consume(elements)


@pytest.mark.parametrize("fails", [False, True])
async def test_records_that_nobody_wants_are_closed_in_a_thread(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    records = Records()
    monkeypatch.setattr(CustomRetriever, "remote", lambda self, context: records)
    retriever, sink = CustomRetriever(class_name="components.Whole"), Limited(1, fails=fails)

    if fails:
        with pytest.raises(ReadError, match="disk"):
            await retriever.fetch(bench.context, sink, Role.PAGE)
    else:
        await retriever.fetch(bench.context, sink, Role.PAGE)

    assert records.closed.wait(5)
    assert records.thread is not threading.main_thread()
