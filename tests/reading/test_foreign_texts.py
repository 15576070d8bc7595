"""What a server says can't steer a terminal, and is no line of its own."""

from __future__ import annotations

import io
import re

from core.events import ExchangeFinished, JobChanged, Log, StatusUnmapped
from core.levels import Level
from core.progress.plain import PlainProgress
from tests.support.reading import read_all
from tests.support.server import LoopbackServer, Reply

NASTY = "x\x1b[2J\n12:00:00 ERROR: forged\r\u202e\u2066\u2028\x9b31m\x07[bold]y"
MANIFEST = """
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [items]}
streams:
  - type: DeclarativeStream
    name: items
    retriever:
      type: AsyncRetriever
      creation_requester: {type: HttpRequester, url: BASE/jobs, http_method: POST}
      polling_requester: {type: HttpRequester, url: BASE/jobs}
      status_extractor: {type: DpathExtractor, field_path: [status]}
      status_mapping: {type: AsyncJobStatusMap, running: [], completed: [done], failed: [], timeout: []}
      download_requester: {type: HttpRequester, url: "BASE/data?{{ polling_response.status }}"}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
"""


async def test_texts_of_the_server_stay_on_their_line(server: LoopbackServer) -> None:
    nasty = Reply({"id": NASTY, "status": NASTY})
    server.on("/jobs", nasty, nasty, Reply({"status": "done"}))
    server.on("/data", Reply({"message": NASTY}, 400, {"X-Odd": "a\u202eb".encode().decode("latin-1")}))
    told = await read_all(MANIFEST.replace("BASE", server.url()))
    output = io.StringIO()
    progress = PlainProgress(output, Level.DEBUG)
    for event in told.events:
        progress.show(event)
    lines = output.getvalue().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d (DEBUG: |WARNING: |ERROR: )?(\[?items|[A-Z])", line) for line in lines)
    assert not any(line.startswith("12:00:00 ERROR: forged") for line in lines)
    assert any("forged" in line for line in lines)
    texts = [job.job_id or "" for job in told.of(JobChanged)] + [job.api_status or "" for job in told.of(JobChanged)]
    texts += [one.status for one in told.of(StatusUnmapped)] + [log.message for log in told.of(Log)]
    texts += told.end.errors
    texts += [value for one in told.of(ExchangeFinished) for _, value in one.exchange.response_headers]
    assert all(text.isprintable() for text in texts)
    assert any("forged" in text for text in texts)


def test_several_lines_of_our_own_are_set_in() -> None:
    output = io.StringIO()
    PlainProgress(output, Level.DEBUG).log(Level.DEBUG, "Traceback:\n12:00:00 ERROR: forged")
    assert output.getvalue().endswith("Traceback:\n    12:00:00 ERROR: forged\n")
