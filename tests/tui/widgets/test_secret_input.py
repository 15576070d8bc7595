from __future__ import annotations

from textual import events
from textual.widgets import Input

from tests.tui.widgets.support import on_stage
from tui.widgets.secret_input import SecretInput


def secrets(changes: list[SecretInput.Replaced]) -> list[str]:
    return [change.secret for change in changes]


async def test_the_field_shows_whether_a_secret_is_set_but_never_the_secret() -> None:
    secret = SecretInput(True)
    async with on_stage(secret, SecretInput(False)) as stage:
        assert "•••• set" in stage.app.text()
        assert "Not set" in stage.app.text()
        secret.focus()
        await stage.type("hunter2")
        assert "hunter2" not in stage.app.text()
        await stage.press("enter")
        assert secret.value == ""
        assert secrets(stage.app.heard(SecretInput.Replaced)) == ["hunter2"]
        assert "hunter2" not in repr(stage.app.heard(SecretInput.Replaced))


async def test_leaving_the_field_commits_the_secret_and_escape_discards_it() -> None:
    secret = SecretInput()
    async with on_stage(secret, Input()) as stage:
        secret.focus()
        await stage.press("a", "escape", "tab")
        assert stage.app.heard(SecretInput.Replaced) == []
        secret.focus()
        await stage.press("b", "tab")
        assert secrets(stage.app.heard(SecretInput.Replaced)) == ["b"]
        assert secret.is_set


async def test_delete_clears_a_secret_that_is_set() -> None:
    secret = SecretInput(True)
    async with on_stage(secret) as stage:
        secret.focus()
        await stage.press("delete", "delete")
        assert len(stage.app.heard(SecretInput.Cleared)) == 1
        assert not secret.is_set


async def test_a_multi_line_key_is_pasted_whole() -> None:
    secret = SecretInput()
    async with on_stage(secret, Input()) as stage:
        secret.focus()
        stage.app.post_message(events.Paste("-----BEGIN KEY-----\nabc\n-----END KEY-----\n"))
        await stage.settle()
        assert "BEGIN" not in stage.app.text()
        await stage.press("enter")
        assert secrets(stage.app.heard(SecretInput.Replaced)) == ["-----BEGIN KEY-----\nabc\n-----END KEY-----"]
