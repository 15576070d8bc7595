"""What custom code may do wrong, and what becomes of the run."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import sys
import time
from pathlib import Path

import pytest

from core.custom.host import CustomError, CustomHost
from core.custom.permission import CustomCode
from core.custom.program.frames import LARGEST, FrameError, frame, loads, portions, read_frame
from core.environment import CUSTOM_PYTHON, CUSTOM_SECONDS
from core.errors import InputError
from tests.custom.support import bad, read
from tests.custom.test_against_reference import CONFIG, custom, items, manifest
from tests.support.custom import CODE, allowed
from tests.support.oracle import PYTHON
from tests.support.reading import read_all
from tests.support.server import LoopbackServer

pytestmark = pytest.mark.slow


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
