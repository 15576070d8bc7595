"""The Schema tab: declared, detected, and what differs."""

from __future__ import annotations

from typing import Any

from tests.tui.forms.support import Known, at_desk, new_session, sample
from tui.session.schema_import import declared_schema, imports_by_itself
from tui.widgets.question_dialog import ConfirmDialog

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


async def test_overwriting_asks_when_something_gets_lost() -> None:
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
        assert "just what is declared" in desk.text


async def test_a_schema_that_follows_the_tests_is_imported_at_once() -> None:
    session = new_session()
    async with at_desk(session, hints=Known(detected=DETECTED), size=(100, 40)) as desk:
        await desk.form.open_tab("Schema")
        await desk.settle()
        desk.pane.query_one("Check").focus()
        await desk.press("space")
        assert imports_by_itself(session, 0)
        declared = declared_schema(session, 0)
        assert declared is not None
        assert "PHONE" in declared["properties"]


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
        assert "Schema ✗1" in desk.text
