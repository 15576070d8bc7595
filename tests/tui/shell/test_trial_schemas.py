"""The schema of the records that a trial has read, and that of a schema loader."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sample_configs.demo_api import DemoApi
from tests.support.server import LoopbackServer, Reply
from tests.tui.shell.support import opened, quickly_polled
from tui.model.declared_schema import declared_schema, set_automatic_import
from tui.trials.remedies import where_to_fix


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return quickly_polled(tmp_path)


STREAM = ("streams", 0)


async def test_importing_the_schema_does_not_make_the_trial_stale(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader", "schema", "properties"), {})
        await shell.press("f5")
        trial = await shell.tested("contacts")
        reporter = shell.builder.trials.reporter
        assert reporter.report(trial).actions == ("import",)
        await shell.press("4")
        await shell.until_shown("Detected in")
        await shell.press("i")
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))
        await shell.until(lambda: shell.entry("contacts").marks == "✓")
        shell.builder.trials.subject(0)
        assert reporter.report(trial).actions == ()


async def test_the_schema_is_imported_after_each_trial_where_that_is_wanted(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader", "schema", "properties"), {})
        set_automatic_import(shell.session, 0, on=True)
        await shell.press("f5")
        await shell.tested("contacts")
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))
        await shell.until(lambda: not shell.entry("contacts").stale)


LOADER = """\
type: DynamicSchemaLoader
retriever:
  type: SimpleRetriever
  requester: {type: HttpRequester, url: "%s"}
  record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
schema_type_identifier: {schema_pointer: [fields], key_pointer: [name], type_pointer: [kind]}
"""


async def test_a_loaded_schema_is_compared_and_replaced_only_when_confirmed(manifest: Path, api: DemoApi) -> None:
    fields = [{"name": "CITY", "kind": "number"}, {"name": "EMAIL", "kind": "string"}]
    async with LoopbackServer() as server, opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        server.on("/fields", Reply({"fields": fields}))
        loader = yaml.safe_load(LOADER % server.url("/fields"))
        shell.session.set((*STREAM, "schema_loader"), loader)
        set_automatic_import(shell.session, 0, on=True)
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert any("`CITY` must be null or a number" in words for words, _ in trial.inspector.mismatches)
        report = shell.builder.trials.reporter.report(trial)
        assert (report.note.startswith("Loaded (-)"), report.actions) == (True, ("import",))
        await shell.press("4")
        await shell.until_shown("Loaded (-)")
        for answer in (("escape",), ("right", "enter")):
            assert shell.session.value((*STREAM, "schema_loader"))["type"] == "DynamicSchemaLoader"
            await shell.press("i")
            await shell.until_dialog("ConfirmDialog")
            await shell.press(*answer)
            await shell.until(lambda: shell.dialog is None)
        await shell.until(lambda: "EMAIL" in (declared_schema(shell.session, 0) or {}).get("properties", {}))


async def test_a_schema_that_cannot_be_loaded_leads_to_its_loader(manifest: Path, api: DemoApi) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader"), {"type": "JsonFileSchemaLoader"})
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert "There is no schema file" in trial.state.errors[0]
        place = where_to_fix(trial)
        assert place is not None
        assert (str(place), place.path) == ("Schema", ("schema_loader",))


async def test_a_schema_file_is_read_from_beside_the_file_that_was_saved_last(
    manifest: Path, api: DemoApi, tmp_path: Path
) -> None:
    async with opened(manifest, values=api.inputs("sendgrid_contacts")) as shell:
        shell.session.set((*STREAM, "schema_loader"), {"type": "JsonFileSchemaLoader"})
        await shell.until(lambda: not shell.session.connector.problems or shell.session.connector.usable)
        elsewhere = tmp_path / "elsewhere"
        (elsewhere / "schemas").mkdir(parents=True)
        (elsewhere / "schemas" / "contacts.json").write_text('{"properties": {"EMAIL": {"type": "number"}}}')
        shell.session.save(elsewhere / "manifest.yaml")
        await shell.press("f5")
        trial = await shell.tested("contacts")
        assert trial.loaded_schema == {"properties": {"EMAIL": {"type": "number"}}}
        assert [count for _, count in trial.inspector.mismatches] == [30]
