"""Templates in the builder: shown and edited as streams, and one of the streams that are made of them is tested."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from core.levels import Level
from tests.support.server import LoopbackServer, Reply
from tests.tui.shell.support import Shell, opened
from tui.model.declared_schema import set_automatic_import
from tui.trials.view.settings_dialog import SettingsDialog
from tui.widgets.choice import Choice

MANIFEST = """\
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckDynamicStream, stream_count: 1}}
dynamic_streams:
- type: DynamicDeclarativeStream
  name: tables
  stream_template:
    type: DeclarativeStream
    name: ""
    primary_key: id
    retriever:
      type: SimpleRetriever
      requester: {{type: HttpRequester, url: "{url}/rows/TABLE"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
  components_resolver:
    type: HttpComponentsResolver
    retriever:
      type: SimpleRetriever
      requester: {{type: HttpRequester, url: "{url}/tables"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
    components_mapping:
    - {{type: ComponentMappingDefinition, field_path: [name], value: "{{{{ components_values['name'] }}}}"}}
    - type: ComponentMappingDefinition
      field_path: [retriever, requester, url]
      value: "{url}/rows/{{{{ components_values['name'] }}}}"
"""


@pytest.fixture
def manifest(tmp_path: Path, server: LoopbackServer) -> Path:
    server.on("/tables", Reply([{"name": "people"}, {"name": "orders"}]))
    server.on("/rows/people", Reply([{"id": 1, "name": "Ada"}]))
    server.on("/rows/orders", Reply([{"id": 10}, {"id": 11}]))
    path = tmp_path / "tables.yaml"
    path.write_text(MANIFEST.format(url=server.url()), encoding="utf-8")
    return path


async def choose_made(shell: Shell, name: str) -> None:
    """Choose in the settings of the test which of the made streams it is of."""
    await shell.press("L")
    await shell.until_dialog("SettingsDialog")
    dialog = shell.app.screen
    assert isinstance(dialog, SettingsDialog)
    choice = dialog.query_one("#made", Choice)
    assert name in [option.value for option in choice.options]
    choice.focus()
    await shell.press("enter")
    await shell.until_dialog("ChoiceDialog")
    await shell.type(name)
    await shell.press("enter")
    await shell.until_dialog("SettingsDialog")
    dialog.query_one("#records", Input).focus()
    await shell.press("enter")
    await shell.until(lambda: shell.dialog is None)


async def test_one_of_the_made_streams_is_tested_then_another(manifest: Path) -> None:
    async with opened(manifest) as shell:
        assert shell.entry("tables").note == "template"
        await shell.press("f5")
        trial = await shell.tested("tables")
        assert not trial.state.errors
        assert (trial.read_as, trial.state.records, trial.made) == ("people", 1, ("people", "orders"))
        await shell.until_shown("tables › people")
        await choose_made(shell, "orders")
        await shell.press("f5")
        await shell.until(lambda: (run := shell.run("tables")) is not None and run is not trial)
        second = await shell.tested("tables")
        assert (second.read_as, second.state.records) == ("orders", 2)
        await shell.until_shown("tables › orders")


async def test_a_template_is_edited_with_the_forms_of_streams(manifest: Path) -> None:
    async with opened(manifest) as shell:
        form = shell.builder.editor.stream_form
        assert form is not None
        assert list(form.tab_titles) == ["Configuration", "Schema", "Template"]
        await form.open_tab("Template")
        await shell.until_shown("Asked from the API")
        template = ("dynamic_streams", 0, "stream_template")
        await shell.builder.navigation.show_path((*template, "retriever", "requester", "url"))
        await shell.until(lambda: form.active_tab == "Configuration")
        await shell.type("s")
        await shell.until(
            lambda: str(shell.session.value((*template, "retriever", "requester", "url"))).endswith("TABLEs")
        )


async def test_a_template_that_makes_nothing_says_so(manifest: Path, server: LoopbackServer) -> None:
    server.on("/tables", Reply([]))
    async with opened(manifest) as shell:
        await shell.press("f5")
        trial = await shell.tested("tables")
        assert "nothing" in " ".join(trial.state.errors)


async def test_an_api_that_refuses_the_list_is_shown_with_its_request(manifest: Path, server: LoopbackServer) -> None:
    server.on("/tables", Reply({"error": "no such project"}, status=403))
    async with opened(manifest) as shell:
        await shell.press("f5")
        trial = await shell.tested("tables")
        assert "403" in " ".join(trial.state.errors)
        assert trial.state.exchanges == 1


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (Reply({"error": "no such project"}, status=404), ("retriever", "requester", "url")),
        (Reply({"error": "who are you"}, status=401), ("retriever", "requester", "authenticator")),
        (Reply([]), ("retriever", "record_selector", "extractor")),
        (Reply([{"title": "people"}]), ("components_mapping",)),
    ],
)
async def test_the_advice_for_a_list_that_fails_leads_to_the_template(
    manifest: Path, server: LoopbackServer, answer: Reply, field: tuple[str, ...]
) -> None:
    server.on("/tables", answer)
    resolver = ("dynamic_streams", 0, "components_resolver")
    async with opened(manifest) as shell:
        await shell.press("f5")
        await shell.tested("tables")
        await shell.until_shown("Go to Template")
        await shell.press("m")
        form = shell.builder.editor.stream_form
        assert form is not None
        await shell.until(lambda: form.active_tab == "Template")
        await shell.until(lambda: (shell.field or ())[: 2 + 1 + len(field)] == (*resolver, *field), f"{shell.field}")


MAPPED = """\
      value: "{url}/rows/{{{{ components_values['name'] }}}}"
"""
LISTED = "\n".join(line for line in MANIFEST.splitlines() if line not in MAPPED.splitlines())


@pytest.mark.parametrize(
    ("text", "said", "field"),
    [
        (LISTED, "“Value” is required", ("components_resolver", "components_mapping", 1, "value")),
        (MANIFEST.partition("    components_mapping")[0], "“Mappings” is required", ("components_resolver",)),
        (
            MANIFEST.partition("    components_mapping")[0] + "    components_mapping: []",
            "no mapping gives the stream a name",
            ("components_resolver", "components_mapping"),
        ),
        (
            MANIFEST.replace('url: "{url}/rows/TABLE"', 'url: "{url}/x", http_method: 7'),
            "“HTTP Method”",
            ("stream_template", "retriever", "requester", "http_method"),
        ),
    ],
    ids=["a value", "the mappings", "a name", "the template"],
)
async def test_what_streams_are_made_of_is_tested_although_the_template_is_not_complete(
    manifest: Path, server: LoopbackServer, text: str, said: str, field: tuple[str | int, ...]
) -> None:
    manifest.write_text(text.format(url=server.url()), encoding="utf-8")
    async with opened(manifest) as shell:
        set_automatic_import(shell.session, 0, on=True)
        before = shell.session.text
        await shell.press("f5")
        trial = await shell.tested("tables")
        assert (trial.state.errors, trial.state.records, trial.made) == ((), 2, ())
        await shell.until_shown(said)
        await shell.until_shown("None can be made yet")
        assert shell.session.trial_marks.get("tables") is None
        await shell.press("m")
        await shell.until(lambda: (shell.field or ())[2 : 2 + len(field)] == field, f"{field}")
        assert shell.session.text == before


async def test_a_list_that_is_not_described_has_to_be_before_a_test(manifest: Path, server: LoopbackServer) -> None:
    text = MANIFEST.replace(', url: "{url}/tables"', "")
    manifest.write_text(text.format(url=server.url()), encoding="utf-8")
    async with opened(manifest) as shell:
        await shell.press("f5")
        await shell.until_said("API Endpoint URL")
        url = ("dynamic_streams", 0, "components_resolver", "retriever", "requester", "url")
        await shell.until(lambda: shell.field == url)
        assert shell.run("tables") is None


def _refused(shell: Shell, said: str, times: int) -> bool:
    return sum(said in one for one in shell.notes) == times


async def test_a_template_of_jobs_is_tested_once_all_stages_are_described(
    manifest: Path, server: LoopbackServer
) -> None:
    text = MANIFEST.replace(
        'requester: {{type: HttpRequester, url: "{url}/rows', 'creation_requester: {{url: "{url}/rows'
    )
    text = text.replace("SimpleRetriever", "AsyncRetriever", 1)
    text = (
        text.partition("  components_resolver")[0]
        + """\
  components_resolver:
    type: ParametrizedComponentsResolver
    stream_parameters: {{list_of_parameters_for_stream: [{{name: a}}]}}
    components_mapping: [{{field_path: [name], value: "{{{{ components_values['name'] }}}}"}}]
"""
    )
    manifest.write_text(text.format(url=server.url()), encoding="utf-8")
    async with opened(manifest) as shell:
        for count, key in enumerate(("f5", "f4"), 1):
            await shell.press(key)
            await shell.until(partial(_refused, shell, "“Polling” is required", count))
        assert shell.run("tables") is None


async def test_a_stream_becomes_a_template_and_back(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    text = MANIFEST.format(url="http://127.0.0.1:9")
    head, template = (
        text.split("dynamic_streams:")[0],
        text.split("stream_template:")[1].split("  components_resolver")[0],
    )
    template = template.replace('name: ""', "name: people").replace("\n    ", "\n  ").replace("\n  ", "\n- ", 1)
    path.write_text(f"{head}streams:{template}", encoding="utf-8")
    async with opened(path) as shell:
        before = shell.session.text
        await shell.perform("stream.template")
        await shell.until_shown("Asked from the API")
        assert shell.entry("people").note == "template"
        assert shell.session.value(("streams",)) in (None, [])
        assert shell.session.value(("dynamic_streams", 0, "stream_template", "primary_key")) == "id"
        await shell.press("ctrl+z")
        await shell.until(lambda: shell.session.text == before)
        assert shell.entry("people").note == ""


CHOSEN = """\
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [orders]}}
definitions:
  stream:
    type: DeclarativeStream
    name: orders
    retriever:
      type: SimpleRetriever
      requester: {{type: HttpRequester, url: "{url}/all"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
streams:
- type: StateDelegatingStream
  name: orders
  full_refresh_stream: {{$ref: "#/definitions/stream"}}
  incremental_stream: {{$ref: "#/definitions/stream"}}
- type: ConditionalStreams
  condition: "{{{{ config['plan'] == 'paid' }}}}"
  streams:
  - {{$ref: "#/definitions/stream", name: invoices}}
spec:
  type: Spec
  connection_specification:
    type: object
    properties: {{plan: {{type: string}}}}
"""


@pytest.fixture
def chosen(tmp_path: Path, server: LoopbackServer) -> Path:
    server.on("/all", Reply([{"id": 1}]))
    path = tmp_path / "chosen.yaml"
    path.write_text(CHOSEN.format(url=server.url()), encoding="utf-8")
    return path


async def test_the_test_of_a_stream_with_two_ways_says_which_was_chosen(chosen: Path) -> None:
    async with opened(chosen) as shell:
        assert [entry.note for entry in shell.builder.navigator.entries][:3] == ["in full", "incremental", "if"]
        await shell.press("f5")
        trial = await shell.tested("orders")
        assert trial.state.records == 1
        assert any("is read in full" in line.message for line in trial.state.logs)


async def test_a_stream_that_the_inputs_leave_out_says_why(chosen: Path) -> None:
    async with opened(chosen, values={"plan": "free"}) as shell:
        shell.builder.navigation.go_to_stream(2)
        await shell.settled()
        await shell.press("f5")
        trial = await shell.tested("invoices")
        assert "its condition is false" in " ".join(trial.state.errors)
        shell.session.values.lend({"plan": "paid"})
        await shell.press("f5")
        await shell.until(lambda: (run := shell.run("invoices")) is not None and run is not trial)
        assert (await shell.tested("invoices")).state.records == 1


async def test_a_condition_that_only_counts_as_true_is_told_of(chosen: Path) -> None:
    chosen.write_text(chosen.read_text(encoding="utf-8").replace("== 'paid'", "> 3"), encoding="utf-8")
    async with opened(chosen, values={"plan": "free"}) as shell:
        await shell.press("f5")
        assert not (await shell.tested("orders")).state.severities[Level.WARNING]
        shell.builder.navigation.go_to_stream(2)
        await shell.settled()
        await shell.press("f5")
        trial = await shell.tested("invoices")
        assert trial.state.records == 1
        [told] = [line.message for line in trial.state.logs if line.level is Level.WARNING]
        assert "As in Airbyte, the condition counts as true: its streams are there." in told


async def test_a_stream_is_put_below_a_condition(manifest: Path) -> None:
    manifest.write_text(PLAIN, encoding="utf-8")
    async with opened(manifest) as shell:
        await shell.perform("stream.condition")
        await shell.until(lambda: shell.field == ("streams", 0, "condition"))
        assert shell.entry("people").note == "if"
        await shell.press("ctrl+z")
        await shell.until(lambda: shell.session.text == PLAIN)


async def test_a_stream_is_read_in_two_ways(manifest: Path) -> None:
    manifest.write_text(PLAIN, encoding="utf-8")
    async with opened(manifest) as shell:
        await shell.perform("stream.two-ways")
        await shell.until_said("how changes are read")
        assert [entry.note for entry in shell.builder.navigator.entries][:2] == ["in full", "incremental"]
        form = shell.builder.editor.stream_form
        assert form is not None
        await shell.until(lambda: form.stream == 1)
        assert not shell.builder.streams.stands_by_itself
        await shell.press("ctrl+z")
        await shell.until(lambda: shell.session.text == PLAIN)


PLAIN = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [people]}
streams:
- type: DeclarativeStream
  name: people
  retriever:
    type: SimpleRetriever
    requester: {type: HttpRequester, url: "https://api.example.com/people"}
    record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
"""
