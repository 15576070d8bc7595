"""The jobs of streams that are made of a template, as far as tests leave them on the server."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import yaml

from core.http.exchange import Role
from tests.support.jobs_api import ABORT, manifest, serve_job
from tests.support.server import LoopbackServer, Reply
from tests.tui.shell.support import Shell, opened
from tests.tui.shell.test_templates import choose_made
from tui.trials.trial import Trial


@pytest.fixture
def saved(server: LoopbackServer, tmp_path: Path) -> Path:
    """A template of jobs, of which the streams `people` and `orders` are made."""
    written = yaml.safe_load(manifest(server, retriever=f"polling_interval: 0.05\n{ABORT % server.url()}"))
    template = written.pop("streams")[0]
    mapping = {"type": "ComponentMappingDefinition", "field_path": ["name"], "value": "{{ components_values['name'] }}"}
    resolver = {
        "type": "ParametrizedComponentsResolver",
        "stream_parameters": {"list_of_parameters_for_stream": [{"name": "people"}, {"name": "orders"}]},
        "components_mapping": [mapping],
    }
    written["check"] = {"type": "CheckDynamicStream", "stream_count": 1}
    written["dynamic_streams"] = [
        {
            "type": "DynamicDeclarativeStream",
            "name": "exports",
            "stream_template": template,
            "components_resolver": resolver,
        }
    ]
    path = tmp_path / "exports.yaml"
    path.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    return path


def roles(trial: Trial) -> list[Role]:
    return [entry.head.role for entry in trial.exchanges.entries]


def _is_another(shell: Shell, before: Trial | None) -> bool:
    return shell.run("exports") is not before


async def after(shell: Shell, action: str) -> Trial:
    """Do something that starts a test, and wait for the end of that test."""
    before = shell.run("exports")
    await shell.perform(action)
    await shell.until(partial(_is_another, shell, before))
    trial = await shell.tested("exports")
    await shell.settled()
    return trial


async def test_a_job_that_was_kept_is_aborted_when_the_builder_closes(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "busy")
    async with opened(saved) as shell:
        created = await after(shell, "test.creation")
        assert (created.read_as, roles(created)) == ("people", [Role.CREATE])
        assert server.to("/jobs/j1/abort") == []
        await shell.builder.trials.close(5)
        assert len(server.to("/jobs/j1/abort")) == 1


async def test_a_job_that_was_kept_is_aborted_when_another_stream_is_tested(
    server: LoopbackServer, saved: Path
) -> None:
    serve_job(server, "done")
    async with opened(saved) as shell:
        await after(shell, "test.creation")
        await choose_made(shell, "orders")
        whole = await after(shell, "test.run")
        assert (whole.read_as, whole.state.errors) == ("orders", ())
        assert roles(whole) == [Role.ABORT, Role.CREATE, Role.POLL, Role.DOWNLOAD]


async def test_the_job_of_one_stream_is_not_followed_for_another(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "done")
    async with opened(saved) as shell:
        await after(shell, "test.creation")
        await choose_made(shell, "orders")
        polled = await after(shell, "test.polling")
        assert roles(polled) == []
        assert "The job that is there is one of `people`" in " ".join(polled.state.errors)
        await choose_made(shell, "people")
        polled = await after(shell, "test.polling")
        assert roles(polled) == [Role.POLL]


async def test_a_test_of_the_list_leaves_the_job_until_the_builder_closes(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "busy")
    server.on("/tables", Reply([{"name": "people"}]))
    resolver = ("dynamic_streams", 0, "components_resolver")
    retriever = {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url": server.url("/tables")},
        "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
    }
    mappings = yaml.safe_load(saved.read_text())["dynamic_streams"][0]["components_resolver"]["components_mapping"]
    listed = {"type": "HttpComponentsResolver", "retriever": retriever, "components_mapping": mappings}
    async with opened(saved) as shell:
        shell.session.write(resolver, listed)
        await shell.checked()
        await after(shell, "test.creation")
        shell.session.unset(("dynamic_streams", 0, "stream_template", "retriever", "record_selector"))
        await shell.checked()
        shown = await after(shell, "test.run")
        assert (shown.listing is not None, shown.state.records) == (True, 1)
        assert server.to("/jobs/j1/abort") == []
        shell.session.undo()
        await shell.checked()
        await shell.builder.trials.close(5)
        assert len(server.to("/jobs/j1/abort")) == 1


async def test_the_job_of_a_list_is_told_of_while_it_goes_on(server: LoopbackServer, saved: Path) -> None:
    serve_job(server, "busy", "done", records=({"name": "people"},))
    written = yaml.safe_load(saved.read_text())
    template = written["dynamic_streams"][0]
    rows = {"type": "HttpRequester", "url": server.url("/result")}
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}}
    template["components_resolver"] = {
        "type": "HttpComponentsResolver",
        "retriever": template["stream_template"]["retriever"],
        "components_mapping": template["components_resolver"]["components_mapping"],
    }
    template["stream_template"]["retriever"] = {
        "type": "SimpleRetriever",
        "requester": rows,
        "record_selector": selector,
    }
    saved.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    async with opened(saved) as shell:
        trial = await after(shell, "test.run")
        assert (trial.read_as, trial.state.records, len(trial.state.partitions)) == ("people", 1, 1)
        told = [line.message for line in trial.state.logs if "job j1" in line.message]
        assert told[0] == "exports: job j1 is running"
        assert told[1].startswith("exports: job j1 completed (done) after 2 polls")
        assert told[2:] == ["exports: downloading the result of job j1", "exports: job j1 done"]
