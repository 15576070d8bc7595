"""Going around: navigator, test screen, sections, fields, problems, undo, help; by keyboard and by mouse."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events

from sample_configs import sample
from tests.tui.shell.support import opened
from tui.model.streams import StreamKind
from tui.trials.view.pane import TrialPane

RETRIEVER = ("streams", 0, "retriever")
URL = (*RETRIEVER, "creation_requester", "url")
SIZES = [(80, 24), (120, 40), (200, 50)]

SHARED = """\
version: 7.0.0
type: DeclarativeSource
definitions:
  base: {type: HttpRequester, url_base: "https://api.example.com", http_method: GET}
  selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
streams:
""" + "".join(
    f"""\
  - type: DeclarativeStream
    name: {name}
    retriever:
      type: SimpleRetriever
      requester: {{$ref: "#/definitions/base", path: /{name}}}
      record_selector: {{$ref: "#/definitions/selector"}}
"""
    for name in ("users", "orders", "lists")
)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    return path


@pytest.mark.parametrize("size", SIZES)
async def test_one_key_goes_to_the_test_screen_and_back_to_the_field(manifest: Path, size: tuple[int, int]) -> None:
    async with opened(manifest, size=size) as shell:
        await shell.go_to(*RETRIEVER, "polling_requester", "url")
        await shell.press("ctrl+b")
        await shell.until(lambda: shell.builder.query_one(TrialPane).has_focus_within)
        assert "Not tested yet" in shell.text
        beside = "Polling" in shell.text and "HTTP Method" in shell.text
        assert beside == (size[0] >= 150)
        await shell.press("ctrl+b")
        await shell.until(lambda: not shell.builder.query_one(TrialPane).has_focus_within)
        assert shell.field == (*RETRIEVER, "polling_requester", "url")
        assert "HTTP Method" in shell.text


async def test_the_test_screen_is_beside_the_form_if_there_is_room_else_in_its_place(manifest: Path) -> None:
    async with opened(manifest, size=(200, 50)) as shell:
        await shell.until_shown("Not tested yet")
        await shell.pilot.resize_terminal(100, 30)
        await shell.until(lambda: "Not tested yet" not in shell.text)
        assert "HTTP Method" in shell.text


async def test_typing_part_of_its_name_goes_to_a_section(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+o")
        await shell.until_dialog("ChoiceDialog")
        await shell.choose("timeout")
        await shell.until(lambda: shell.field == (*RETRIEVER, "polling_job_timeout"))


async def test_keys_typed_before_a_field_is_built_go_into_that_field(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.until(lambda: shell.field == URL)
        url = shell.session.value(URL)
        going = asyncio.create_task(shell.builder.navigation.show_path((*RETRIEVER, "polling_job_timeout")))
        await asyncio.sleep(0)
        for key in "42":
            shell.app.post_message(events.Key(key, key))
        await going
        await shell.until(lambda: "42" in str(shell.session.value((*RETRIEVER, "polling_job_timeout"))))
        assert shell.session.value(URL) == url


@pytest.mark.parametrize(
    ("opens", "name"), [("f3", "LetterOverlay"), ("ctrl+o", "ChoiceDialog"), ("ctrl+p", "CommandPalette")]
)
@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_a_second_key_for_a_closing_dialog_closes_nothing_else(
    manifest: Path, opens: str, name: str, key: str
) -> None:
    async with opened(manifest) as shell:
        await shell.press(opens)
        await shell.until_dialog(name)
        for _ in range(2):
            shell.app.post_message(events.Key(key, None))
        await shell.until(lambda: shell.dialog != name)
        assert shell.app.builder in shell.app.screen_stack


async def test_a_folded_field_can_be_gone_to(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+g")
        await shell.until_dialog("ChoiceDialog")
        await shell.choose("status extractor field path")
        await shell.until(lambda: shell.field == (*RETRIEVER, "status_extractor", "field_path"))


async def test_the_fields_of_the_tab_come_first(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+pagedown", "ctrl+g")
        await shell.until_dialog("ChoiceDialog")
        await shell.type("api endpoint url")
        await shell.press("enter")
        await shell.until(lambda: shell.field == (*RETRIEVER, "polling_requester", "url"))


async def test_the_list_includes_fields_of_the_inputs_and_global_settings(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+g")
        await shell.until_dialog("ChoiceDialog")
        await shell.choose("job budget")
        await shell.until(lambda: shell.builder.navigation.selection == "global")


async def test_one_key_goes_to_the_next_problem_and_the_marks_count_them(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.unset((*RETRIEVER, "status_extractor"))
        shell.session.unset((*RETRIEVER, "polling_requester", "url"))
        await shell.checked()
        await shell.until(lambda: shell.entry("contacts").errors == 2)
        await shell.until(lambda: "✗ 2 to fix" in shell.lines[0])
        await shell.until_shown("✗2")
        await shell.press("f8")
        await shell.until(lambda: shell.field is not None and "polling_requester" in shell.field)
        first = shell.field
        await shell.press("f8")
        await shell.until(lambda: shell.field != first)
        assert shell.field == (*RETRIEVER, "status_extractor")


async def test_the_error_of_an_unclosed_template_shows_where_one_is_led_to_it(manifest: Path) -> None:
    async with opened(manifest, size=(120, 40)) as shell:
        url = (*RETRIEVER, "polling_requester", "url")
        shell.session.set(url, "{{ config['api_url']")
        await shell.checked()
        await shell.press("f8")
        await shell.until(lambda: shell.field == url)
        await shell.until_shown("✗ API Endpoint URL")
        await shell.type(" ")
        await shell.checked()
        assert "✗ API Endpoint URL" not in shell.text, "what is just being typed is no error"
        await shell.press("f8")
        await shell.until_shown("✗ API Endpoint URL")


STRANGE = """\
version: 7.0.0
type: DeclarativeSource
streams:
  - type: DeclarativeStream
    name: x
    retriever: {type: FancyRetriever}
  - type: NoSuchStream
    name: y
  - 17
check: {type: CheckStream, stream_names: [x, nowhere]}
"""


async def test_problems_that_no_field_shows_are_notified_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "strange.yaml"
    path.write_text(STRANGE)
    async with opened(path) as shell:
        await shell.checked()
        for _ in range(8):
            await shell.press("f8")
        told = " ".join(shell.notes)
        assert "FancyRetriever" in told
        assert "NoSuchStream" in told
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is not None)
        shell.app.clear_notifications()
        await shell.press("f8")
        await shell.until(lambda: shell.notes)


async def test_a_shared_field_says_who_shares_it(tmp_path: Path) -> None:
    path = tmp_path / "shared.yaml"
    path.write_text(SHARED)
    async with opened(path) as shell:
        requester = ("streams", 0, "retriever", "requester")
        await shell.go_to(*requester, "http_method")
        await shell.until(lambda: "⇄ Shared with orders, lists" in shell.lines[-2])
        await shell.press("f1")
        await shell.until_dialog("HelpDialog")
        assert "definitions.base.http_method" in shell.text
        await shell.press("escape")
        await shell.go_to(*requester, "path")
        await shell.until(lambda: "URL Path" in shell.lines[-2])
        assert "⇄" not in shell.lines[-2]


async def test_without_problems_a_notice_says_so(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.checked()
        await shell.press("f8")
        await shell.until_said("No problems")


async def test_undo_and_redo_go_to_the_change(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.go_to(*RETRIEVER, "polling_job_timeout")
        await shell.press("end", "5")
        await shell.until(lambda: shell.session.value((*RETRIEVER, "polling_job_timeout")) == 305)
        await shell.builder.navigation.show("global")
        await shell.press("f2", "ctrl+z")
        await shell.until(lambda: shell.field == (*RETRIEVER, "polling_job_timeout"))
        assert shell.session.value(shell.field or ()) == 30
        assert "Unsaved" not in shell.lines[0]
        await shell.press("ctrl+y")
        await shell.until(lambda: shell.session.value((*RETRIEVER, "polling_job_timeout")) == 305)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("ctrl+z", "Nothing to undo."),
        ("ctrl+y", "Nothing to redo."),
        ("f12", "No case is open: tests ask the API."),
    ],
)
async def test_a_key_that_can_do_nothing_now_says_why(manifest: Path, key: str, said: str) -> None:
    async with opened(manifest) as shell:
        await shell.press(key)
        await shell.until_said(said)
        assert not shell.session.dirty


async def test_undo_restores_a_deleted_stream_and_goes_there(manifest: Path) -> None:
    async with opened(manifest) as shell:
        shell.session.streams.add("lists", StreamKind.SYNC)
        await shell.until(lambda: shell.entry("lists").title)
        shell.session.streams.delete(0)
        await shell.until(lambda: shell.session.streams.names() == ("lists",))
        await shell.press("f2", "ctrl+z")
        await shell.until(lambda: [one.title for one in shell.builder.navigator.entries][:2] == ["contacts", "lists"])


async def test_the_navigator_works_by_keys(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("f2", "end", "up", "enter")
        await shell.until(lambda: shell.builder.navigation.selection == "inputs")
        await shell.until_shown("API key")
        await shell.press("f2", "down", "enter")
        await shell.until(lambda: shell.builder.navigation.selection == "global")
        await shell.press("f2", "f2")
        assert not shell.builder.navigator.has_focus
        await shell.press("f2", "home", "down", "enter")
        await shell.until_dialog("StreamDialog")


async def test_the_navigator_works_by_mouse(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.pilot.click(shell.builder.navigator, offset=(3, 4))
        await shell.until(lambda: shell.builder.navigation.selection == "inputs")
        await shell.pilot.click(shell.builder.navigator, offset=(3, 1))
        await shell.until(lambda: shell.builder.navigation.selection == 0)


async def test_escape_leaves_one_level_at_a_time(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+b")
        await shell.until(lambda: shell.builder.trial_actions.is_shown)
        await shell.press("f1")
        await shell.until_dialog("HelpDialog")
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        await shell.press("escape")
        await shell.until(lambda: not shell.builder.trial_actions.is_shown)
        await shell.press("escape")
        assert shell.builder.navigator.has_focus


async def test_keys_switch_tabs(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("ctrl+t")
        await shell.until_shown("Status Mapping")
        await shell.press("ctrl+t", "ctrl+t")
        await shell.until_shown("Detected schema")


async def test_the_help_line_follows_the_focus(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.go_to(*RETRIEVER, "polling_job_timeout")
        await shell.until(lambda: shell.lines[-2].startswith(" Polling Job Timeout"))
        await shell.press("f2")
        assert shell.lines[-2].startswith(" contacts")
        await shell.go_to("spec", "connection_specification", "properties", "api_key")
        await shell.until(lambda: "In templates: config['api_key']." in shell.lines[-2])
        await shell.press("tab", "tab")
        await shell.until(lambda: "+ Add input  Another value" in shell.lines[-2])


async def test_the_help_of_a_field_names_its_values_and_variables(manifest: Path) -> None:
    async with opened(manifest, size=(120, 60)) as shell:
        await shell.go_to(*RETRIEVER, "polling_requester", "url")
        await shell.press("f1")
        await shell.until_dialog("HelpDialog")
        assert "creation_response" in shell.text
        assert "https://api.example.com/exports/{{ creation_response['id'] }}" in shell.text
        assert "streams[0].retriever.polling_requester.url" in shell.text
        assert "F5 ^r" in shell.text
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert shell.field == (*RETRIEVER, "polling_requester", "url")


async def test_a_question_mark_opens_help_outside_of_text_fields(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("f2", "question_mark")
        await shell.until_dialog("HelpDialog")
        assert "Navigator" in shell.text


async def test_letters_lead_to_anything_in_view(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.press("f3")
        await shell.until_dialog("LetterOverlay")
        await shell.press("a")
        await shell.until(lambda: shell.dialog is None)
        assert shell.builder.navigator.has_focus


@pytest.mark.parametrize(("before", "after"), [((200, 50), (80, 24)), ((80, 24), (200, 50))])
async def test_a_terminal_resized_behind_a_dialog_is_laid_out_when_the_dialog_is_closed(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    async with opened(demo=True, size=before) as shell:
        await shell.settled()
        await shell.press("ctrl+p")
        await shell.until_dialog("CommandPalette")
        await shell.pilot.resize_terminal(*after)
        await shell.settled()
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        await shell.until(
            lambda: ("Not tested yet" in shell.text) == (after[0] == 200), "the panes that there is room for"
        )
