"""What custom code may do wrong, and what becomes of the run."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import select
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.custom.host import CustomError, CustomHost
from core.custom.permission import CustomCode
from core.custom.program.frames import LARGEST, FrameError, frame, loads, portions, read_frame
from core.environment import CUSTOM_PYTHON, CUSTOM_SECONDS
from core.errors import InputError
from core.events import SliceFinished
from core.reading import Limits, open_reader
from core.runtime.slices import StreamSlice
from tests.custom.test_against_reference import CONFIG, custom, items, manifest
from tests.support.custom import CODE, allowed
from tests.support.oracle import PYTHON
from tests.support.reading import Told, connector, read_all
from tests.support.server import LoopbackServer

pytestmark = pytest.mark.slow


def bad(server: LoopbackServer, what: str) -> str:
    return manifest(server, stream={"transformations": [custom("Transformation", "Bad", what=what)]})


async def read(server: LoopbackServer, what: str, code: CustomCode | None = None, count: int = 3) -> Told:
    server.on("/items", items(count))
    return await read_all(bad(server, what), CONFIG, custom=code or allowed())


async def test_without_permission_nothing_runs(server: LoopbackServer) -> None:
    server.on("/items", items())
    told = await read_all(bad(server, "prints"), CONFIG)
    assert told.outcome == "failed"
    assert "CustomTransformation" in told.errors
    assert "--custom-code components.py" in told.errors
    assert server.asked == []


async def test_an_exception_names_class_and_line_without_secrets(server: LoopbackServer) -> None:
    line = 1 + CODE.splitlines().index("            raise RuntimeError(f\"no good with {config['kind']}\")")
    server.on("/items", items())
    text = bad(server, "raises") + (
        "spec:\n  type: Spec\n  connection_specification:\n    properties:\n"
        "      kind: {type: string, airbyte_secret: true}\n      regions: {}\n"
    )
    told = await read_all(text, CONFIG, custom=allowed())
    assert told.outcome == "failed"
    assert "source_declarative_manifest.components.Bad failed at" in told.errors
    assert f"custom_components.py:{line}: RuntimeError: no good with ****" in told.errors
    assert "blue-kind" not in repr(told.events)


async def test_what_is_printed_goes_nowhere(server: LoopbackServer, capfd: pytest.CaptureFixture[str]) -> None:
    told = await read(server, "prints")
    assert told.outcome == "complete", told.errors
    assert len(told.records) == 3
    assert capfd.readouterr() == ("", "")


async def test_code_that_ends_its_process(server: LoopbackServer) -> None:
    told = await read(server, "dies")
    assert told.outcome == "failed"
    assert "its process has ended (exit code 3)" in told.errors


async def test_code_that_hangs_is_ended(server: LoopbackServer) -> None:
    told = await read(server, "hangs", allowed(seconds=3))
    assert told.outcome == "failed"
    assert "busy for 3 s" in told.errors
    assert "LONGHAUL_CUSTOM_SECONDS" in told.errors


async def test_a_run_that_is_cancelled_takes_the_process_with_it(server: LoopbackServer) -> None:
    server.on("/items", items())
    loaded = replace(connector(bad(server, "hangs")), custom=allowed())
    async with open_reader(loaded, CONFIG) as reader:
        host = reader.context("items", lambda event: None).run.custom
        assert host is not None
        reading = asyncio.create_task(_drained(reader.read("items")))
        async with asyncio.timeout(60):
            await server.was_asked()
            await asyncio.to_thread(until_asked, host)
        assert host._process is not None
        pid = host._process._process.pid
        reader.cancel()
        await asyncio.wait([reading])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


BUSY = "import re; print('busy', flush=True); re.match('(a+)+$', 'a' * 60 + 'b')"
DAEMON = """
import os, subprocess
daemon = "import os, time; os.fork() and os._exit(0); os.setsid(); print(os.getpid(), flush=True); time.sleep(1000)"
with subprocess.Popen([{python!r}, "-c", daemon], stdout=subprocess.PIPE, text=True, start_new_session=True) as begun:
    with open({file!r}, "w") as pids:
        print(os.getpid(), begun.stdout.readline(), file=pids)
"""


def daemons(folder: Path) -> str:
    """Code that starts a process which leaves its group and its parent; both are named in the file `pids`."""
    return DAEMON.format(python=sys.executable, file=str(folder / "pids"))


def running(folder: Path) -> list[int]:
    """The processes of that code, to wait for."""
    return [os.pidfd_open(int(pid)) for pid in (folder / "pids").read_text(encoding="utf-8").split()]


def until_over(processes: list[int]) -> None:
    for process in processes:
        assert select.select([process], [], [], 30)[0] == [process]
        os.close(process)


linux = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="finds and waits for processes as Linux can")


@linux
@pytest.mark.parametrize("more", ["", BUSY], ids=["idle", "busy"])
def test_all_that_was_started_ends_with_a_process_that_is_killed(more: str, tmp_path: Path) -> None:
    code = daemons(tmp_path) + more
    begin = (
        "import os, signal, threading\n"
        "from core.custom.host import CustomHost\n"
        "from core.custom.permission import CustomCode\n"
        f"code = {code!r}\n"
        "host = CustomHost(CustomCode.of(code, 'c.py'), {}, {})\n"
        "threading.Thread(target=host._running, daemon=True).start()\n"
        f"while not (host._process and (host._process._said if {bool(more)} else host._started.done())):\n"
        "    pass\n"
        "print(host._process._process.pid, flush=True)\n"
        "input()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, CUSTOM_PYTHON: str(PYTHON)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", begin], env=environment, **pipes) as killed:
        assert killed.stdout is not None
        processes = [os.pidfd_open(int(killed.stdout.readline())), *running(tmp_path)]
        killed.communicate("\n")
    assert killed.returncode == -9
    assert len(processes) == 3
    until_over(processes)


@linux
@pytest.mark.parametrize("end", ["", "os.abort()"], ids=["closed", "by itself"])
def test_all_that_was_started_ends_with_the_run(end: str, tmp_path: Path) -> None:
    host = CustomHost(allowed(daemons(tmp_path) + end, "c.py"), {}, {})
    with pytest.raises(CustomError, match="signal 6" if end else "KeyError"):
        host.ask("anything", {"do": "build", "path": [], "definition": {}})
    host.close()
    for pid in (tmp_path / "pids").read_text(encoding="utf-8").split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def until_asked(host: CustomHost) -> None:
    """Wait for the first component to be made."""
    while host._process is None or not host._built:
        pass
    next(iter(host._built.values())).result(60)


async def _drained(events: Any) -> None:
    async for _ in events:
        pass


async def test_records_of_any_size_pass(server: LoopbackServer) -> None:
    told = await read(server, "large", count=40)
    assert [len(record["n"]) for record in told.records] == [2_000_000] * 40


GROWING = """
class Growing:
    def extract_records(self, response):
        yield {1: "small", "size": 0}
        for _ in range(70):
            yield {"size": 2_000_000, "text": "x" * 2_000_000}
"""


async def test_records_that_are_larger_than_the_first_one_pass(server: LoopbackServer) -> None:
    server.on("/items", items(1))
    text = manifest(server, selector={"extractor": custom("RecordExtractor", "Growing")})
    told = await read_all(text, CONFIG, custom=allowed(GROWING, "components.py"))
    assert told.outcome == "complete", told.errors
    assert told.records[0] == {"1": "small", "size": 0}
    assert [len(record["text"]) for record in told.records[1:]] == [2_000_000] * 70


async def test_the_environment_is_not_given_away(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAUL_API_KEY", "key-in-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-key")
    told = await read(server, "environment")
    assert {"LONGHAUL_API_KEY", "AWS_SECRET_ACCESS_KEY"}.isdisjoint(told.records[0]["environment"])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_of_this_name\n", r"at .*code.py:1: ModuleNotFoundError: No module named"),
        ("x = (\n", r"code.py:1: SyntaxError"),
        ("", r"Could not load class `Bad` from module"),
        ("class Bad:\n    pass\n", r"AttributeError: 'Bad' object has no attribute 'transform'"),
    ],
)
async def test_code_that_is_no_good(server: LoopbackServer, code: str, message: str, tmp_path: Path) -> None:
    told = await read(server, "", allowed(code, tmp_path / "code.py"))
    assert told.outcome == "failed"
    assert re.search(message, told.errors), told.errors


CHANGING = """
import resource
class Bad:
    def transform(self, record, config=None, **_):
        record["odd"] = {"half": "a\\ud800b", "whole": "\\ud83d\\ude00", "nan": float("nan"), "huge": 2**80}
        record["cores"] = resource.getrlimit(resource.RLIMIT_CORE)
"""


async def test_values_that_json_has_not(server: LoopbackServer, tmp_path: Path) -> None:
    told = await read(server, "", allowed(CHANGING, tmp_path / "components.py"))
    odd = {"half": "a\ufffdb", "whole": "\U0001f600", "nan": None, "huge": 2**80}
    assert [record["odd"] for record in told.records] == [odd] * 3, told.errors
    assert told.records[0]["cores"] == [0, 0], "memory that holds the inputs is never written to the disk"


DEEP = """
class Bad:
    def transform(self, record, **_):
        for _ in range(990):
            record["n"] = [record["n"]]
        record["huge"] = 2**80
"""


async def test_values_that_are_nested_too_deeply(server: LoopbackServer, tmp_path: Path) -> None:
    told = await read(server, "", allowed(DEEP, tmp_path / "components.py"))
    assert told.outcome == "failed"
    assert "nested too deeply" in told.errors or "RecursionError" in told.errors


INTERFERING = """
import os, struct, sys
class Bad:
    def transform(self, record, **_):
        text = {text}
        os.write(int(sys.argv[2]), struct.pack(">II", len(text), 0) + text)
"""


@pytest.mark.parametrize("text", [b"[]", b"{}", b'{"id": []}', b'{"id": 3, "value": []}', b"\xff"])
async def test_code_that_writes_into_the_pipe(server: LoopbackServer, tmp_path: Path, text: bytes) -> None:
    code = INTERFERING.replace("{text}", repr(text))
    told = await read(server, "", allowed(code, tmp_path / "components.py", seconds=60))
    assert told.outcome == "failed" or b"3" in text, told.errors
    assert "can't be understood" in told.errors or b"3" in text


def test_code_that_does_not_begin_says_so_to_each_that_asks(tmp_path: Path) -> None:
    host = CustomHost(allowed("raise OSError('no disk')\n", tmp_path / "c.py"), {}, {})
    for _ in range(2):
        with pytest.raises(CustomError, match=r"c.py:1: OSError: no disk"):
            host.ask("anything", {"do": "build", "path": [], "definition": {"type": "CustomTransformation"}})
    host.close()


async def test_code_that_hangs_while_it_is_imported_keeps_nobody_from_closing(tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    os.mkfifo(mark)
    code = f"open({str(mark)!r}, 'w').close()\nwhile True: pass\n"
    host = CustomHost(allowed(code, tmp_path / "c.py"), {}, {})
    asking = asyncio.create_task(asyncio.to_thread(host.ask, "anything", {"do": "build"}))
    await asyncio.to_thread(mark.read_text)
    start = time.monotonic()
    host.close()
    with pytest.raises(CustomError, match="the run is over"):
        await asking
    assert time.monotonic() - start < 30


def test_secrets_that_are_cut_are_masked_as_a_whole(tmp_path: Path) -> None:
    secret = "s3cr3t-" * 10
    code = f"raise OSError('x' * 19_980 + {secret!r})\n"
    host = CustomHost(allowed(code, tmp_path / "c.py"), {}, {}, lambda text: text.replace(secret, "****"))
    with pytest.raises(CustomError) as raised:
        host.ask("anything", {"do": "build"})
    host.close()
    assert "s3cr" not in str(raised.value)
    code = f"import os\nos.write(1, b'x' * 9_980 + {secret.encode()!r})\nos._exit(1)\n"
    host = CustomHost(allowed(code, tmp_path / "c.py"), {}, {}, lambda text: text.replace(secret, "****"))
    with pytest.raises(CustomError, match=r"It said: x+\*\*\*\*$"):
        host.ask("anything", {"do": "build"})
    host.close()


def test_many_open_files(tmp_path: Path) -> None:
    allowed_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_000, allowed_files[1]), allowed_files[1]))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        host = CustomHost(allowed("raise OSError('it was asked')\n", tmp_path / "c.py"), {}, {})
        with pytest.raises(CustomError, match="it was asked"):
            host.ask("anything", {"do": "build"})
        host.close()
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed_files)


async def test_modules_beside_the_code_are_found(server: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("VALUE = 7\n", encoding="utf-8")
    code = "import beside\n\nclass Bad:\n    def transform(self, record, **_):\n        record['n'] = beside.VALUE\n"
    told = await read(server, "", allowed(code, tmp_path / "components.py"))
    assert [record["n"] for record in told.records] == [7, 7, 7]


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


def test_a_python_without_the_library(tmp_path: Path) -> None:
    code = CustomCode.of("", tmp_path / "c.py", {CUSTOM_PYTHON: sys.executable})
    host = CustomHost(code, {}, {})
    with pytest.raises(CustomError, match="airbyte-cdk is not installed"):
        host.ask("anything", {"do": "build"})
    host.close()
    with pytest.raises(CustomError, match="over"):
        host.ask("anything", {"do": "build"})


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, r"need the extra `custom`: pip install 'longhaul-connectors\[custom\]'.*LONGHAUL_CUSTOM_PYTHON"),
        ({CUSTOM_PYTHON: "/nothing/here"}, "no program"),
        ({CUSTOM_PYTHON: str(PYTHON), CUSTOM_SECONDS: "soon"}, "must be a number of seconds"),
    ],
)
def test_no_python_that_could_run_it(environment: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        CustomCode.of("", tmp_path / "c.py", environment)


@pytest.mark.parametrize(("content", "message"), [(b"\xff", "not in UTF-8"), (None, "can't be read")])
def test_files_that_are_no_code(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "c.py"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        CustomCode.load(file, {CUSTOM_PYTHON: str(PYTHON)})


def test_frames() -> None:
    rest = frame(b'{"a": 1}', b"body") + b"\0\0"

    def take(size: int) -> bytes:
        nonlocal rest
        taken, rest = rest[:size], rest[size:]
        return taken

    assert read_frame(take) == (b'{"a": 1}', b"body")
    assert read_frame(take) is None
    with pytest.raises(FrameError, match="MB are the most"):
        read_frame(lambda size: (LARGEST + 1).to_bytes(4, "big") + bytes(4))
    assert portions([b"x" * 3] * 5, most=2, largest=100) == [[b"xxx"] * 2, [b"xxx"] * 2, [b"xxx"]]
    assert portions([b"x" * 60, b"y" * 60, b"z"], most=9, largest=50) == [[b"x" * 60], [b"y" * 60], [b"z"]]
    assert loads(b'{"n": 123456789012345678901}') == {"n": 123456789012345678901}
    assert loads(b'{"n": 1000000000000000000000}') == {"n": 10**21}
