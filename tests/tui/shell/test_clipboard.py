"""What is asked to be copied reaches the clipboard, whoever asks."""

from __future__ import annotations

from pathlib import Path

from sample_configs import sample
from tests.tui.shell.support import opened
from tui.model.files import state_folder
from tui.shell.clipboard import MOST
from tui.widgets.doc_view import DocView


async def test_a_request_is_copied_as_curl_by_command(tmp_path: Path) -> None:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    async with opened(path) as shell:
        await shell.builder.run_action("copy_curl")
        await shell.until_said("Copied the request as curl")
        assert shell.app.clipboard.startswith("curl")
        kept = state_folder() / "copied.txt"
        assert kept.read_text() == shell.app.clipboard
        assert str(kept) in shell.notes[-1]


async def test_what_is_too_long_for_terminals_is_in_a_file(tmp_path: Path) -> None:
    async with opened() as shell:
        view = DocView("x")
        await shell.builder.mount(view)
        view.post_message(DocView.CopyRequested(view, "x" * (MOST + 1), "text"))
        await shell.until_said("too long for the clipboard")
        assert shell.app.clipboard == ""
        assert len((state_folder() / "copied.txt").read_text()) == MOST + 1
