"""Beginning from what a person has: pasted on the first screen, in the dialogs, from files."""

from __future__ import annotations

from pathlib import Path

from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.shell.support import Shell, opened

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
        await shell.paste(command)
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
        await shell.type("inv")
        await shell.press("space", "enter")
        await shell.until(lambda: names(shell) == ["invoices"])


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
