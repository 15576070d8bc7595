"""An API of jobs that counts them, and a manifest whose stream has a job for each of its parts."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.support.threaded_api import Call, ThreadedApi

EVENTS = 20
KEY = "a-very-secret-key"
PATIENCE = 60.0


class CountingApi(ThreadedApi):
    """Makes a job for each part, which runs for `seconds`. `made` holds the jobs of each part, in order, `aborted`
    those that were aborted, and `most` how many have run at once. Requests without the key are refused.
    """

    def __init__(self, seconds: float = 0.3) -> None:
        self.seconds = seconds
        self.made: dict[str, list[str]] = {}
        self.aborted: set[str] = set()
        self.broken: set[str] = set()
        """Parts whose jobs fail."""
        self.most = 0
        self.refused = 0
        self.changed = threading.Condition()
        self._ends: dict[str, float] = {}
        self._parts: dict[str, str] = {}
        self.downloads: Counter[str] = Counter()
        self.gate = threading.Event()
        """Downloads wait for it."""
        self.gate.set()
        super().__init__()

    def reply(self, call: Call) -> tuple[int, Any]:
        kind, *names = call.path.partition("?")[0].removeprefix("/").split("/")
        if call.method == "POST" and not names:
            return self.create(json.loads(call.body)["part"], call.headers.get("x-key"))
        if call.method == "POST":
            return 200, self.abort(names[0])
        return 200, self.status(names[0]) if kind == "jobs" else self.file(names[0])

    def release(self) -> None:
        self.gate.set()

    @property
    def running(self) -> list[str]:
        """The jobs that run."""
        return [job for job, end in self._ends.items() if end > time.monotonic() and job not in self.aborted]

    def create(self, part: str, key: str | None) -> tuple[int, Any]:
        if key != KEY:
            self.refused += 1
            return 401, {"error": "no such key"}
        with self.changed:
            job = f"j{len(self._ends)}"
            self.made.setdefault(part, []).append(job)
            self._parts[job] = part
            self._ends[job] = time.monotonic() + self.seconds
            self.most = max(self.most, len(self.running))
            self.changed.notify_all()
        return 201, {"id": job}

    def status(self, job: str) -> Any:
        if self._parts[job] in self.broken:
            return {"state": "failed"}
        return {"state": "busy" if self._ends[job] > time.monotonic() else "done"}

    def abort(self, job: str) -> Any:
        with self.changed:
            self.aborted.add(job)
        return {}

    def file(self, job: str) -> Any:
        self.gate.wait(PATIENCE)
        part = self._parts[job]
        with self.changed:
            self.downloads[part] += 1
            self.changed.notify_all()
        return [{"id": f"{part} {number}", "time": f"{part}T00:00:{number:02}"} for number in range(EVENTS)]

    def until(self, jobs: int) -> None:
        """Wait until that many jobs have been made."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self._ends) >= jobs, PATIENCE)

    @property
    def jobs(self) -> int:
        return len(self._ends)


def days(number: int) -> list[str]:
    return [f"2024-01-{day:02}" for day in range(1, number + 1)]


def manifest(path: Path, api: CountingApi, number: int, *, budget: int = 3, abort: bool = True) -> Path:
    """A stream with a slice for each of a number of days."""
    abort_requester = f"""\
      abort_requester:
        type: HttpRequester
        url: "{api.url}/jobs/{{{{ creation_response['id'] }}}}/abort"
        http_method: POST
"""
    path.write_text(f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [events]}}
max_concurrent_async_job_count: {budget}
spec:
  type: Spec
  connection_specification:
    type: object
    properties: {{key: {{type: string, airbyte_secret: true}}, region: {{type: string}}}}
streams:
  - type: DeclarativeStream
    name: events
    primary_key: id
    schema_loader:
      type: InlineSchemaLoader
      schema: {{type: object, properties: {{id: {{type: string}}, time: {{type: string}}}}}}
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: time
      datetime_format: "%Y-%m-%dT%H:%M:%S"
      start_datetime: {{type: MinMaxDatetime, datetime: "2024-01-01", datetime_format: "%Y-%m-%d"}}
      end_datetime: {{type: MinMaxDatetime, datetime: "{days(number)[-1]}T23:59:59"}}
      step: P1D
      cursor_granularity: PT1S
    retriever:
      type: AsyncRetriever
      polling_interval: 0.05
      status_mapping:
        {{type: AsyncJobStatusMap, running: [busy], completed: [done], failed: [failed], timeout: [late]}}
      status_extractor: {{type: DpathExtractor, field_path: [state]}}
      creation_requester:
        type: HttpRequester
        url: "{api.url}/jobs"
        http_method: POST
        request_headers: {{X-Key: "{{{{ config['key'] }}}}"}}
        request_body: {{type: RequestBodyJsonObject, value: {{part: "{{{{ stream_interval.start_time[:10] }}}}"}}}}
      polling_requester: {{type: HttpRequester, url: "{api.url}/jobs/{{{{ creation_response['id'] }}}}"}}
{abort_requester if abort else ""}
      download_requester: {{type: HttpRequester, url: "{api.url}/files/{{{{ creation_response['id'] }}}}"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
""")
    return path


def ids(number: int) -> list[str]:
    """The records of all days, in order."""
    return [f"{day} {event}" for day in days(number) for event in range(EVENTS)]


def found(folder: Path) -> list[str]:
    """The ids of all records in a directory, sorted as those of `ids`; half files don't count."""
    lines = [line for path in sorted(folder.glob("**/*.jsonl")) for line in path.read_bytes().splitlines()]
    return sorted((orjson.loads(line)["id"] for line in lines), key=lambda one: (one[:10], int(one[11:])))


def until(met: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def with_jobs(lake: Path) -> list[Path]:
    """The journals in which a job is written down."""
    return [path for path in lake.glob("*/.*.jobs") if b'"kind":"job"' in path.read_bytes()]


def process_of(journal: Path) -> int:
    """The process that reads a slice, as its lock says; 0 when none does."""
    lock = journal.with_name(f"{journal.name.removesuffix('.jobs')}.lock")
    found = re.search(rb'"pid":(\d+)', lock.read_bytes()) if lock.exists() else None
    return int(found[1]) if found else 0
