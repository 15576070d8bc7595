"""URLs that a manifest writes as a base and a path are edited where the URL would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.shell.support import Shell, opened
from tui.forms.field_row import FieldRow

MANIFEST = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [a]}
streams:
- type: DeclarativeStream
  name: a
  retriever:
    type: SimpleRetriever
    requester: {type: HttpRequester, url_base: "https://api.example.com", http_method: GET}
    record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
- type: DeclarativeStream
  name: b
  retriever:
    type: SimpleRetriever
    requester: {type: HttpRequester, url: "https://api.example.com/b"}
    record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
"""
REQUESTER = ("streams", 0, "retriever", "requester")
BASE = (*REQUESTER, "url_base")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "parts.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


def first_field(shell: Shell) -> str:
    form = shell.builder.editor.stream_form
    assert form is not None
    assert form.pane is not None
    return str(form.pane.query(FieldRow).first().path[-1])


async def test_a_base_that_is_written_anew_keeps_its_field_although_it_is_empty_for_a_moment(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.go_to(*BASE)
        await shell.press("end", "ctrl+u")
        await shell.until(lambda: not shell.session.exists(BASE))
        await shell.settled()
        assert shell.field == BASE
        await shell.type("https://b.io")
        await shell.until(lambda: shell.session.value(BASE) == "https://b.io")


async def test_a_form_has_the_url_in_one_once_no_part_is_left_and_the_person_has_gone_elsewhere(
    manifest: Path,
) -> None:
    async with opened(manifest) as shell:
        await shell.go_to(*BASE)
        assert first_field(shell) == "url_base"
        await shell.press("end", "ctrl+u")
        await shell.until(lambda: not shell.session.exists(BASE))
        shell.builder.navigation.go_to_stream(1)
        await shell.settled()
        shell.builder.navigation.go_to_stream(0)
        await shell.settled()
        await shell.until(lambda: first_field(shell) == "url")


async def test_what_is_undone_and_redone_is_seen_where_it_belongs_at_once(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.go_to(*BASE)
        with shell.session.group(REQUESTER):
            shell.session.unset(BASE)
            shell.session.set((*REQUESTER, "url"), "https://api.example.com/a")
        await shell.checked()
        await shell.go_to(*REQUESTER, "url")
        assert first_field(shell) == "url"
        await shell.perform("edit.undo")
        await shell.until(lambda: first_field(shell) == "url_base")
        await shell.until(lambda: shell.field == BASE)
        await shell.perform("edit.redo")
        await shell.until(lambda: first_field(shell) == "url")
        await shell.until(lambda: shell.field == (*REQUESTER, "url"))
