"""A text that is edited in $EDITOR, which is a small program here."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.tui.widgets.support import Stage, on_stage
from tui.widgets.code_area import CodeArea
from tui.widgets.code_editor import CodeEditor


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the editor does with the file that it is given."""
    path = tmp_path / "an editor.py"
    monkeypatch.setenv("VISUAL", shlex.join([sys.executable, str(path)]))
    return path


def lend_the_terminal(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.app, "suspend", nullcontext)


async def test_what_the_editor_leaves_is_the_text_and_one_undo_takes_it_back(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1])\n"
        f"pathlib.Path({str(tmp_path / 'seen')!r}).write_text(f'{{file}} {{file.parent.stat().st_mode & 0o777:o}}')\n"
        "file.write_text(file.read_text().replace('1', '2') + '\\n')\n"
    )
    area = CodeArea('{"a": 1}', "json")
    async with on_stage(area) as stage:
        lend_the_terminal(stage, monkeypatch)
        area.focus()
        await stage.press("ctrl+e")
        assert [change.text for change in stage.app.heard(CodeArea.Changed)] == ['{"a": 2}']
        assert area.query_one(CodeEditor).has_focus
        await stage.press("ctrl+z")
        assert area.text == '{"a": 1}'
    file, mode = (tmp_path / "seen").read_text().rsplit(" ", 1)
    assert (Path(file).suffix, mode) == (".json", "700")
    assert not Path(file).exists()


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        (None, ""),
        ("no-such-editor-anywhere", "There is no command no-such-editor-anywhere."),
        ("nano '", "$EDITOR can't be understood"),
    ],
)
async def test_an_editor_that_fails_changes_nothing(
    program: Path, monkeypatch: pytest.MonkeyPatch, editor: str | None, said: str
) -> None:
    program.write_text("import sys; open(sys.argv[1], 'w').write('lost'); sys.exit(1)")
    if editor is not None:
        monkeypatch.setenv("VISUAL", editor)
    area = CodeArea("one")
    async with on_stage(area) as stage:
        lend_the_terminal(stage, monkeypatch)
        area.focus()
        await stage.press("ctrl+e")
        assert area.text == "one"
        assert said in " ".join(str(note.message) for note in stage.app._notifications)


async def test_a_terminal_that_can_not_be_lent_is_told(program: Path) -> None:
    area = CodeArea("one")
    async with on_stage(area) as stage:
        area.focus()
        await stage.press("ctrl+e")
        assert [str(note.message) for note in stage.app._notifications] == [
            "This terminal can't be given to another program."
        ]
