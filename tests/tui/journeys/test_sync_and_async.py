"""A synchronous stream is made an asynchronous one and back; everything is undone and done again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sample_configs import sample
from tests.tui.shell.support import Shell, opened

RETRIEVER = ("streams", 0, "retriever")


async def switch(shell: Shell, to: str) -> None:
    """Choose the other Retrieval Type in the head of the stream."""
    await shell.press("ctrl+p")
    await shell.until_dialog("CommandPalette")
    await shell.type("switch between")
    await shell.until_shown("Stream: switch between sync and async")
    await shell.press("enter")
    await shell.until_dialog("ConfirmDialog")
    assert "Kept" in shell.text
    await shell.press("enter")
    await shell.until(lambda: shell.session.value((*RETRIEVER, "type")) == to)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_switching_the_kind_there_and_back_can_be_undone_and_redone(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text(sample("orders_paginated").path.read_text())
    async with opened(path, size=size) as shell:
        original = shell.session.text
        before = shell.session.value(RETRIEVER)
        await switch(shell, "AsyncRetriever")
        await shell.until_shown("Polling")
        creation = shell.session.value((*RETRIEVER, "creation_requester"))
        assert creation["url"] == before["requester"]["url"]
        assert creation["authenticator"] == before["requester"]["authenticator"]
        assert shell.session.value((*RETRIEVER, "download_paginator")) == before["paginator"]
        await switch(shell, "SimpleRetriever")
        await shell.until_shown("Configuration")
        assert yaml.safe_load(shell.session.text) == yaml.safe_load(original)
        done = shell.session.text
        for _ in range(2):
            await shell.press("ctrl+z")
        await shell.until(lambda: shell.session.text == original)
        assert not shell.session.dirty
        await shell.until(lambda: "Unsaved" not in shell.lines[0])
        for _ in range(2):
            await shell.press("ctrl+y")
        await shell.until(lambda: shell.session.text == done)
        await shell.until_shown("Configuration")
