"""The manifest as text: the same document as in the forms, and nothing of it is ever lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sample_configs import sample
from tests.tui.shell.support import Shell, opened
from tui.shell.yaml_view import YamlView

URL = ("streams", 0, "retriever", "creation_requester", "url")
POLLING_URL = ("streams", 0, "retriever", "polling_requester", "url")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    return path


def view(shell: Shell) -> YamlView:
    found = shell.builder.editor.yaml
    assert found is not None
    return found


async def test_one_key_shows_the_text_at_the_field_and_goes_back(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.go_to(*POLLING_URL)
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        row, _ = view(shell).editor.cursor_location
        assert "exports/{{creation_response['id']}}" in view(shell).editor.document.get_line(row)
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is None)
        await shell.until_shown("API Endpoint URL")


async def test_two_toggles_at_once_show_the_text_and_the_form_again(manifest: Path) -> None:
    async with opened(manifest) as shell:
        async with asyncio.TaskGroup() as keys:
            for _ in range(2):
                keys.create_task(shell.builder.navigation.toggle_yaml())
        assert shell.builder.editor.yaml is None
        await shell.until_shown("API Endpoint URL")


async def test_edits_of_the_text_show_in_the_forms(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        view(shell).editor.replace("people", *_range(view(shell), "contacts"))
        await shell.until(lambda: shell.session.streams.names() == ("people",))
        await shell.until(lambda: shell.entry("people").title)
        await shell.press("escape")
        await shell.until_shown("people")


async def test_edits_in_the_forms_show_in_the_text(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        shell.session.streams.rename(0, "people")
        await shell.until(lambda: "name: people" in view(shell).editor.text)
        await shell.press("f2", "ctrl+z")
        await shell.until(lambda: "name: contacts" in view(shell).editor.text)


async def test_a_syntax_error_is_marked_at_its_line_and_keeps_the_document(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        editor = view(shell).editor
        editor.insert("streams: [", (0, 0))
        await shell.until(lambda: editor.error_line is not None)
        assert "✗ Line" in shell.text
        assert shell.session.streams.names() == ("contacts",)
        assert shell.session.text.startswith("streams: [")


async def test_a_syntax_error_that_is_taken_back_leaves_nothing_unsaved(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        editor = view(shell).editor
        editor.insert("streams: [", (0, 0))
        await shell.until_shown("● Unsaved")
        editor.undo()
        await shell.until(lambda: not shell.session.has_broken_text)
        await shell.until(lambda: "Unsaved" not in shell.lines[0])


@pytest.mark.parametrize("answer", ["Fix it", "Drop the edit"])
async def test_leaving_broken_text_asks(manifest: Path, answer: str) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        view(shell).editor.insert("streams: [", (0, 0))
        await shell.press("ctrl+l")
        await shell.until_dialog("QuestionDialog")
        await shell.answer(answer)
        await shell.until(lambda: shell.dialog is None)
        if answer == "Fix it":
            assert view(shell).editor.text.startswith("streams: [")
        else:
            await shell.until(lambda: shell.builder.editor.yaml is None)
            assert not shell.session.has_broken_text


async def test_a_test_of_broken_text_goes_to_the_error_instead(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        view(shell).editor.insert("streams: [", (0, 0))
        await shell.press("f5")
        await shell.until_said("The YAML can't be read")
        assert shell.builder.trials.running_stream is None


def _range(yaml: YamlView, word: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """The place of `name: word` in the text."""
    for row, line in enumerate(yaml.editor.text.split("\n")):
        if f"name: {word}" in line:
            start = line.index(word)
            return (row, start), (row, start + len(word))
    raise AssertionError(word)
