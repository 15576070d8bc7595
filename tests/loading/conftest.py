"""Real places to load into: each is started by the tests that need it, on loopback."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loading.support import OrdersApi

pytest.importorskip("dlt", reason="dlt is not installed: pip install 'longhaul-connectors[dlt]'")

PASSWORD = "s3cret/of@postgres"


@pytest.fixture
def api() -> Iterator[OrdersApi]:
    with OrdersApi() as api:
        yield api


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[int]:
    """The port of a PostgreSQL of this machine; its user `loader` has `PASSWORD`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        pytest.skip("PostgreSQL is not installed on this machine: apt-get install postgresql")
    programs, owner = Path(initdb).parent, None
    if os.getuid() == 0:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL doesn't run as root, and there is no user `postgres` on this machine")
    folder = Path(tempfile.mkdtemp(prefix="longhaul-pg-"))
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": ()} if owner else {}

    def call(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **user)  # type: ignore[call-overload]

    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    data, port = folder / "data", _free_port()
    try:
        call(str(programs / "initdb"), "-D", str(data), "-U", "loader", "--auth=scram-sha-256", "--no-sync",
             f"--pwfile={password}", "--encoding=UTF8", "--locale=C")  # fmt: skip
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c shared_buffers=16MB"
        call(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield port
        finally:
            call(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_server: int) -> Iterator[str]:
    """The URL of a database of its own."""
    from urllib.parse import quote

    name = f"test_{secrets.token_hex(4)}"
    _postgres_command(postgres_server, f"CREATE DATABASE {name}")
    yield f"postgresql://loader:{quote(PASSWORD, safe='')}@127.0.0.1:{postgres_server}/{name}"
    _postgres_command(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def _postgres_command(port: int, statement: str) -> None:
    import psycopg2

    connection = psycopg2.connect(host="127.0.0.1", port=port, user="loader", password=PASSWORD, dbname="postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The URL of a server that speaks S3."""
    server = pytest.importorskip("moto.server", reason="moto's server is not installed: pip install 'moto[server]'")
    pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'longhaul-connectors[s3]'")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        running.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
