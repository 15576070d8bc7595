"""Custom code that gives what nobody expects, or wants what is not there."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.events import SliceFinished
from core.reading import Limits, open_reader
from core.runtime.slices import StreamSlice
from tests.custom.support import bad, read
from tests.custom.test_against_reference import CONFIG, custom, items, manifest
from tests.support.custom import allowed
from tests.support.reading import Told, connector, read_all
from tests.support.server import LoopbackServer

pytestmark = pytest.mark.slow

ODD = """
import logging, os, signal, sys, threading
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID

@dataclass
class Bad:
    what: str

    def transform(self, record, **_):
        getattr(self, self.what)(record)

    def values(self, record):
        record["at"] = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
        record["day"] = date(2024, 1, 2)
        record["price"] = Decimal("1.50")
        record["large"] = Decimal(12)
        record["tags"] = {"a"}
        record["pair"] = (1, 2)
        record["bytes"] = b"text"
        record["id"] = UUID(int=1)
        record[2] = "number"

    def input(self, record):
        record["read"] = sys.stdin.read()

    def logs(self, record):
        logging.getLogger("airbyte").error("a log of the code")
        print("printed", file=sys.stderr)

    def threads(self, record):
        found = []
        threads = [threading.Thread(target=found.append, args=(n,)) for n in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        record["threads"] = len(found)

    def exits(self, record):
        sys.exit("enough")

    def kills(self, record):
        os.kill(os.getpid(), signal.SIGKILL)

    def recursion(self, record):
        self.recursion(record)

    def imports(self, record):
        import nothing_of_this_name

    def memory(self, record):
        with open("/proc/self/oom_score_adj") as score:
            record["score"] = int(score.read())
        [0] * 2**60
"""


async def odd(server: LoopbackServer, what: str) -> Told:
    return await read(server, what, allowed(ODD, "components.py"), count=1)


async def test_values_that_are_no_json(server: LoopbackServer) -> None:
    told = await odd(server, "values")
    [record] = told.records
    expected = {
        "at": "2024-01-02T03:04:05+00:00",
        "day": "2024-01-02",
        "price": 1.5,
        "large": 12,
        "tags": ["a"],
        "pair": [1, 2],
        "bytes": "text",
        "id": "00000000-0000-0000-0000-000000000001",
        "2": "number",
    }
    assert {key: record[key] for key in expected} == expected


async def test_code_that_reads_logs_and_works_in_threads(
    server: LoopbackServer, capfd: pytest.CaptureFixture[str]
) -> None:
    assert (await odd(server, "input")).records[0]["read"] == ""
    assert (await odd(server, "threads")).records[0]["threads"] == 50
    assert len((await odd(server, "logs")).records) == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("exits", r"at components.py:\d+: SystemExit: enough"),
        ("kills", r"signal 9: it was killed, as when memory runs out"),
        ("recursion", "RecursionError"),
        ("memory", "MemoryError"),
        ("imports", r"No module named 'nothing_of_this_name'. Install what it is in for the Python that runs the code"),
    ],
)
async def test_code_that_does_not_work(server: LoopbackServer, what: str, message: str) -> None:
    told = await odd(server, what)
    assert told.outcome == "failed"
    assert re.search(message, told.errors), told.errors


ENDLESS = """
from itertools import count
class Endless:
    def extract_records(self, response):
        return ({"n": n} for n in count())
"""


async def test_records_without_end(server: LoopbackServer) -> None:
    server.on("/items", items(1))
    text = manifest(server, selector={"extractor": custom("RecordExtractor", "Endless")})
    told = await read_all(text, CONFIG, custom=allowed(ENDLESS, "components.py"), limits=Limits(records=2_500))
    assert told.outcome == "limited", told.errors
    assert [record["n"] for record in told.records] == [*range(2_500)]


async def test_a_cursor_that_airbyte_has_no_more(server: LoopbackServer) -> None:
    server.on("/items", items(1))
    text = manifest(server, stream={"incremental_sync": custom("IncrementalSync", "Cursor")})
    told = await read_all(text, CONFIG, custom=allowed())
    assert told.outcome == "failed"
    assert "CustomIncrementalSync" in told.errors
    assert server.asked == []


ROUTER = """
class Router:
    def stream_slices(self):
        return [{"part": "a"}]

    def get_stream_state(self):
        return None

    def get_request_params(self, **_):
        return DATA if DATA else None

    get_request_headers = get_request_body_json = lambda self, **_: None

    def get_request_body_data(self, **_):
        return "part=a"
"""


async def test_a_router_that_adds_text(server: LoopbackServer) -> None:
    server.on("/items", items(1))
    router = {"partition_router": custom("PartitionRouter", "Router")}
    text = manifest(server, retriever=router, requester={"http_method": "POST"})
    told = await read_all(text, CONFIG, custom=allowed(ROUTER.replace("DATA", "None"), "components.py"))
    assert told.outcome == "complete", told.errors
    assert [asked.body for asked in server.asked] == [b"part=a"]
    told = await read_all(text, CONFIG, custom=allowed(ROUTER.replace("DATA", "['odd']"), "components.py"))
    assert told.outcome == "failed"
    assert "The custom code source_declarative_manifest.components.Router failed: ValueError" in told.errors


async def test_a_router_whose_slices_another_process_has_planned(server: LoopbackServer) -> None:
    server.on("/items", items(1))
    text = manifest(server, retriever={"partition_router": custom("PartitionRouter", "Regions")})
    async with open_reader(replace(connector(text), custom=allowed()), CONFIG) as reader:
        planned = [StreamSlice({"region": "eu"}), StreamSlice({"region": "us"})]
        events = [event async for event in reader.read("items", slices=planned)]
    assert [event.outcome for event in events if isinstance(event, SliceFinished)] == ["complete"] * 2
    assert sorted((asked.query["region"], asked.headers["x-kind"]) for asked in server.asked) == [
        (["eu"], "EU"),
        (["us"], "US"),
    ]


HANDLER = """
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ErrorResolution, ResponseAction

class Soon:
    def backoff_time(self, response_or_exception, attempt_count):
        return "soon"

class Handler:
    max_retries = 3
    backoff_strategies = [Soon()]

    def interpret_response(self, response_or_exception):
        return ErrorResolution(ResponseAction.RETRY, None, "again")
"""


async def test_a_wait_that_is_no_number(server: LoopbackServer) -> None:
    server.on("/items", items(1))
    text = manifest(server, requester={"error_handler": custom("ErrorHandler", "Handler")})
    told = await read_all(text, CONFIG, custom=allowed(HANDLER, "components.py"))
    assert told.outcome == "failed"
    assert "components.Handler gives “soon” where seconds should be." in told.errors


async def test_a_filter_that_gives_no_records(server: LoopbackServer) -> None:
    code = "class Odd:\n    def filter_records(self, records, **_):\n        return ['odd' for _ in records]\n"
    server.on("/items", items(1))
    added = {"type": "AddFields", "fields": [{"type": "AddedFieldDefinition", "path": ["m"], "value": "x"}]}
    selector = {"record_filter": custom("RecordFilter", "Odd")}
    text = manifest(server, selector=selector, stream={"transformations": [added]})
    told = await read_all(text, CONFIG, custom=allowed(code, "components.py"))
    assert told.outcome == "failed"
    assert told.records == []
    assert "components.Odd gives “odd” where a record should be." in told.errors


async def test_classes_under_the_name_of_an_old_package(server: LoopbackServer) -> None:
    server.on("/items", items())
    text = bad(server, "").replace("source_declarative_manifest.components.Bad", "source_acme.components.Bad")
    told = await read_all(text, CONFIG, custom=allowed())
    assert told.outcome == "complete", told.errors
