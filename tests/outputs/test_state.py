"""The state file: both shapes are read, Airbyte's is written, nothing that others wrote is lost."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from core.outputs.durable import OutputError
from core.outputs.state import StateFile
from tests.support.disk import full_disk


def message(name: str, state: Any, **more: Any) -> dict[str, Any]:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state, **more}}


def test_a_file_that_is_not_there_yet_has_no_state(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "state.json")
    assert state.of("a") is None
    assert os.listdir(tmp_path) == []


def test_airbytes_list_and_a_plain_mapping_say_the_same(tmp_path: Path) -> None:
    listed, mapped = tmp_path / "list.json", tmp_path / "map.json"
    listed.write_text(json.dumps([message("a", {"day": "1"}), message("b", None)]))
    mapped.write_text(json.dumps({"a": {"day": "1"}, "b": None}))
    for path in (listed, mapped):
        state = StateFile(path)
        assert state.of("a") == {"day": "1"}
        assert state.of("b") is None
        assert state.of("c") is None


def test_a_byte_order_mark_is_no_part_of_the_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"a": {"day": "1"}}), encoding="utf-8-sig")
    assert StateFile(path).of("a") == {"day": "1"}


def test_saving_writes_airbytes_list_and_keeps_what_else_is_there(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps([message("a", {"day": "1"}, extra=1), message("b", {"day": "2"})]))
    state = StateFile(path)
    state.save("a", {"day": "3"})
    state.save("new", {"day": "4"})
    assert json.loads(path.read_text()) == [
        message("a", {"day": "3"}, extra=1),
        message("b", {"day": "2"}),
        message("new", {"day": "4"}),
    ]
    assert StateFile(path).of("new") == {"day": "4"}
    assert os.listdir(tmp_path) == ["state.json"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"type"', "state.json:1:9: the state file is not JSON"),
        ('"text"', "not a state file"),
        ("[1]", "not a state file"),
        ('{"a": "text"}', "not a state file"),
        ('[{"type": "GLOBAL", "global": {}}]', "not a state file"),
        ('{"type": "GLOBAL", "global": {}}', "not a state file"),
    ],
)
def test_what_is_no_state_file_is_refused_and_left_alone(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(OutputError, match=problem):
        StateFile(path)
    assert path.read_text() == text


def test_an_empty_file_is_an_empty_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("\n")
    assert StateFile(path).of("a") is None


def test_a_missing_directory_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="directory of the state file"):
        StateFile(tmp_path / "missing" / "state.json")


def test_a_crash_while_saving_leaves_the_state_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    state = StateFile(path)
    state.save("a", {"day": "1"})
    before = path.read_text()

    def crash(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="No space"):
        state.save("a", {"day": "2"})
    assert path.read_text() == before
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_full_disk_leaves_the_state_before(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = StateFile(path)
    state.save("a", {"day": "1"})
    with full_disk(path.stat().st_size), pytest.raises(OSError, match="too large"):
        state.save("a", {"day": "2" * 100})
    assert StateFile(path).of("a") == {"day": "1"}
    assert os.listdir(tmp_path) == ["state.json"]


def test_only_its_owner_can_read_a_new_state_and_a_link_to_it_stays(tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to("state.json")
    StateFile(link).save("a", {"day": "1"})
    assert link.is_symlink()
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def test_a_pipe_that_took_the_place_of_the_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = StateFile(path)
    os.mkfifo(path)
    with pytest.raises(OSError, match="no regular file"):
        state.save("a", {})
    assert stat.S_ISFIFO(path.stat().st_mode)
