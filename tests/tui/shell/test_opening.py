"""What is there when the builder is opened: on nothing, on a file, on one that can't be read, on the demo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual import events

from sample_configs import sample
from tests.tui.shell.support import Shell, opened
from tui.app import BuilderApp
from tui.forms.stream_form import StreamForm
from tui.model.settings import Settings

SENDGRID = sample("sendgrid_contacts").path
SIZES = [(80, 24), (120, 40), (200, 50)]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(SENDGRID.read_text())
    return path


async def test_the_first_screen_is_drawn_before_the_engine_is_loaded() -> None:
    app = BuilderApp(Path("connector.yaml"))
    text: list[str] = []
    app._load = lambda: text.extend(strip.text for strip in app.screen._compositor.render_strips())  # type: ignore[method-assign]
    async with app.run_test() as pilot:
        await pilot.pause()
    assert "connector.yaml" in text[0]
    assert any("Opening" in line for line in text)


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_project_shows_ways_to_begin(size: tuple[int, int]) -> None:
    async with opened(size=size) as shell:
        assert "Paste a curl command" in shell.text
        assert "Unsaved" not in shell.text
        await shell.press("enter")
        await shell.until_dialog("ImportDialog")


async def test_recent_files_are_offered(manifest: Path) -> None:
    Settings().opened(manifest)
    async with opened() as shell:
        assert "sendgrid.yaml" in shell.text
        await shell.press("end", "enter")
        await shell.until(lambda: shell.builder.project.path == manifest)
        await shell.until_shown("API Endpoint URL")


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_opens_at_its_first_stream(manifest: Path, size: tuple[int, int]) -> None:
    async with opened(manifest, size=size) as shell:
        assert "sendgrid.yaml" in shell.lines[0]
        assert "Unsaved" not in shell.lines[0]
        await shell.until(lambda: shell.field == ("streams", 0, "retriever", "creation_requester", "url"))
        assert shell.entry("contacts").kind == "async"


async def test_a_section_below_the_screen_follows_the_first_picture_of_a_tab() -> None:
    async with opened(sample("shopify_bulk_operation").path, size=(120, 40)) as shell:
        form = shell.builder.editor.form
        assert isinstance(form, StreamForm)
        await form.open_tab("Polling")
        assert form.pane is not None
        assert "Error Handler" not in [row.place.title for row in form.pane.rows]
        assert len(list(form.pane.walk_children())) <= 50
        await shell.until(lambda: form.pane and "Error Handler" in [row.place.title for row in form.pane.rows])


async def test_an_opened_file_is_added_to_the_recent_ones(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.until(lambda: Settings().recent == [manifest])


async def test_invalid_yaml_opens_as_text_at_the_line_of_the_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("version: 7.0.0\ntype: DeclarativeSource\nstreams: [\ncheck: {}\n")
    async with opened(path) as shell:
        view = shell.builder.editor.yaml
        assert view is not None
        assert view.editor.text == path.read_text()
        assert view.editor.error_line is not None
        assert "✗ Line" in shell.text
        await shell.press("ctrl+s")
        await shell.until_said("can't be read")
    assert path.read_text().startswith("version: 7.0.0\ntype: DeclarativeSource\nstreams: [\n")


async def test_invalid_yaml_is_not_unsaved_before_it_is_edited(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("a: [1,\n b: {")
    async with opened(path) as shell:
        await shell.until_shown("Line 3")
        assert not shell.session.dirty
        await shell.press("x")
        await shell.until(lambda: shell.session.dirty)


async def test_invalid_yaml_that_was_repaired_stays_repaired(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("version: 7.0.0\ntype: DeclarativeSource\nstreams: [\ncheck: {}\n")
    async with opened(path) as shell:
        view = shell.builder.editor.yaml
        assert view is not None
        view.editor.insert("]", (2, len("streams: [")))
        await shell.until(lambda: not shell.session.has_broken_text)
        await shell.press("ctrl+l")
        await shell.until(lambda: shell.builder.editor.yaml is None)
        await shell.press("ctrl+l")
        await shell.until_shown("✓ YAML, in step with the forms")
        view = shell.builder.editor.yaml
        assert view is not None
        assert view.editor.error_line is None


async def test_an_empty_file_begins_a_new_manifest(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.touch()
    async with opened(path) as shell:
        assert not shell.session.has_broken_text
        await shell.until_said("empty.yaml is empty: a new manifest is begun in it")
        shell.session.streams.add("contacts")
        await shell.press("ctrl+s")
        await shell.until_said("Saved empty.yaml")
    assert "name: contacts" in path.read_text()


DOCUMENTS = {
    "openapi.yaml": """
openapi: 3.0.0
info: {title: Shop, version: "1"}
servers: [{url: "https://api.example.com"}]
paths:
  /orders: {get: {responses: {"200": {description: ok}}}}
  /customers: {get: {responses: {"200": {description: ok}}}}
""",
    "shop.har": json.dumps(
        {
            "log": {
                "entries": [
                    {
                        "request": {"method": "GET", "url": f"https://api.example.com/{path}", "headers": []},
                        "response": {
                            "status": 200,
                            "headers": [],
                            "content": {"mimeType": "application/json", "text": '[{"id": 1}]'},
                        },
                    }
                    for path in ("orders", "customers")
                ]
            }
        }
    ),
    "shop.json": json.dumps(
        {
            "info": {
                "name": "Shop",
                "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
            },
            "item": [
                {"name": path, "request": {"method": "GET", "url": f"https://api.example.com/{path}"}}
                for path in ("orders", "customers")
            ],
        }
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_of_another_tool_begins_a_new_manifest(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(DOCUMENTS[name])
    async with opened(path) as shell:
        await shell.until_dialog("PickDialog")
        await shell.until_shown("/orders")
        assert shell.builder.project.path is None
        await shell.until_said(f"{name} is no manifest")
        await shell.press("escape")
        await shell.until(lambda: shell.dialog is None)
        assert not shell.session.dirty
        await shell.builder.files.open_file(path)
        await shell.until_dialog("PickDialog")
    assert path.read_text() == DOCUMENTS[name]


async def test_a_document_that_can_not_be_used_says_why(tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text("openapi: 3.0.0\ninfo: {title: Shop}\npaths: [1]\n")
    async with opened(path) as shell:
        await shell.until_dialog("ImportDialog")
        await shell.until_shown("✗")


async def test_what_is_not_finished_yet_is_opened_as_a_manifest(tmp_path: Path) -> None:
    path = tmp_path / "begun.yaml"
    path.write_text("version: 7.0.0\ninfo: {}\n")
    async with opened(path) as shell:
        await shell.until(lambda: shell.builder.project.path == path)
        assert shell.dialog is None


async def test_a_binary_file_ends_the_builder_with_an_error(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    app = BuilderApp(path)
    async with app.run_test() as pilot:
        shell = Shell(app, pilot)
        await shell.until(lambda: app.failure is not None)
    assert app.return_code == 2
    assert "binary.yaml" in str(app.failure)


async def test_the_demo_has_no_file_and_keeps_its_values_apart() -> None:
    async with opened(demo=True) as shell:
        assert "Demo" in shell.lines[0]
        assert "Unsaved" not in shell.lines[0]
        assert shell.builder.project.path is None
        assert shell.session.values.config()["api_url"].startswith("http://127.0.0.1:")


async def test_the_demo_opens_the_sample_that_is_named() -> None:
    async with opened(demo=True, sample="stripe_report_run") as shell:
        assert "Demo: Stripe report run" in shell.lines[0]
        assert "secret_key" in shell.session.values.config()


async def test_the_values_of_the_demo_are_not_saved_with_a_copy(tmp_path: Path) -> None:
    async with opened(demo=True) as shell:
        shell.session.save(tmp_path / "mine.yaml")
    async with opened(tmp_path / "mine.yaml") as shell:
        assert shell.session.values.config() == {}


@pytest.mark.parametrize("streams", [1, 80])
async def test_the_first_screen_has_few_widgets_however_many_streams_there_are(tmp_path: Path, streams: int) -> None:
    import yaml

    content = yaml.safe_load(SENDGRID.read_text())
    content["streams"] = [{**content["streams"][0], "name": f"stream_{number}"} for number in range(streams)]
    path = tmp_path / "many.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    async with opened(path) as shell:
        assert len(shell.builder.query("*")) <= 120
        assert shell.entry(f"stream_{streams - 1}").kind == "async"
        await shell.press("f2", "end")
        assert "Global" in shell.text, "the end of the navigator is one key away"


async def test_keys_that_are_pressed_while_it_opens_are_kept_for_the_first_screen(manifest: Path) -> None:
    app = BuilderApp(manifest)
    load, app._load = app._load, lambda: None  # type: ignore[method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        shell = Shell(app, pilot)
        app.post_message(events.Key("f2", None))
        app.post_message(events.Key("c", "c"))
        await pilot.pause()
        assert "Opening" in shell.text
        load()
        await shell.until(lambda: app.builder is not None and "contacts_2" in shell.session.streams.names())
        await shell.builder.trials.controller.close(2)


async def test_leaving_does_not_wait_until_it_is_open() -> None:
    app = BuilderApp()
    app._load = lambda: None  # type: ignore[method-assign]
    async with app.run_test() as pilot:
        app.post_message(events.Key("ctrl+q", None))
        await Shell(app, pilot).until(lambda: app._exit)
