"""What is asked to be copied reaches the clipboard, whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.message import Message

from core.environment import state_folder
from sample_configs import sample
from tests.tui.shell.support import opened
from tui.forms.field_menu import CopyRequested
from tui.shell.clipboard import MAX_LENGTH, CopyingApp
from tui.trials.view.exchange_view import ExchangeView
from tui.widgets.doc_view import DocView
from tui.widgets.record_table import RecordTable


async def test_a_request_is_copied_as_curl_by_command(tmp_path: Path) -> None:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    async with opened(path) as shell:
        await shell.perform("request.copy")
        await shell.until_said("Copied the request as curl")
        assert shell.app.clipboard.startswith("curl")
        kept = state_folder() / "copied.txt"
        assert kept.read_text() == shell.app.clipboard
        assert str(kept) in shell.notes[-1]


@pytest.mark.parametrize(
    "message",
    [CopyRequested, DocView.CopyRequested, RecordTable.CopyRequested, ExchangeView.CopyRequested],
    ids=lambda message: message.__qualname__,
)
def test_the_app_handles_every_copy_request(message: type[Message]) -> None:
    assert hasattr(CopyingApp, message.handler_name)


async def test_text_too_long_for_terminals_is_written_to_a_file(tmp_path: Path) -> None:
    async with opened() as shell:
        view = DocView("x")
        await shell.builder.mount(view)
        view.post_message(DocView.CopyRequested(view, "x" * (MAX_LENGTH + 1), "text"))
        await shell.until_said("too long for the clipboard")
        assert shell.app.clipboard == ""
        assert len((state_folder() / "copied.txt").read_text()) == MAX_LENGTH + 1
