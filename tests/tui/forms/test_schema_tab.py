"""The Schema tab: declared, detected, and what differs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.forms.support import Known, at_desk, new_session, sample
from tui.model.declared_schema import declared_schema, imports_automatically
from tui.widgets.choice import Toggle
from tui.widgets.dialog import ConfirmDialog

DETECTED: dict[str, Any] = {
    "type": "object",
    "properties": {"CONTACT_ID": {"type": "string"}, "PHONE": {"type": ["string", "null"]}},
}


async def test_the_detected_schema_stands_beside_the_declared_one() -> None:
    session = sample()
    async with at_desk(session, hints=Known(detected=DETECTED), size=(100, 70)) as desk:
        await desk.form.open_tab("Schema")
        await desk.settle()
        assert "another schema" in desk.text
        assert "PHONE" in desk.text


async def test_detected_fields_are_merged_into_the_declared_ones() -> None:
    session = sample()
    async with at_desk(session, hints=Known(detected=DETECTED), size=(100, 40)) as desk:
        await desk.form.open_tab("Schema")
        desk.form.focus_first()
        await desk.press("f7")
        await desk.type("merge")
        await desk.press("enter")
        declared = declared_schema(session, 0)
        assert declared is not None
        assert {"PHONE", "EMAIL"} <= declared["properties"].keys()


async def test_overwriting_asks_when_declared_fields_would_be_lost() -> None:
    session = sample()
    async with at_desk(session, hints=Known(detected=DETECTED), size=(100, 40)) as desk:
        await desk.form.open_tab("Schema")
        desk.form.focus_first()
        await desk.press("f7")
        await desk.type("overwrite")
        await desk.press("enter")
        assert isinstance(desk.app.screen, ConfirmDialog)
        await desk.press("right", "enter")
        declared = declared_schema(session, 0)
        assert declared is not None
        assert list(declared["properties"]) == ["CONTACT_ID", "PHONE"]
        await desk.settle()
        assert "exactly the declared schema" in desk.text


async def test_switching_on_the_import_imports_at_once() -> None:
    session = new_session()
    async with at_desk(session, hints=Known(detected=DETECTED), size=(100, 40)) as desk:
        await desk.form.open_tab("Schema")
        await desk.settle()
        desk.pane.query_one("Toggle").focus()
        await desk.press("space")
        assert imports_automatically(session, 0)
        declared = declared_schema(session, 0)
        assert declared is not None
        assert "PHONE" in declared["properties"]


LOADER = ("streams", 0, "schema_loader")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_loader_that_asks_the_api_is_chosen_and_filled_in(size: tuple[int, int]) -> None:
    session = sample()
    async with at_desk(session, size=size) as desk:
        await desk.form.open_tab("Schema")
        desk.form.focus_first()
        await desk.choose("asked")
        assert "Asked from the API" in desk.text
        await desk.go((*LOADER, "schema_type_identifier", "key_pointer"))
        await desk.type("field.name")
        await desk.go((*LOADER, "schema_type_identifier", "types_mapping"))
        await desk.press("enter")
        types = (*LOADER, "schema_type_identifier", "types_mapping", 0)
        await desk.go((*types, "current_type"))
        await desk.type("text")
        await desk.go((*types, "target_type"))
        await desk.choose("number")
        identifier = session.value((*LOADER, "schema_type_identifier"))
        assert identifier["key_pointer"] == ["field", "name"]
        assert identifier["types_mapping"] == [{"type": "TypesMap", "current_type": "text", "target_type": "number"}]
        await desk.choose("list")
        await desk.go((*types, "target_type", "items"))
        await desk.choose("date")
        assert session.value((*types, "target_type")) == {
            "type": "ComplexFieldType",
            "field_type": "string",
            "items": "date",
        }
        assert any("has no `items`" in one.message for one in session.connector.problems)


async def test_a_list_of_two_types_is_shown_as_json() -> None:
    session = sample()
    types = [{"current_type": ["a", "b"], "target_type": ["string", "number"]}]
    session.set(LOADER, {"type": "DynamicSchemaLoader", "schema_type_identifier": {"types_mapping": types}})
    async with at_desk(session, size=(100, 60)) as desk:
        await desk.go((*LOADER, "schema_type_identifier", "types_mapping", 0, "target_type"))
        assert ('"a"' in desk.text, '"string"' in desk.text) == (True, True)


@pytest.mark.parametrize(("answer", "kept"), [("escape", True), ("enter", False)])
async def test_replacing_a_loader_by_a_detected_schema_asks_for_confirmation(answer: str, kept: bool) -> None:
    session = sample()
    loader = {"type": "JsonFileSchemaLoader", "file_path": "schemas/contacts.json"}
    session.set(LOADER, loader)
    async with at_desk(session, hints=Known(detected=DETECTED), size=(80, 24)) as desk:
        await desk.form.open_tab("Schema")
        await desk.settle()
        assert "schemas/contacts.json" in desk.text
        assert "loaded before each read" in desk.words
        desk.form.focus_first()
        await desk.press("f7")
        assert isinstance(desk.app.screen, ConfirmDialog)
        assert "(JSON file)" in desk.words
        await desk.press("right", answer)
        assert (session.value(LOADER) == loader) is kept
        assert (declared_schema(session, 0) is None) is kept


async def test_a_loader_is_not_replaced_by_importing_after_each_test() -> None:
    session = sample()
    session.set(LOADER, {"type": "JsonFileSchemaLoader"})
    async with at_desk(session, hints=Known(detected=DETECTED), size=(100, 40)) as desk:
        await desk.form.open_tab("Schema")
        await desk.settle()
        desk.pane.query_one("Toggle").focus()
        await desk.press("space")
        assert session.value(LOADER) == {"type": "JsonFileSchemaLoader"}
        assert not imports_automatically(session, 0)
        assert desk.pane.query_one(Toggle).value is False


async def test_a_broken_schema_is_kept_as_typed() -> None:
    session = sample()
    async with at_desk(session, size=(100, 40)) as desk:
        await desk.form.open_tab("Schema")
        await desk.go(("streams", 0, "schema_loader", "schema"))
        before = declared_schema(session, 0)
        await desk.press("enter", "x")
        assert declared_schema(session, 0) == before
        await desk.press("escape", "tab")
        assert "✗ Line 1" in desk.text
        assert "Schema• ✗1" in desk.text
