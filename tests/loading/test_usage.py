"""What is said when a destination can't be used: one line, no password, and code 2 before anything is read."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.loading.address import parse_address
from core.loading.faults import load_error
from tests.loading.conftest import PASSWORD
from tests.loading.support import PATIENCE, OrdersApi, run, surroundings

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "duckdb:///x.duckdb", "--state", "s.json"], "with --to, the state is kept in the destination"),
        (["--to", "nosuch://there"], "there is no destination `nosuch`"),
        (["--to", "$NOWHERE"], "there is no variable NOWHERE in the environment"),
        (["--to", "duckdb:///x.duckdb", "--dataset", "x"], "DuckDB can't tell a schema from its file"),
        (["--to", "lake/", "--write", "merge"], "can't merge records into a table; choose append or replace"),
        (["--to", "postgresql://u:geheim@127.0.0.1:1/x"], "refused; check the address, and whether the server runs"),
        (["--to", "snowflake://u:geheim@account/db"], "pip install 'dlt[snowflake]'"),
        (["--to", "missing/x.duckdb"], "there is no directory"),
        (["--to", "shop.yaml/lake"], "; choose another folder."),
    ],
)
def test_what_can_not_work_is_said_in_one_line_before_anything_is_read(
    api: OrdersApi, tmp_path: Path, options: list[str], message: str
) -> None:
    code, out, err = run("--run", api.manifest(tmp_path), *options, folder=tmp_path)
    assert (code, out, api.asked) == (2, "", [])
    assert message in err
    assert len([line for line in err.splitlines() if not line.startswith("Try: ")]) == 1, err
    assert "geheim" not in err


def test_a_secret_at_the_end_of_a_long_message_is_not_cut_in_two() -> None:
    address = parse_address("postgresql://loader:geheimnis-und-mehr@there/db")
    error = RuntimeError(f"{'x' * 385} geheimnis-und-mehr")
    said = str(load_error(error, address))
    assert "geheim" not in said
    assert said.startswith("postgresql://loader@there/db can't be loaded: xxx")


COMMAND = """
import signal, sys
from core.command.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
"""As from a terminal: what a shell starts in the background ignores Ctrl-C."""


def test_ctrl_c_does_not_wait_for_a_server_that_says_nothing(api: OrdersApi, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        running = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "--run", str(api.manifest(tmp_path)), "--to",
             f"postgresql://u:p@127.0.0.1:{server.getsockname()[1]}/x"],
            cwd=tmp_path, env=surroundings(tmp_path),
        )  # fmt: skip
        connection, _ = server.accept()
        with connection:
            running.send_signal(signal.SIGINT)
            assert running.wait(10) == 130  # a driver gives up after 15 seconds


def test_postgresql_refuses(api: OrdersApi, tmp_path: Path, postgres: str) -> None:
    manifest = api.manifest(tmp_path)
    for url, advice in (
        (postgres.replace("s3cret", "wrong"), "check the user, the password or the keys."),
        (f"{postgres}_missing", "create it first, or correct the name."),
    ):
        code, _, err = run("--run", manifest, "--to", url, folder=tmp_path)
        assert (code, api.asked) == (2, [])
        assert err.count("\n") == 1
        assert err.endswith(f"{advice}\n")
        assert PASSWORD not in err
        assert url not in err
        assert "wrong" not in err


def test_no_file_keeps_the_password_when_a_load_fails(api: OrdersApi, tmp_path: Path, postgres: str) -> None:
    from tests.loading.support import postgres_rows

    postgres_rows(postgres, "CREATE SCHEMA shop; CREATE TABLE shop.orders (id date); SELECT 1")
    code, _, err = run("--run", api.manifest(tmp_path), "--to", postgres, "--log-level", "debug", folder=tmp_path)
    assert code in (0, 1), err
    assert PASSWORD not in err
    for file in (tmp_path / "state").rglob("*"):
        assert not file.is_file() or (PASSWORD.encode() not in file.read_bytes()), file
