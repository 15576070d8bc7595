"""Undo reaches everything that a key can change: each such key is pressed in the real app, and taken back.

What counts is the manifest, the test values and secrets of the inputs, how streams are tested, and text that is not a
valid value yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from core.manifest.problems import Path as ManifestPath
from sample_configs import sample
from sample_configs.demo_api import DemoApi
from tests.tui.shell.support import Shell, opened, quickly_polled
from tui.model.inputs import PROPERTIES, Input, InputType
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
CREATION = (*RETRIEVER, "creation_requester")
POLLING = (*RETRIEVER, "polling_requester")
DOWNLOAD = (*RETRIEVER, "download_requester")
HEADERS = (*CREATION, "request_headers")
STATUSES = (*RETRIEVER, "status_mapping")
TO_SECRET = " ".join(["tab"] * 7)
MOST = 6
"""Presses of ctrl+z that take one text back at most: editors of text undo word by word."""

Act = Callable[[Shell], Awaitable[object]]
Given = Callable[[BuilderSession], object]


@dataclass(frozen=True)
class Case:
    """Something that keys do: what there is before, the field it happens in, and the keys."""

    name: str
    at: ManifestPath | None
    act: Act | str
    given: Given | None = None


def state(shell: Shell) -> tuple[Any, ...]:
    """Everything that a key can change."""
    session = shell.session
    secrets = {one.key for one in session.inputs.all() if session.values.snapshot(one.key).secret}
    settings = [shell.builder.trials.controller.settings_of(name) for name in session.streams.names()]
    unfinished = {path: one.text for path, one in session._unfinished.items()}
    return session.text, session.values.config(), secrets, settings, unfinished


def keys(text: str) -> Act:
    """Press keys; `type:` types what follows, `dialog:` waits for a dialog, `closed` for its end."""

    async def press(shell: Shell) -> None:
        for key in text.split():
            if key.startswith("type:"):
                await shell.type(key.removeprefix("type:").replace("_", " "))
            elif key.startswith("paste:"):
                await shell.paste(key.removeprefix("paste:").replace("_", " "))
            elif key.startswith("dialog:"):
                await shell.until_dialog(key.removeprefix("dialog:"))
            elif key == "closed":
                await shell.until(lambda: shell.dialog is None, "the end of the dialog")
            else:
                await shell.press(key)

    return press


def menu(words: str, after: str = "") -> str:
    return f"f6 dialog:ChoiceDialog type:{words} enter {after or 'closed'}"


def value(path: ManifestPath, what: Any) -> Given:
    return lambda session: session.set(path, what)


def two_inputs(session: BuilderSession) -> None:
    session.inputs.add(Input("region", "Region", type=InputType.ENUM, options=("eu", "us")))
    session.inputs.set_value("api_key", "s3cr3t")


def two_streams(session: BuilderSession) -> None:
    session.streams.add("lists", StreamKind.SYNC)


def dated(session: BuilderSession) -> None:
    session.choose_type((*STREAM, "incremental_sync"), "DatetimeBasedCursor")


def json_body(session: BuilderSession) -> None:
    session.choose_type((*CREATION, "request_body"), "RequestBodyJsonObject")
    session.set((*CREATION, "request_body", "value"), {"a": 1})


def two_transformations(session: BuilderSession) -> None:
    session.add_component((*STREAM, "transformations"), "RemoveFields")
    session.add_component((*STREAM, "transformations"), "AddFields")


def shared(session: BuilderSession) -> None:
    session.sharing.share((*CREATION, "authenticator"))


async def other_kind(shell: Shell) -> None:
    await shell.perform("stream.kind")
    await shell.until(lambda: shell.dialog is not None, "a question")
    await shell.press("enter")
    await shell.until(lambda: shell.dialog is None)


async def automatic_import(shell: Shell) -> None:
    await shell.perform("schema.auto")


async def pasted_curl(shell: Shell) -> None:
    await shell.paste("curl -X POST https://api.example.com/v1?kind=all -H 'X-Team: blue' -u me:s3cr3t")
    await shell.settled()
    if shell.dialog:
        await shell.press("enter")


async def limited(shell: Shell) -> None:
    await shell.perform("test.limits")
    await shell.until_dialog("SettingsDialog")
    await shell.press("1", "enter")
    await shell.until(lambda: shell.dialog is None)
    await shell.press("escape")


async def typed_yaml(shell: Shell) -> None:
    await shell.press("ctrl+l")
    await shell.settled()
    await shell.type("# mine\n")
    await shell.press("enter")
    await shell.until(lambda: "# mine" in shell.session.text)


async def typed_yaml_and_back(shell: Shell) -> None:
    await typed_yaml(shell)
    await shell.press("ctrl+l")


BODY = (*CREATION, "request_body")
ITEM: ManifestPath = (*STREAM, "transformations", 0)
KEY: ManifestPath = (*PROPERTIES, "api_key")
REGION: ManifestPath = (*PROPERTIES, "region")
PAIRS = value(HEADERS, {"Accept": "a", "X-B": "b"})

FORM = [
    Case("text", (*CREATION, "url"), "end type:/more"),
    Case("paste", (*CREATION, "url"), "paste:xyz"),
    Case("choice.next", (*CREATION, "http_method"), "left"),
    Case("choice.open", (*CREATION, "http_method"), "enter dialog:ChoiceDialog type:put enter closed"),
    Case("choice.clear", (*CREATION, "http_method"), "delete"),
    Case("a number", (*RETRIEVER, "polling_job_timeout"), "end type:5"),
    Case("section.on", (*CREATION, "error_handler"), "right"),
    Case("section.off", (*CREATION, "authenticator"), "delete"),
    Case("section.type", (*CREATION, "authenticator"), "enter dialog:ChoiceDialog type:basic enter closed"),
    Case("section.reuse", (*DOWNLOAD, "authenticator"), "s"),
    Case("section.reuse-copy", (*DOWNLOAD, "authenticator"), "S"),
    Case(
        "item.add",
        (*STREAM, "transformations", 0),
        "a dialog:ChoiceDialog type:remove enter closed",
        two_transformations,
    ),
    Case("item.remove", (*STREAM, "transformations", 0), "delete", two_transformations),
    Case("item.down", (*STREAM, "transformations", 0), "right_square_bracket", two_transformations),
    Case("chips.add", (*RETRIEVER, "status_extractor", "field_path"), "end type:more enter escape"),
    Case("chips.delete", (*RETRIEVER, "status_extractor", "field_path"), "home delete"),
    Case(
        "chips.later",
        (*RETRIEVER, "status_extractor", "field_path"),
        "home right_square_bracket",
        value((*RETRIEVER, "status_extractor", "field_path"), ["a", "b"]),
    ),
    Case("pairs.add", HEADERS, "type:X-A enter type:1 enter escape"),
    Case("pairs.edit", HEADERS, "home enter enter type:c enter", PAIRS),
    Case("pairs.delete", HEADERS, "home delete", PAIRS),
    Case("pairs.later", HEADERS, "home right_square_bracket", PAIRS),
    Case("pairs.reuse", (*POLLING, "request_headers"), "equals_sign", PAIRS),
    Case("pairs without a name", HEADERS, "enter tab type:text/csv tab"),
    Case("status.add", STATUSES, "a type:done enter enter"),
    Case("status.next", STATUSES, "home right"),
    Case("status.delete", STATUSES, "home delete"),
    Case("code.edit", (*BODY, "value"), 'enter ctrl+end left type:,"b":2 escape', json_body),
    Case("code that is no JSON", (*BODY, "value"), "enter ctrl+end type:} escape", json_body),
    Case("menu: reset", (*CREATION, "http_method"), menu("reset")),
    Case("menu: make an input", (*DOWNLOAD, "url"), menu("make"), value((*DOWNLOAD, "url"), "https://a.example.com")),
    Case("menu: new input", (*CREATION, "url"), menu("new", "dialog:InputDialog type:Team tab type:blue enter closed")),
    Case("menu: share", (*CREATION, "authenticator"), menu("share")),
    Case("menu: stop sharing", (*CREATION, "authenticator"), menu("stop"), shared),
    Case("menu: copy to", (*CREATION, "authenticator"), menu("copy_to", "dialog:ChoiceDialog type:down enter closed")),
    Case("menu: write as a template", HEADERS, menu("template"), PAIRS),
]


INPUTS = [
    Case("a value", REGION, "right", two_inputs),
    Case("a text", (*PROPERTIES, "api_url"), "type:http://x"),
    Case("a secret", KEY, "type:new enter", two_inputs),
    Case("a secret, left", KEY, "type:new down", two_inputs),
    Case("secret.clear", KEY, "delete dialog:ConfirmDialog right enter closed", two_inputs),
    Case("inputs.down", (*PROPERTIES, "api_url"), "ctrl+down", two_inputs),
    Case("inputs: edit", KEY, menu("edit", "dialog:InputDialog end type:2 enter closed"), two_inputs),
    Case("inputs: another key", KEY, menu("edit", "dialog:InputDialog tab end type:2 enter closed"), two_inputs),
    Case(
        "inputs: no secret",
        KEY,
        menu("edit", f"dialog:InputDialog {TO_SECRET} space tab tab tab enter closed"),
        two_inputs,
    ),
    Case("inputs: delete", KEY, menu("delete", "dialog:ConfirmDialog right enter closed"), two_inputs),
    Case("inputs: add", KEY, menu("another", "dialog:InputDialog type:Team tab type:blue enter closed"), two_inputs),
]
STREAMS = [
    Case("navigator.add", None, "f2 a dialog:StreamDialog type:more enter closed"),
    Case("navigator.duplicate", None, "f2 c"),
    Case("navigator.delete", None, "f2 d dialog:ConfirmDialog right enter closed", two_streams),
    Case("navigator.rename", None, "f2 r dialog:PromptDialog end type:2 enter closed", two_streams),
    Case("navigator.move-down", None, "f2 J", two_streams),
    Case("stream.kind", None, other_kind),
    Case("schema.auto", None, automatic_import),
    Case("the name", (*STREAM, "name"), "end type:2 enter"),
    Case("request.paste", (*CREATION, "url"), pasted_curl),
    Case("test.limits", (*CREATION, "url"), limited),
    Case("view.yaml", (*CREATION, "url"), typed_yaml),
    Case("view.yaml, and back", (*CREATION, "url"), typed_yaml_and_back),
]
TRIED = [
    Case("schema.import", (*CREATION, "url"), "ctrl+b 4 i dialog:ChoiceDialog enter closed escape"),
    Case("schema-tab.import", (*STREAM, "schema_loader"), "f7 dialog:ChoiceDialog enter closed"),
    Case("doc.pick", (*CREATION, "url"), "ctrl+b 6 down down type:jj enter dialog:ChoiceDialog enter closed escape"),
    Case("state.use", (*CREATION, "url"), "ctrl+b 5 i dialog:SettingsDialog type:1 enter closed escape"),
]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    return path


async def wrong_with(shell: Shell, case: Case) -> str:
    """What is wrong with undoing a case; empty when nothing is."""
    if case.given is not None:
        case.given(shell.session)
        shell.session.seal()
    await shell.go_to(*(case.at or (*CREATION, "url")))
    await shell.settled()
    before = state(shell)
    await (keys(case.act) if isinstance(case.act, str) else case.act)(shell)
    await shell.settled()
    after = state(shell)
    if before == after:
        return f"nothing was changed\n{shell.text}"
    for key, wanted in (("ctrl+z", before), ("ctrl+y", after)):
        for _ in range(MOST):
            await shell.press(key)
            await shell.settled()
            if state(shell) == wanted:
                break
        else:
            return f"{key}: {difference(wanted, state(shell))}"
    return ""


async def start_again(shell: Shell) -> None:
    """Take everything back, for the next case."""
    while shell.dialog is not None:
        await shell.press("escape")
    while shell.session.can_undo:
        shell.session.undo()
    if shell.builder.editor.yaml is not None:
        await shell.press("ctrl+l")


def difference(wanted: tuple[Any, ...], found: tuple[Any, ...]) -> str:
    lines = unified_diff(wanted[0].splitlines(), found[0].splitlines(), "wanted", "found", lineterm="", n=1)
    rest = [f"{other} instead of {one}" for one, other in zip(wanted[1:], found[1:], strict=True) if one != other]
    return "\n".join([*lines, *rest])


@pytest.mark.parametrize("cases", [FORM, INPUTS, STREAMS], ids=["form", "inputs", "streams"])
async def test_undo_takes_back_what_a_key_does_and_redo_does_it_again(manifest: Path, cases: list[Case]) -> None:
    wrong = {}
    async with opened(manifest) as shell:
        for case in cases:
            if problem := await wrong_with(shell, case):
                wrong[case.name] = problem
            await start_again(shell)
    assert wrong == {}, "\n\n".join(f"{name}: {problem}" for name, problem in wrong.items())


async def test_undo_takes_back_what_the_test_screen_writes_into_the_stream(tmp_path: Path) -> None:
    with DemoApi(pace=0, rows=30) as api:
        async with opened(quickly_polled(tmp_path), values=api.inputs("sendgrid_contacts")) as shell:
            await shell.press("f5")
            await shell.tested("contacts")
            wrong = {}
            for case in TRIED:
                if problem := await wrong_with(shell, case):
                    wrong[case.name] = problem
                await start_again(shell)
            assert wrong == {}, "\n\n".join(f"{name}: {problem}" for name, problem in wrong.items())


async def test_what_is_only_typed_yet_is_dropped_by_undo(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.set((*CREATION, "http_method"), "PUT")
        shell.session.seal()
        before = state(shell)
        await shell.go_to(*HEADERS)
        await keys("type:X-A ctrl+z")(shell)
        assert state(shell) == before
        assert "X-A" not in await shell.settled()
        await shell.go_to(*KEY)
        await keys("type:abc ctrl+z down")(shell)
        await shell.settled()
        assert state(shell) == before


async def test_undo_in_the_text_reaches_what_was_done_in_the_form(manifest: Path) -> None:
    async with opened(manifest) as shell:
        before = state(shell)
        shell.session.set((*CREATION, "http_method"), "PUT")
        shell.session.seal()
        await shell.press("ctrl+l")
        await shell.settled()
        await shell.press("ctrl+z")
        await shell.until(lambda: state(shell) == before)
        assert shell.builder.editor.yaml is not None
