"""A refresh token that the API replaces is not lost: it is on the disk before what came with it is used."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import ReadError
from core.outputs.token_file import TokenFile
from tests.support.disk import full_disk
from tests.support.http_bench import Bench
from tests.support.server import Asked, LoopbackServer, Reply


class Api:
    """Gives a new refresh token for each, which is void from then on; so is the access token before."""

    def __init__(self, server: LoopbackServer, file: Path) -> None:
        self.server = server
        self.file = file
        self.number = 0
        self.kept_when_used: list[bool] = []
        self.extra: dict[str, Any] = {}
        server.on("/token", self._token)
        server.on("/data", self._data)

    def _token(self, asked: Asked) -> Reply:
        if asked.form["refresh_token"] != [f"refresh-{self.number}"]:
            return Reply({"error": "invalid_grant"}, 400)
        self.number += 1
        tokens = {"access_token": f"access-{self.number}", "refresh_token": f"refresh-{self.number}"}
        return Reply({**tokens, "expires_in": 600} | self.extra)

    def _data(self, asked: Asked) -> Reply:
        written = self.file.read_text() if self.file.exists() else ""
        self.kept_when_used.append(f'"refresh-{self.number}"' in written)
        good = asked.headers["authorization"] == f"Bearer access-{self.number}"
        return Reply("fine") if good else Reply({"error": "expired"}, 401)

    @property
    def renewals(self) -> list[str]:
        return [asked.form["refresh_token"][0] for asked in self.server.to("/token")]

    def authenticator(self, **fields: Any) -> dict[str, Any]:
        return {
            "type": "OAuthAuthenticator",
            "token_refresh_endpoint": self.server.url("/token"),
            "client_id": "the-client",
            "client_secret": "client-secret",
            "refresh_token": "{{ config['refresh'] }}",
            **fields,
        }


UPDATER = {
    "refresh_token_config_path": ["refresh"],
    "access_token_config_path": ["access"],
    "token_expiry_date_config_path": ["expiry"],
}
KINDS = pytest.mark.parametrize("fields", [{}, {"refresh_token_updater": UPDATER}], ids=["plain", "updater"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.tokens.json"


@pytest.fixture
def api(server: LoopbackServer, file: Path) -> Api:
    return Api(server, file)


@pytest.fixture
async def executor() -> AsyncIterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class Runs:
    """Runs of one connector, one after the other or side by side."""

    def __init__(self, api: Api, executor: ThreadPoolExecutor) -> None:
        self.api = api
        self.executor = executor
        self.seen = ""

    def run(self, refresh: str = "refresh-0") -> Bench:
        bench = Bench(self.executor, config={"refresh": refresh})
        bench.run.tokens = TokenFile(self.api.file)
        return bench

    async def ask(self, bench: Bench, authenticator: dict[str, Any]) -> None:
        requester = {"type": "HttpRequester", "url": self.api.server.url("/data"), "authenticator": authenticator}
        try:
            await bench.send(requester)
        finally:
            self.seen = bench.everything_seen()

    async def once(self, refresh: str = "refresh-0", **fields: Any) -> None:
        bench = self.run(refresh)
        async with bench.session:
            await self.ask(bench, self.api.authenticator(**fields))


@pytest.fixture
def runs(api: Api, executor: ThreadPoolExecutor) -> Runs:
    return Runs(api, executor)


def later(file: Path) -> None:
    """Let the access tokens in the file expire."""
    content = json.loads(file.read_text())
    for one in content["tokens"].values():
        one["expires"] = "2020-01-01T00:00:00+00:00"
    file.write_text(json.dumps(content))


@KINDS
async def test_the_next_run_has_the_new_token(api: Api, runs: Runs, file: Path, fields: dict[str, Any]) -> None:
    await runs.once(**fields)
    later(file)
    await runs.once(**fields)
    assert api.renewals == ["refresh-0", "refresh-1"]
    assert api.kept_when_used == [True, True]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "refresh-0" not in file.read_text()


@KINDS
async def test_an_access_token_that_is_still_valid_is_used_again(api: Api, runs: Runs, fields: dict[str, Any]) -> None:
    await runs.once(**fields)
    await runs.once(**fields)
    assert api.renewals == ["refresh-0"]


async def test_a_kept_token_takes_precedence_over_the_access_token_of_the_inputs(api: Api, runs: Runs) -> None:
    fields: dict[str, Any] = {"refresh_token_updater": UPDATER}
    await runs.once(**fields)
    bench = runs.run()
    bench.config |= {"access": "access-of-old", "expiry": "2099-01-01T00:00:00Z"}
    async with bench.session:
        await runs.ask(bench, api.authenticator(**fields))
    assert [asked.headers["authorization"] for asked in api.server.to("/data")] == ["Bearer access-1"] * 2


@KINDS
async def test_a_new_input_takes_precedence_over_a_kept_token(api: Api, runs: Runs, fields: dict[str, Any]) -> None:
    await runs.once(**fields)
    api.number = 10
    await runs.once("refresh-10", **fields)
    assert api.renewals == ["refresh-0", "refresh-10"]


@KINDS
async def test_a_later_run_continues_with_either_token(
    api: Api, runs: Runs, file: Path, fields: dict[str, Any]
) -> None:
    """The builder has put the new token into its inputs; a file of inputs still holds the first one."""
    await runs.once("refresh-0", **fields)
    later(file)
    await runs.once("refresh-1", **fields)
    later(file)
    await runs.once("refresh-0", **fields)
    later(file)
    await runs.once("refresh-2", **fields)
    assert api.renewals == ["refresh-0", "refresh-1", "refresh-2", "refresh-3"]


@KINDS
async def test_a_long_run_continues_with_the_newest_token(
    api: Api, runs: Runs, file: Path, fields: dict[str, Any]
) -> None:
    bench = runs.run()
    async with bench.session:
        for _ in range(3):
            await runs.ask(bench, api.authenticator(**fields))
            bench.now += timedelta(hours=1)
    assert api.renewals == ["refresh-0", "refresh-1", "refresh-2"]
    assert "refresh-3" in file.read_text()


async def test_authenticators_that_ask_for_different_things_share_the_refresh_token(api: Api, runs: Runs) -> None:
    bench = runs.run()
    async with bench.session:
        await runs.ask(bench, api.authenticator(scopes=["read"]))
        await runs.ask(bench, api.authenticator(scopes=["write"]))
    assert api.renewals == ["refresh-0", "refresh-1"]


async def test_streams_with_other_parameters_share_the_access_token_too(api: Api, runs: Runs) -> None:
    bench = runs.run()
    async with bench.session:
        for name in ("one", "two"):
            await runs.ask(bench, api.authenticator() | {"$parameters": {"stream": name}})
    assert api.renewals == ["refresh-0"]


async def test_it_works_behind_a_choice_of_authenticators(api: Api, runs: Runs, file: Path) -> None:
    for _ in range(2):
        bench = runs.run()
        bench.config["how"] = "oauth"
        choice = {
            "type": "SelectiveAuthenticator",
            "authenticator_selection_path": ["how"],
            "authenticators": {"oauth": api.authenticator(), "none": {"type": "NoAuth"}},
        }
        async with bench.session:
            await runs.ask(bench, choice)
        later(file)
    assert api.renewals == ["refresh-0", "refresh-1"]


@KINDS
async def test_only_one_of_two_parallel_runs_renews(api: Api, runs: Runs, fields: dict[str, Any]) -> None:
    await asyncio.gather(*(runs.once(**fields) for _ in range(4)))
    assert api.renewals == ["refresh-0"]


@KINDS
async def test_a_run_whose_access_token_became_invalid_uses_that_of_the_other(
    api: Api, runs: Runs, fields: dict[str, Any]
) -> None:
    first, second = runs.run(), runs.run()
    async with first.session, second.session:
        await runs.ask(first, api.authenticator(**fields))
        await runs.ask(second, api.authenticator(**fields))
        first.now += timedelta(minutes=11)
        await runs.ask(first, api.authenticator(**fields))
        second.now += timedelta(minutes=5)
        await runs.ask(second, api.authenticator(**fields))
    assert api.renewals == ["refresh-0", "refresh-1"]


async def test_a_token_without_a_successor_leaves_no_file(api: Api, runs: Runs, file: Path) -> None:
    api.extra = {"refresh_token": "refresh-0"}
    await runs.once()
    api.number, api.extra = 0, {"refresh_token": None}
    await runs.once()
    assert list(file.parent.iterdir()) == []


async def test_client_credentials_need_no_file(api: Api, runs: Runs, file: Path) -> None:
    api.server.on("/token", Reply({"access_token": "access-0", "refresh_token": "never asked for", "expires_in": 60}))
    await runs.once(grant_type="client_credentials", refresh_token=None)
    assert list(file.parent.iterdir()) == []


@KINDS
@pytest.mark.parametrize("extra", [{"access_token": None}, {"expires_in": "soon"}], ids=["no access", "no expiry"])
async def test_the_new_token_is_kept_even_if_the_response_is_useless(
    api: Api, runs: Runs, fields: dict[str, Any], extra: dict[str, Any]
) -> None:
    api.extra = extra
    with pytest.raises(ReadError, match=r"holds no `access_token`|expiry should be"):
        await runs.once(**fields)
    api.extra = {}
    await runs.once(**fields)
    assert api.renewals == ["refresh-0", "refresh-1"]


async def test_the_new_token_is_kept_even_if_the_run_is_cancelled(api: Api, runs: Runs, file: Path) -> None:
    gate = asyncio.Event()
    api.server.on("/token", Reply({"access_token": "access-1", "refresh_token": "refresh-1"}, gate=gate))
    task = asyncio.create_task(runs.once())
    await api.server.was_asked()
    task.cancel()
    asyncio.get_running_loop().call_soon(gate.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "refresh-1" in file.read_text()
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@KINDS
async def test_a_file_that_cannot_be_written_is_reported_and_tried_again(
    api: Api, runs: Runs, file: Path, fields: dict[str, Any]
) -> None:
    api.file = file.parent / "full" / "tokens.json"
    api.file.parent.write_text("a file where the folder should be")
    bench = runs.run()
    async with bench.session:
        for _ in range(2):
            await runs.ask(bench, api.authenticator(**fields))
            bench.now += timedelta(hours=1)
    assert api.renewals == ["refresh-0", "refresh-1"]
    assert "the new one can't be kept" in bench.log[0]
    assert "This run goes on with it" in bench.log[0]
    assert "refresh-" not in runs.seen
    store = bench.run.tokens
    assert isinstance(store, TokenFile)
    assert "a part of the path is a file" in str(store.settle())
    api.file.parent.unlink()
    assert "the directory is gone or does not exist" in str(store.settle())
    api.file.parent.mkdir()
    assert store.settle() is None
    await runs.once(**fields)
    assert api.renewals[2:] in ([], ["refresh-2"])


async def test_a_full_disk_leaves_the_previous_file(api: Api, runs: Runs, file: Path) -> None:
    await runs.once()
    later(file)
    before = file.read_text()
    with full_disk(len(before) - 50):
        await runs.once()
    assert "the new one can't be kept" in runs.seen
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"tokens": {"a": 1}}', '{"tokens": {"a": {}}}', "\x00"])
async def test_a_damaged_file_stops_the_run_before_the_input_is_used_up(
    api: Api, runs: Runs, file: Path, text: str
) -> None:
    file.write_text(text)
    with pytest.raises(ReadError, match="is not a file of renewed tokens any more"):
        await runs.once()
    assert api.renewals == []
    assert file.read_text() == text


@contextmanager
def nobody() -> Iterator[None]:
    """What root may do is not allowed meanwhile."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_is_closed_to_us_holds_nothing_of_ours(tmp_path: Path) -> None:
    """As the home of somebody else in the environment of a job."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    try:
        with nobody():
            TokenFile(closed / "longhaul" / "tokens.json", own=True).check()
    finally:
        closed.chmod(0o700)


async def test_a_planted_link_is_not_followed(api: Api, runs: Runs, file: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    file.symlink_to(victim)
    with pytest.raises(ReadError, match="can't be read"):
        await runs.once()
    assert victim.read_text() == "precious"


async def test_a_file_that_others_could_read_is_closed_to_them(api: Api, runs: Runs, file: Path) -> None:
    await runs.once()
    file.chmod(0o666)
    later(file)
    await runs.once()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@KINDS
async def test_no_token_is_ever_shown(api: Api, runs: Runs, file: Path, fields: dict[str, Any]) -> None:
    await runs.once(**fields)
    first = runs.seen
    later(file)
    await runs.once(**fields)
    for number in range(3):
        for kind in ("refresh", "access"):
            assert f"{kind}-{number}" not in first + runs.seen
    assert f"The new one is kept in {file}." in first
