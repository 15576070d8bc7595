"""The command line, from its arguments to its exit codes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import sample_configs.demo_api
from core.command.arguments import Arguments
from core.command.cli import main
from sample_configs import sample
from sample_configs.demo_api import DemoApi, Fault
from tui.command import open_builder

ORDERS = str(sample("orders_paginated").path)
CONTACTS = str(sample("sendgrid_contacts").path)


@dataclass(frozen=True)
class CommandResult:
    code: int
    out: str
    err: str


Command = Callable[..., CommandResult]


@pytest.fixture
def longhaul(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command, run in this process."""

    def command(*arguments: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["longhaul", *map(str, arguments)])
        try:
            code = main()
        except SystemExit as end:
            code = int(end.code or 0)
        return CommandResult(code, *capfd.readouterr())

    return command


@pytest.fixture(scope="module")
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=30) as demo:
        yield demo


@pytest.fixture
def config(api: DemoApi, tmp_path: Path) -> Path:
    """The inputs of the paginated sample, as a file."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(api.inputs("orders_paginated")))
    return path


def loaded_by(*arguments: str) -> set[str]:
    """The modules that the command loads."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *sys.modules, file=sys.stderr))\n"
        "from tui.command import main\n"
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return set(done.stderr.partition("LOADED ")[2].split())


def test_help_names_every_option_and_loads_nothing_heavy(longhaul: Command) -> None:
    result = longhaul("--help")
    assert result.code == 0
    for option in (
        *("--run", "--validate", "--demo", "--version", "--stream", "--config", "--set", "--state"),
        *("--output", "--limit", "--trace", "--log-level", "--quiet"),
    ):
        assert option in result.out
    assert "130 Ctrl-C" in result.out
    loaded = loaded_by("--help")
    assert "core.command.arguments" in loaded
    heavy = {"httpx", "pydantic", "yaml", "jinja2", "rich", "orjson", "textual", "asyncio", "core.reading"}
    assert not loaded & heavy


def test_a_run_loads_no_screen_and_nothing_heavy_that_it_does_not_need(config: Path) -> None:
    loaded = loaded_by("--run", ORDERS, "--config", str(config), "--stream", "orders")
    assert "core.reading" in loaded
    assert {name for name in loaded if name.split(".")[0] == "tui"} == {"tui", "tui.command"}
    heavy = {"textual", "airbyte_cdk", "pandas", "numpy", "pyarrow", "jsonpath_ng", "jwt", "cryptography"}
    heavy |= {"botocore", "python_calamine", "click", "pygments", "rich"}
    assert not loaded & {*heavy, "core.progress.live", "sample_configs"}


def test_validating_loads_nothing_that_only_a_run_needs() -> None:
    loaded = loaded_by("--validate", ORDERS)
    assert "core.connector" in loaded
    for_runs = {"core.reading", "core.http.session", "core.http.connections", "core.jobs.job_slice", "core.jobs.life"}
    heavy = {"httpcore", "h11", "regex", "dateutil.parser", "xmltodict", "anyascii", "rich", "textual", "jsonpath_ng"}
    assert not loaded & (for_runs | heavy)


def test_version(longhaul: Command) -> None:
    result = longhaul("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("longhaul ")


@pytest.mark.parametrize("arguments", [[], ["connector.yaml"], ["--demo"]])
def test_the_engine_alone_says_that_it_has_no_builder_and_what_works(longhaul: Command, arguments: list[str]) -> None:
    result = longhaul(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert "the builder is not part of this installation" in result.err
    assert "longhaul --demo --run" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--run"], "--run needs a manifest"),
        (["--run", "a.yaml", "--validate", "a.yaml"], "--run and --validate exclude each other"),
        (["--demo", "--validate", "a.yaml"], "--demo goes with --run"),
        (["--run", "a.yaml", "b.yaml"], "one manifest at a time: b.yaml or a.yaml?"),
        (["--validate", "a.yaml", "--stream", "x"], "--stream only goes with --run"),
        (["a.yaml", "--quiet", "--set", "a=b"], "--set, --quiet only go with --run"),
        (["--run", "a.yaml", "--limit", "0"], "'0' is not a whole number above 0"),
        (["--run", "a.yaml", "--limit", "many"], "'many' is not a whole number above 0"),
        (["--run", "a.yaml", "--log-level", "loud"], "'loud' is none of debug, info, warning, error"),
        (["--run", "a.yaml", "--limt", "5"], "there is no option --limt (did you mean --limit?)"),
        (["--run", "a.yaml", "--limt=5"], "there is no option --limt (did you mean --limit?)"),
        (["--run", "a.yaml", "--out", "x"], "there is no option --out (did you mean --output?)"),
        (["-validte", "a.yaml"], "there is no option -validte (did you mean --validate?)"),
        (["a.yaml", "--zzzz", "--sate", "x"], "there is no option --zzzz, and no --sate (did you mean --state?)"),
        (["a.yaml", "--quiet", "b.yaml"], "one manifest at a time: a.yaml or b.yaml?"),
        (["--validate"], "argument --validate: expected at least one argument"),
    ],
)
def test_wrong_usage_is_code_2_and_one_sentence(longhaul: Command, arguments: list[str], message: str) -> None:
    result = longhaul(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("longhaul: ")
    assert message in result.err
    assert result.err.endswith("Try: longhaul --help\n")


def test_validate_says_that_all_is_well(longhaul: Command) -> None:
    assert longhaul("--validate", ORDERS) == CommandResult(0, f"{ORDERS} is valid\n", "")


def test_validate_lists_the_problems_with_their_places(longhaul: Command, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(Path(CONTACTS).read_text().replace("http_method:", "http_methd:"))
    result = longhaul("--validate", path)
    number = (
        path.read_text()
        .splitlines()
        .index(next(line for line in path.read_text().splitlines() if "http_methd" in line))
    )
    assert f"{path}:{number + 1}:" in result.out
    assert "did you mean `http_method`" in result.out
    *lines, summary = result.out.splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    assert "warning" in summary


@pytest.mark.parametrize("text", ["a: [", "", "- 1", "\x00"])
@pytest.mark.parametrize("command", ["--validate", "--run"])
def test_what_is_no_manifest_is_code_2(longhaul: Command, tmp_path: Path, text: str, command: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    result = longhaul(command, path)
    assert result.code == 2
    assert f"{path}" in result.out + result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("name", ["missing.yaml", "x" * 300, "missing.yaml/", "\udcff"])
@pytest.mark.parametrize("command", ["--validate", "--run"])
def test_a_manifest_that_is_not_there_is_code_2(longhaul: Command, command: str, name: str) -> None:
    result = longhaul(command, name)
    assert result.code == 2
    assert any(text in result.out + result.err for text in ("There is no such file", "File name too long"))
    assert "fault" not in result.err


def test_the_builder_says_that_a_name_is_none_of_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert open_builder(Arguments(manifest=Path("x" * 300))) == 2
    assert "there is no file xxx" in capsys.readouterr().err


def test_the_demo_reads_a_job_and_says_how_many_records_went_where(
    longhaul: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_configs.demo_api, "DemoApi", partial(DemoApi, pace=0, rows=20))
    result = longhaul("--demo", "--run", "--output", tmp_path / "contacts.csv")
    assert (result.code, result.out) == (0, "")
    assert (tmp_path / "contacts.csv").read_text().count("\n") == 21
    for phase in ("creating the job", "is running", "completed", "downloading", "done"):
        assert sum(phase in line for line in result.err.splitlines()) == 1
    assert "20 records, 1 slice, " in result.err
    assert result.err.rstrip().endswith(f"-> {tmp_path}/contacts.csv")


def test_the_demo_reads_the_sample_that_is_named(
    longhaul: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_configs.demo_api, "DemoApi", partial(DemoApi, pace=0, rows=20))
    result = longhaul("--demo", "--run", "stripe_report_run", "--output", tmp_path / "report.csv")
    assert result.code == 0
    assert (tmp_path / "report.csv").read_text().startswith("balance_transaction_id,")


UNKNOWN_SAMPLE = "longhaul: there is no sample nothing; there are sendgrid_contacts, "


def test_an_unknown_sample_is_code_2_with_the_names_that_there_are(longhaul: Command) -> None:
    result = longhaul("--demo", "--run", "nothing")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(UNKNOWN_SAMPLE)


def test_the_builder_opens_on_no_unknown_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert open_builder(Arguments(demo=True, sample="nothing")) == 2
    assert capsys.readouterr().err.startswith(UNKNOWN_SAMPLE)


def test_standard_output_carries_nothing_but_records(longhaul: Command, config: Path) -> None:
    result = longhaul("--run", ORDERS, "--config", config, "--stream", "orders", "--limit", "3")
    assert result.code == 0
    assert [set(json.loads(line)) >= {"id"} for line in result.out.splitlines()] == [True] * 3
    assert "3 records" in result.err


def test_quiet_shows_nothing_when_all_is_well(longhaul: Command, config: Path) -> None:
    result = longhaul("--run", ORDERS, "--config", config, "--stream", "orders", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert len(result.out.splitlines()) == 30


def test_inputs_may_come_from_the_environment_and_the_command_line(
    longhaul: Command, api: DemoApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = api.inputs("orders_paginated").items()
    monkeypatch.setenv(f"LONGHAUL_{first[0].upper()}", str(first[1]))
    settings = [part for name, value in others for part in ("--set", f"{name}={value}")]
    assert longhaul("--run", ORDERS, "--stream", "stores", *settings).code == 0


def test_a_missing_input_is_code_2(longhaul: Command) -> None:
    result = longhaul("--run", CONTACTS)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "longhaul: The input `api_key` (API key) is missing. It is a secret: give it in the --config file, or as "
        "LONGHAUL_API_KEY in the environment.\n"
    )


_RULES = """\
  config_normalization_rules:
    type: ConfigNormalizationRules
    config_migrations:
      - type: ConfigMigration
        transformations:
          - type: ConfigAddFields
            fields: [{type: AddedFieldDefinition, path: [api_key], value: "{{ config['key'] }}"}]
          - {type: ConfigRemoveFields, field_pointers: [[key]]}
    validations:
      - type: PredicateValidator
        value: "{{ config['api_url'] | length }}"
        validation_strategy: {type: ValidateAdheresToSchema, base_schema: {type: integer, minimum: 10}}
"""


def test_inputs_are_migrated_and_checked_before_a_run(longhaul: Command, api: DemoApi, tmp_path: Path) -> None:
    manifest = tmp_path / "orders.yaml"
    manifest.write_text(Path(ORDERS).read_text().replace("spec:\n  type: Spec\n", f"spec:\n  type: Spec\n{_RULES}"))
    inputs = api.inputs("orders_paginated")
    old = {"key": inputs.pop("api_key"), **inputs}
    config = tmp_path / "old.json"
    config.write_text(json.dumps(old))
    assert longhaul("--run", manifest, "--stream", "stores", "--config", config).code == 0
    assert json.loads(config.read_text()) == old

    result = longhaul("--run", manifest, "--config", config, "--set", "api_url=short")
    assert (result.code, result.out) == (2, "")
    assert "The value of `{{ config['api_url'] | length }}` must be at least 10." in result.err


def test_several_streams_do_not_fit_one_output(longhaul: Command, config: Path, tmp_path: Path) -> None:
    for more in ([], ["--output", str(tmp_path / "all.jsonl")]):
        result = longhaul("--run", ORDERS, "--config", config, *more)
        assert result.code == 2
        assert "--stream NAME" in result.err
        assert "--output DIRECTORY" in result.err


def test_several_streams_go_to_a_directory(longhaul: Command, config: Path, tmp_path: Path) -> None:
    result = longhaul("--run", ORDERS, "--config", config, "--output", tmp_path / "out", "--trace", tmp_path / "t.har")
    assert result.code == 0
    names = set(sample("orders_paginated").streams)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.jsonl" for name in names}
    entries = json.loads((tmp_path / "t.har").read_text())["log"]["entries"]
    asking = {entry["_stream"] for entry in entries}
    assert names - {"stores"} <= asking <= names  # a parent is asked for once, by whoever is first


def test_an_unknown_stream_is_code_2_and_the_near_one_is_named(longhaul: Command, config: Path) -> None:
    result = longhaul("--run", ORDERS, "--config", config, "--stream", "order")
    assert result.code == 2
    assert "There is no stream `order`; did you mean `orders`?" in result.err
    result = longhaul("--run", ORDERS, "--config", config, "--stream", "xyz")
    assert "there are orders" in result.err


def test_a_failed_stream_is_code_1_and_the_others_are_read(
    longhaul: Command, api: DemoApi, config: Path, tmp_path: Path
) -> None:
    api.misbehave(Fault(path="*/orders", status=403, times=None))
    result = longhaul("--run", ORDERS, "--config", config, "--output", tmp_path)
    api.behave()
    assert result.code == 1
    assert "ERROR: orders: failed (0 records, 1 slice, " in result.err
    assert "2 of 3 streams read, 1 failed" in result.err
    assert (tmp_path / "stores.jsonl").read_text().count("\n") == 5
    assert not (tmp_path / "orders.jsonl").exists()


def test_no_traceback_reaches_a_person_and_no_secret(longhaul: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object, **_more: object) -> None:
        raise RuntimeError("what hunter2hunter2 meant")

    monkeypatch.setattr("core.command.preparation.gather_inputs", fault)
    result = longhaul("--run", CONTACTS, "--set", "api_key=hunter2hunter2")
    assert result.code == 1
    assert result.err.startswith("longhaul: stopped by an internal error of Longhaul (RuntimeError: what **** meant).")
    assert "Traceback" not in result.err
    monkeypatch.setenv("LONGHAUL_DEBUG", "1")
    result = longhaul("--run", CONTACTS, "--set", "api_key=hunter2hunter2")
    assert "Traceback" in result.err
    assert "hunter2" not in result.err
    for url in ("postgresql://me:hunter2hunter2@host/crm", "postgresql://me:hunter%32hunter2@host/crm"):
        assert "hunter2" not in longhaul("--run", CONTACTS, "--to", url).err


def test_a_reader_that_stops_reading_is_no_failure(config: Path) -> None:
    command = [sys.executable, "-m", "core.command.cli", "--run", ORDERS, "--config", str(config), "--stream", "orders"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


def test_closed_standard_output_is_reported(config: Path) -> None:
    command = f'exec "{sys.executable}" -m core.command.cli --run "{ORDERS}" --config "{config}" --stream orders >&-'
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 2
    assert b"Standard output is closed" in done.stderr


def test_a_manifest_is_validated_also_where_nobody_reads_what_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("streams: 3", encoding="utf-8")
    command = f'exec "{sys.executable}" -m core.command.cli --validate "$1" >&-'
    done = [
        subprocess.run(["sh", "-c", command, "sh", str(each)], stderr=subprocess.PIPE, check=False, timeout=60)
        for each in (ORDERS, broken)
    ]
    assert [(one.returncode, one.stderr) for one in done] == [(0, b""), (2, b"")]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_aborts_the_run_with_its_code(tmp_path: Path, number: int, code: int) -> None:
    with DemoApi(pace=100, rows=30) as slow:
        (tmp_path / "config.json").write_text(json.dumps(slow.inputs("sendgrid_contacts")))
        arguments = ["--run", CONTACTS, "--config", str(tmp_path / "config.json")]
        process = subprocess.Popen(
            [sys.executable, "-m", "core.command.cli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        for line in process.stderr:
            if b"is running" in line:
                process.send_signal(number)
                break
        out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == b""
    assert b"Cancelling" in err
    assert b"Traceback" not in err


def shown_on_a_terminal(arguments: list[str], **environment: str) -> bytes:
    """What a run that succeeds writes to a terminal of 80 columns."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "core.command.cli", *arguments],
        stderr=terminal,
        stdout=terminal,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment},
    )
    os.close(terminal)
    shown = b""
    with suppress(OSError):  # the terminal is gone when the program ends
        while data := os.read(controller, 10_000):
            shown += data
    os.close(controller)
    assert process.wait(30) == 0
    return shown


def test_a_terminal_shows_a_live_picture(config: Path, tmp_path: Path) -> None:
    shown = shown_on_a_terminal(["--run", ORDERS, "--config", str(config), "--output", str(tmp_path / "out")])
    assert b"\x1b[?25l" in shown
    assert b"\x1b[?25h" in shown
    assert b"3 of 3 streams read" in shown


def test_a_terminal_shows_the_line_of_a_job(tmp_path: Path) -> None:
    with DemoApi(pace=0.3) as api:
        inputs = tmp_path / "inputs.json"
        inputs.write_text(json.dumps(api.inputs("sendgrid_contacts")))
        run = ["--run", str(sample("sendgrid_contacts").path), "--config", str(inputs), "--output"]
        shown = shown_on_a_terminal([*run, str(tmp_path / "one.jsonl")]).decode()
        assert "●" in shown
        assert "▶" in shown
        assert "limit 30 min" in shown
        assert "\x1b[36m" in shown or "\x1b[1;36m" in shown  # a mark in its colour

        plain = shown_on_a_terminal([*run, str(tmp_path / "two.jsonl")], LC_ALL="C", NO_COLOR="1").decode()
        assert "limit 30 min" in plain
        assert ">" in plain.replace("\r\n", "")
        assert plain.isascii()
        assert "\x1b[36m" not in plain
