"""A builder behind each tab: it works on the files of the server, and ends with its tab or with the server."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from core.manifest.document import Document
from sample_configs import sample
from tests.support import jobs_api
from tests.support.server import LoopbackServer
from tests.tui.web.support import serving, until_gone
from tui.model.project import pending_drafts

pytestmark = pytest.mark.slow
F5, SAVE, QUIT = "\x1b[15~", "\x13", "\x11"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "contacts.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text(encoding="utf-8"), encoding="utf-8")
    return path


async def test_each_tab_edits_the_file_on_the_server(manifest: Path) -> None:
    with serving("--serve", manifest.name, folder=manifest.parent) as server:
        async with server.tab() as tab, server.tab() as other:
            await tab.wait("API Endpoint URL")
            await other.wait("API Endpoint URL")
            assert len(server.builders()) == 2
            assert "alt+q Quit" in tab.drawn  # browsers keep Ctrl+Q for themselves
            for one in (tab, other):
                await one.type("\x1b[F")  # End
            await tab.type("x")
            await tab.wait("Unsaved")
            await tab.type(SAVE)
            await tab.wait("Saved contacts.yaml")
            assert "exportsx" in manifest.read_text(encoding="utf-8")
            await other.type("y")
            await other.wait("Unsaved")
            await other.type(SAVE)
            await other.wait("was changed by another program")
            assert "exportsy" not in manifest.read_text(encoding="utf-8")
            await tab.type(QUIT)
            await tab.ended()
            assert len(server.builders()) == 1


async def test_a_closed_tab_aborts_the_job_of_its_test_and_keeps_a_draft(
    server: LoopbackServer, tmp_path: Path
) -> None:
    manifest = tmp_path / "exports.yaml"
    manifest.write_text(jobs_api.manifest(server, retriever=jobs_api.ABORT % server.url()), encoding="utf-8")
    jobs_api.serve_job(server, "busy")
    with serving("--serve", manifest.name, folder=tmp_path) as serve:
        async with serve.tab() as tab:
            await tab.wait("API Endpoint URL")
            (pid,) = serve.builders()
            await tab.type("\x1b[F")
            await tab.type("?x=1")
            await tab.wait("Unsaved")
            await tab.type(F5)
            await tab.wait("next poll")
        await until_gone(pid)
    assert len(server.to("/jobs/j1/abort")) == 1
    drafts = [draft for draft in pending_drafts() if draft.path == manifest.resolve()]
    assert [Document.parse(draft.text) is not None and "?x=1" in draft.text for draft in drafts] == [True]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
async def test_the_builders_end_with_the_server(
    server: LoopbackServer, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    manifest = tmp_path / "exports.yaml"
    manifest.write_text(jobs_api.manifest(server, retriever=jobs_api.ABORT % server.url()), encoding="utf-8")
    jobs_api.serve_job(server, "busy")
    with serving("--serve", manifest.name, folder=tmp_path) as serve:
        async with serve.tab() as tab:
            await tab.wait("API Endpoint URL")
            await tab.type(F5)
            await tab.wait("next poll")
            (pid,) = serve.builders()
            os.kill(serve.process.pid, number)
            await tab.ended()
        assert await asyncio.to_thread(serve.process.wait, 20) == code
        await until_gone(pid)
    assert len(server.to("/jobs/j1/abort")) == 1


async def test_a_tab_shows_why_its_builder_could_not_open(manifest: Path) -> None:
    with serving("--serve", manifest.name, folder=manifest.parent) as server:
        manifest.unlink()
        async with server.tab() as tab:
            assert "there is no file contacts.yaml" in await tab.ended()


async def test_a_size_that_makes_no_sense_is_no_way_to_fill_the_memory(manifest: Path) -> None:
    with serving("--serve", manifest.name, folder=manifest.parent) as server:
        async with server.tab(width=10**12, height=-5) as tab:
            await tab.wait("Longhaul")
            (pid,) = server.builders()
            size = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"COLUMNS=1000\0" in size
        assert b"ROWS=1\0" in size
        await until_gone(pid)


async def test_a_page_that_talks_nonsense_ends_its_own_tab_only(manifest: Path) -> None:
    with serving("--serve", manifest.name, folder=manifest.parent) as server:
        for nonsense in (["stdin", 5], {"type": "stdin"}, ["resize", {"width": "wide"}]):
            async with server.tab() as tab:
                await tab.wait("Longhaul")
                await tab.send(nonsense)
                await tab.ended()
        assert server.builders() == []
        async with server.tab() as tab:
            await tab.wait("API Endpoint URL")
    assert server.said() == ["Ctrl-C ends it."]
