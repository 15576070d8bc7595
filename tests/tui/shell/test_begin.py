"""Beginning from what a person has: pasted on the first screen, in the dialogs, from files."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.support.server import Asked, LoopbackServer, Reply
from tests.support.wheels import MANIFEST, index, is_running, stuck_pip, wheel
from tests.tui.importing.openapi_documents import document, listed, operation, query, thing
from tests.tui.shell.support import Shell, opened
from tui.model.inputs import PROPERTIES

__all__ = ["index"]

PEOPLE = [{"id": number, "name": f"person {number}"} for number in range(3)]


def names(shell: Shell) -> list[str]:
    return list(shell.session.streams.names())


async def test_a_newcomer_comes_from_a_curl_command_to_records(server: LoopbackServer) -> None:
    def people(asked: Asked) -> Reply:
        return Reply(PEOPLE) if asked.headers.get("authorization") == "Bearer t0p" else Reply({}, 401)

    server.on("/v1/people", people)
    command = (
        f'# all people\nTOKEN=t0p\ncurl -s "{server.url()}/v1/people?active=true" \\\n'
        '  -H "Authorization: Bearer $TOKEN" | jq .'
    )
    async with opened() as shell:
        assert "Paste a curl command" in shell.text
        await shell.paste(command.replace("\n", "\r"))  # as terminals do
        await shell.until(lambda: names(shell) == ["people"])
        await shell.until(lambda: shell.dialog is None and shell.field is not None)
        assert shell.session.values.config() == {"token": "t0p"}
        assert "t0p" not in shell.session.text
        await shell.press("f5")
        await shell.tested("people")
        await shell.until_shown("person 2")


async def test_all_of_an_import_is_one_step_to_undo() -> None:
    async with opened() as shell:
        empty = shell.session.text
        await shell.paste("curl https://api.example.com/people -u me:pa55word; curl https://api.example.com/orders")
        await shell.until_dialog("PickDialog")
        await shell.press("enter")
        await shell.until(lambda: names(shell) == ["people", "orders"])
        shell.session.undo()
        assert shell.session.text == empty
        assert shell.session.values.config() == {}
        shell.session.redo()
        assert names(shell) == ["people", "orders"]
        assert shell.session.values.config() == {"username": "me", "password": "pa55word"}


async def test_undoing_an_import_leads_back_to_the_first_screen() -> None:
    async with opened() as shell:
        await shell.paste("curl https://api.example.com/people")
        await shell.until(lambda: names(shell) == ["people"] and shell.field is not None)
        await shell.until_said("The stream people was added.")
        await shell.press("ctrl+z")
        await shell.until(lambda: bool(shell.builder.query("Welcome")) and shell.builder.query_one("Welcome").display)
        await shell.until_shown("Paste a curl command")
        assert not shell.notes, "what was added is gone"
        await shell.press("f2", "ctrl+y")
        await shell.until(lambda: names(shell) == ["people"] and shell.field is not None)


async def test_what_a_command_leaves_open_is_asked_for_at_once() -> None:
    async with opened() as shell:
        await shell.paste('curl https://api.example.com/people -H "X-Api-Key: $API_KEY"')
        await shell.until(lambda: names(shell) == ["people"])
        await shell.until(lambda: shell.field == ("spec", "connection_specification", "properties", "api_key"))
        await shell.until_said("test value")


async def test_a_command_is_pasted_in_the_place_of_a_name() -> None:
    async with opened() as shell:
        shell.session.streams.add("people")
        await shell.perform("stream.add")
        await shell.until_dialog("StreamDialog")
        assert "begin from a curl command" in shell.text
        await shell.paste("curl https://api.example.com/people")
        await shell.until(lambda: names(shell) == ["people", "people_2"])
        await shell.until(lambda: shell.dialog is None)


async def test_several_commands_are_chosen_from(tmp_path: Path) -> None:
    file = tmp_path / "commands.sh"
    file.write_text("\n".join(f"curl https://api.example.com/{name}" for name in ("people", "orders", "invoices")))
    async with opened() as shell:
        await shell.perform("stream.import")
        await shell.until_dialog("ImportDialog")
        await shell.paste(str(file))
        await shell.until_dialog("PickDialog")
        assert "3 of 3 ticked" in shell.text
        await shell.press("ctrl+a")
        assert "0 of 3 ticked" in shell.text
        await shell.press("down", "space")
        await shell.until_shown("1 of 3 ticked")
        await shell.type("ex,inv")
        await shell.press("space")
        await shell.until_shown("2 of 3 ticked")
        await shell.press("space", "enter")
        await shell.until(lambda: names(shell) == ["orders"])


async def test_text_that_is_nothing_known_stays_with_the_reason() -> None:
    async with opened(size=(80, 24)) as shell:
        await shell.paste("Dear all,\nhello")
        await shell.until_dialog("ImportDialog")
        await shell.until_shown("✗ This is nothing that Longhaul can begin from")
        assert "Dear all" in shell.text
        assert "Continue" in shell.text
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert not names(shell)


# A published connector, and the folder of one


async def test_a_published_connector_is_typed_on_the_first_screen(index: Path) -> None:
    wheel(index, "acme", {"source_acme/manifest.yaml": MANIFEST, "source_acme/components.py": ""})
    async with opened() as shell:
        await shell.type("airbyte-source-acme")
        await shell.press("enter")
        await shell.until(lambda: names(shell) == ["things", "others"])
        await shell.until_said("components.py")
        assert shell.builder.project.path is None
        assert shell.session.dirty
        assert "airbyte-source-acme 1.2.3" in shell.lines[0]


async def test_the_line_for_a_published_connector_leaves_only_its_name_to_type(index: Path) -> None:
    wheel(index, "acme", {"source_acme/manifest.yaml": MANIFEST})
    async with opened() as shell:
        await shell.press("end", "up", "up", "up", "enter")
        await shell.type("nobody")
        await shell.press("enter")
        await shell.until_shown("✗ There is no package airbyte-source-nobody")
        await shell.press(*["backspace"] * len("nobody"))
        await shell.type("acme")
        await shell.press("enter")
        await shell.until(lambda: names(shell) == ["things", "others"])


async def test_streams_of_a_published_connector_are_added_to_the_one_that_is_open(index: Path) -> None:
    wheel(index, "acme", {"source_acme/manifest.yaml": MANIFEST})
    async with opened() as shell:
        shell.session.streams.add("mine")
        await shell.perform("stream.add")
        await shell.until_dialog("StreamDialog")
        await shell.type("airbyte-source-acme")
        await shell.press("enter")
        await shell.until_dialog("QuestionDialog")
        assert "Choose streams" in shell.text
        await shell.press("enter")
        await shell.until_dialog("PickDialog")
        await shell.type("oth")
        await shell.press("enter")
        await shell.until(lambda: names(shell) == ["mine", "others"])
        await shell.until(lambda: shell.field == (*PROPERTIES, "api_key"))


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for pip")
@pytest.mark.parametrize("left", ["the dialog", "the builder"])
async def test_leaving_ends_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    process = stuck_pip(tmp_path, monkeypatch)
    async with opened(size=(80, 24)) as shell:
        await shell.paste("airbyte-source-acme")
        await shell.until_shown("Asking pip for airbyte-source-acme…")
        await shell.until(lambda: process() is not None)
        number = process()
        assert number is not None
        if left == "the dialog":
            await shell.press("escape")
            await shell.until(lambda: shell.dialog is None and not is_running(number))
        else:
            await shell.press("ctrl+q")
    assert not is_running(number)


@pytest.mark.parametrize("inside", ["manifest.yaml", "source_acme/manifest.yaml"])
async def test_the_folder_of_a_connector_opens_its_manifest_for_editing(tmp_path: Path, inside: str) -> None:
    folder = tmp_path / "source-acme"
    (folder / inside).parent.mkdir(parents=True)
    (folder / inside).write_text(MANIFEST)
    async with opened() as shell:
        await shell.paste(f"{folder}\n")
        await shell.until(lambda: shell.builder.project.path == folder / inside)
        await shell.until(lambda: names(shell) == ["things", "others"])
        await shell.perform("file.new")
        await shell.until(lambda: names(shell) == [])
        await shell.perform("file.open")
        await shell.until_dialog("FileDialog")
        field = shell.app.screen.query_one(Input)
        field.value = f"{folder}{os.sep}"
        await shell.press("enter")
        await shell.until(lambda: shell.builder.project.path == folder / inside)


# Long texts


async def test_a_long_paste_into_a_url_does_not_hold_up_the_screen() -> None:
    async with opened() as shell:
        shell.session.streams.add("people")
        shell.builder.navigation.go_to_stream(0)
        await shell.until(lambda: shell.field == ("streams", 0, "retriever", "requester", "url"))
        for text in ("https://api.test/" + "a" * 5_000_000, "curl https://api.test -d '" + "a" * 5_000_000 + "'"):
            began = time.monotonic()
            await shell.paste(text)
            await shell.until_said("too much for a line")
            assert time.monotonic() - began < 2.0
        await shell.perform("request.paste")
        await shell.until_dialog("CurlDialog")
        await shell.paste("curl https://api.test -d '" + "a" * 5_000_000 + "'")
        await shell.until_said("too long for a command")
        assert not shell.session.value(("streams", 0, "retriever", "requester", "url"))


async def test_a_long_recording_is_pasted_without_being_drawn() -> None:
    entries: list[dict[str, object]] = [
        {"request": {"method": "GET", "url": f"https://api.test/{place}"}} for place in range(1_000)
    ]
    entries.append({"request": {"method": "GET", "url": "https://api.test/people"}, "comment": "x" * 5_000_000})
    async with opened() as shell:
        await shell.paste(json.dumps({"log": {"entries": entries}}))
        await shell.until_dialog("PickDialog")
        await shell.type("people")
        await shell.press("enter")
        await shell.until(lambda: names(shell) == ["people"])


async def test_operations_of_an_openapi_document_are_chosen_and_read(server: LoopbackServer, tmp_path: Path) -> None:
    def orders(asked: Asked) -> Reply:
        first = int(asked.query["offset"][0])
        return Reply({"data": [{"id": first + n, "total": f"{first + n}.50"} for n in range(min(2, 3 - first))]})

    server.on("/v1/orders", orders)
    server.on("/v1/orders/0/lines", Reply([{"line": "of order 0"}]))
    limit = [query("limit", "integer", maximum=2), query("offset", "integer")]
    paths = {
        "/orders": operation(listed(thing("total")), *limit, tags=["Orders"], summary="List all orders"),
        "/orders/{id}/lines": operation(tags=["Orders"], summary="List the lines of an order"),
        "/people": operation(tags=["People"], summary="List all people"),
    }
    file = tmp_path / "shop.json"
    file.write_text(document(paths, server=server.url("/v1")))
    async with opened() as shell:
        empty = shell.session.text
        await shell.paste(str(file))
        await shell.until_dialog("PickDialog")
        assert "OpenAPI document Shop" in shell.text
        assert all(word in shell.text for word in ("Orders", "GET /people", "List all people"))
        await shell.type("order")
        await shell.press("ctrl+a", "enter")
        await shell.until(lambda: names(shell) == ["orders", "lines"])
        await shell.until(lambda: shell.dialog is None)
        await shell.press("f5")
        await shell.tested("orders")
        await shell.until_shown("2.50")
        await shell.press("escape")
        shell.session.undo()
        assert shell.session.text == empty
        await shell.until(lambda: "lines" not in shell.text)


async def test_a_document_that_cannot_be_used_says_why() -> None:
    async with opened() as shell:
        await shell.paste('openapi: 3.0.0\ninfo: {title: Parts}\npaths: {/a: {$ref: "paths/a.yaml"}}')
        await shell.until_dialog("ImportDialog")
        await shell.until_shown("never read: bundle it")


async def test_json_that_breaks_off_is_named_with_the_place() -> None:
    async with opened(size=(80, 24)) as shell:
        await shell.paste('{"openapi": "3.0.0", "paths": {"/x": }')
        await shell.until_dialog("ImportDialog")
        await shell.until_shown("As JSON")
        assert "column 38" in shell.text
