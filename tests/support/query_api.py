"""A query engine whose answers to polling have the rows, and name the URL of the next answer, as Trino's do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.server import Asked, LoopbackServer, Reply


class QueryApi:
    """Serves queries at /statement, whose answers come one after the other at /next/QUERY/NUMBER.

    Each of the `answers` is the body of one, without what says where the next one is; the last one ends the query. An
    answer that was acknowledged by asking for the one after it is gone. `retried` are the answers of every query but
    the first.
    """

    def __init__(
        self, server: LoopbackServer, *answers: dict[str, Any], retried: Sequence[dict[str, Any]] | None = None
    ) -> None:
        self._server = server
        self._answers = answers
        self._retried = answers if retried is None else retried
        self.faults: dict[int, Reply] = {}
        """What is answered once in place of an answer, by its number."""
        self.created = 0
        self.cancelled: list[str] = []
        server.on("/statement", self._create)

    def _create(self, asked: Asked) -> Reply:
        self.created += 1
        query = f"q{self.created}"
        for number in range(1, len(self._answers_of(query))):
            self._server.on(f"/next/{query}/{number}", self._next)
        return Reply(self._body(query, 0))

    def _next(self, asked: Asked) -> Reply:
        _, _, query, number = asked.path.split("/")
        if asked.method == "DELETE":
            self.cancelled.append(query)
            return Reply(b"", 204)
        if int(number) in self.faults:
            return self.faults.pop(int(number))
        self._server.on(f"/next/{query}/{int(number) - 1}", Reply({"message": "gone"}, 410))
        return Reply(self._body(query, int(number)))

    def _body(self, query: str, number: int) -> dict[str, Any]:
        answers = self._answers_of(query)
        last = number == len(answers) - 1
        state = "FINISHED" if last else "RUNNING"
        following = {} if last else {"nextUri": self._server.url(f"/next/{query}/{number + 1}")}
        return {"id": query, "state": state, **following, **answers[number]}

    def _answers_of(self, query: str) -> Sequence[dict[str, Any]]:
        return self._answers if query == "q1" else self._retried


def manifest(server: LoopbackServer, *, retriever: str = "", stream: str = "", polling: str = "") -> str:
    """A manifest with one stream, `rows`, that takes the records from the answers to polling."""
    url = "{{ polling_response['nextUri'] }}"
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [rows]}}
streams:
  - type: DeclarativeStream
    name: rows
    {stream}
    retriever:
      type: AsyncRetriever
      creation_requester: {{type: HttpRequester, url: "{server.url("/statement")}", http_method: POST}}
      polling_requester: {{type: HttpRequester, url: "{polling or url}"}}
      abort_requester: {{type: HttpRequester, url: "{url}", http_method: DELETE}}
      status_extractor: {{type: DpathExtractor, field_path: [state]}}
      status_mapping:
        type: AsyncJobStatusMap
        running: [QUEUED, RUNNING]
        completed: [FINISHED]
        failed: [FAILED]
        timeout: []
      records_while_polling: true
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: [data]}}}}
      {retriever}
"""


def rows(*numbers: int) -> dict[str, Any]:
    """An answer with these rows."""
    return {"data": [{"n": number} for number in numbers]}
