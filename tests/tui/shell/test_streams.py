"""Streams are added, copied, renamed, deleted and moved from the navigator, and the rest follows."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from sample_configs import sample
from tests.tui.shell.support import Shell, opened
from tui.model.declared_schema import imports_automatically
from tui.model.streams import StreamKind


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "orders.yaml"
    path.write_text(sample("orders_paginated").path.read_text())
    return path


def names(shell: Shell) -> list[str]:
    """The streams as the navigator lists them."""
    return [one.title for one in shell.builder.navigator.entries if isinstance(one.selection, int)]


async def test_the_first_stream_of_an_empty_project_is_added_by_its_name() -> None:
    async with opened() as shell:
        await shell.perform("stream.add")
        await shell.until_dialog("StreamDialog")
        await shell.type("contacts")
        await shell.press("enter")
        await shell.until(lambda: names(shell) == ["contacts"])
        assert shell.session.streams.kind(0) is StreamKind.ASYNC
        assert shell.session.value(("check", "stream_names")) == ["contacts"]
        assert imports_automatically(shell.session, 0)
        await shell.until_shown("Creation")
        assert shell.field == ("streams", 0, "retriever", "creation_requester", "url")
        assert "✗" not in shell.lines[0], "what was not looked at yet does not nag"


async def test_a_stream_is_added_as_synchronous_or_as_a_copy(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("f2", "a")
        await shell.until_dialog("StreamDialog")
        await shell.type("plain")
        await shell.press("tab", "right", "tab", "enter")
        await shell.until(lambda: "plain" in names(shell))
        assert shell.entry("plain").kind == "sync"
        await shell.press("f2", "a")
        await shell.until_dialog("StreamDialog")
        await shell.type("orders_again")
        await shell.press("tab", "right", "right", "tab", "enter")
        await shell.until(lambda: "orders_again" in names(shell))
        index = shell.session.streams.names().index("orders_again")
        assert shell.session.value(("streams", index, "primary_key")) == shell.session.value(
            ("streams", 0, "primary_key")
        )


async def test_a_taken_name_is_refused(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("f2", "a")
        await shell.until_dialog("StreamDialog")
        await shell.type(names(shell)[0])
        await shell.press("enter")
        assert shell.dialog == "StreamDialog"
        assert "already a stream named" in shell.text


async def test_a_stream_is_duplicated_renamed_moved_and_deleted_from_the_navigator(manifest: Path) -> None:
    async with opened(manifest) as shell:
        before = names(shell)
        first = before[0]
        await shell.press("f2", "c")
        await shell.until(lambda: names(shell) == [first, f"{first}_2", *before[1:]])
        assert shell.builder.navigation.selection == 1
        shell.builder.navigator.focus()
        await shell.press("r")
        await shell.until_dialog("PromptDialog")
        await shell.type("copy")
        await shell.press("enter")
        await shell.until(lambda: names(shell)[1] == "copy")
        shell.builder.navigator.focus()
        await shell.press("ctrl+up")
        await shell.until(lambda: names(shell)[:2] == ["copy", first])
        assert shell.builder.navigation.selection == 0
        assert shell.builder.navigator.has_focus
        await shell.press("d")
        await shell.until_dialog("ConfirmDialog")
        await shell.answer("Delete")
        await shell.until(lambda: names(shell) == before)
        for _ in range(4):
            await shell.perform("edit.undo")
            await shell.pilot.pause()
        await shell.until(lambda: names(shell) == before and not shell.session.dirty)


async def test_the_last_stream_can_be_deleted(manifest: Path) -> None:
    async with opened(manifest) as shell:
        for left in range(len(names(shell)) - 1, -1, -1):
            shell.builder.navigator.focus()
            await shell.press("home", "x")
            await shell.until_dialog("ConfirmDialog")
            await shell.answer("Delete")
            await shell.until(partial(_has, shell, left))
        await shell.until(lambda: shell.builder.navigation.selection == "global")
        await shell.press("f5")
        await shell.until_said("Add a stream first")


async def test_the_screen_follows_a_rename_of_a_stream(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.streams.rename(0, "sales")
        await shell.until(lambda: names(shell)[0] == "sales")
        await shell.until_shown("sales")


async def test_the_kind_of_a_stream_is_switched_by_command(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.perform("stream.kind")
        await shell.until_dialog("ConfirmDialog")
        await shell.answer("Switch")
        await shell.until(lambda: shell.entry(names(shell)[0]).kind == "async")
        await shell.until_shown("Polling")


def _has(shell: Shell, count: int) -> bool:
    """Whether there are so many streams."""
    return len(names(shell)) == count


async def test_deleting_a_stream_says_who_uses_it(manifest: Path) -> None:
    async with opened(manifest) as shell:
        user = shell.session.streams.add("user")
        shell.session.set((*user, "schema_loader"), {"$ref": "#/streams/0/schema_loader"})
        await shell.press("f2", "home", "delete")
        await shell.until_dialog("ConfirmDialog")
        assert "uses parts of it" in shell.text
