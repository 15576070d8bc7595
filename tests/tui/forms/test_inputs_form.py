"""The view of the inputs, and that of what is global."""

from __future__ import annotations

from textual.widget import Widget

from tests.tui.forms.support import at_desk, new_session, sample
from tui.forms import GlobalForm, InputsForm
from tui.forms.hints import Hints
from tui.model.inputs import PROPERTIES, Input, InputType
from tui.model.session import BuilderSession


def inputs_form(session: BuilderSession, hints: Hints) -> Widget:
    return InputsForm(session, hints)


def global_form(session: BuilderSession, hints: Hints) -> Widget:
    return GlobalForm(session, hints)


async def test_values_of_inputs_stay_out_of_the_manifest() -> None:
    session = sample()
    async with at_desk(session, make=inputs_form) as desk:
        await desk.go((*PROPERTIES, "api_url"))
        await desk.type("http://localhost")
        assert session.values.config()["api_url"] == "http://localhost"
        assert "localhost" not in session.document.text
        await desk.go((*PROPERTIES, "api_key"))
        await desk.type("s3cr3t")
        await desk.press("enter")
        assert session.values.config()["api_key"] == "s3cr3t"
        assert "s3cr3t" not in desk.text
        assert "•••• set" in desk.text


async def test_an_added_input_gets_a_key_from_its_title() -> None:
    session = sample()
    async with at_desk(session, make=inputs_form, size=(80, 30)) as desk:
        desk.app.form.query_one("Button").focus()
        await desk.press("enter")
        await desk.type("Start date")
        await desk.press("tab", "tab", "tab", "tab")
        await desk.choose("date")
        await desk.press("shift+tab", "enter")
        added = session.inputs.get("start_date")
        assert added is not None
        assert (added.title, added.type) == ("Start date", InputType.DATE)
        assert desk.focused_path == (*PROPERTIES, "start_date")


async def test_the_test_value_of_a_new_input_is_asked_for_at_once_and_undone_with_it() -> None:
    session = sample()
    async with at_desk(session, make=inputs_form, size=(80, 30)) as desk:
        desk.app.form.query_one("Button").focus()
        await desk.press("enter")
        await desk.type("Profile")
        await desk.press("tab")
        await desk.paste("12345")
        await desk.press("enter")
        assert session.values.get("profile") == "12345"
        assert "12345" not in session.document.text
        session.undo()
        assert session.inputs.get("profile") is None
        assert not session.values.has("profile")
        session.redo()
        assert session.values.get("profile") == "12345"


async def test_the_test_value_of_a_new_secret_is_neither_seen_nor_written() -> None:
    session = sample()
    async with at_desk(session, make=inputs_form, size=(80, 30)) as desk:
        desk.app.form.query_one("Button").focus()
        await desk.press("enter")
        await desk.type("Token")
        await desk.press("tab")
        await desk.paste("s3cr3t")
        toggle = desk.app.screen.query_one("#secret")
        toggle.focus()
        await desk.press("space")
        assert "s3cr3t" not in desk.text
        desk.app.screen.query_one("#value").focus()
        await desk.press("enter")
        assert session.values.secret("token") == "s3cr3t"
        assert "s3cr3t" not in session.document.text


async def test_renaming_an_input_renames_its_uses() -> None:
    session = sample()
    async with at_desk(session, make=inputs_form, size=(80, 30)) as desk:
        await desk.go((*PROPERTIES, "api_key"))
        await desk.menu("edit")
        await desk.press("tab", "ctrl+u")
        await desk.type("token")
        await desk.press("enter")
        assert [one.key for one in session.inputs.all()] == ["token", "api_url"]
        assert "config['token']" in session.document.text
        assert "config['api_key']" not in session.document.text
        session.undo()
        assert "config['api_key']" in session.document.text


async def test_inputs_are_moved_and_deleted() -> None:
    session = sample()
    async with at_desk(session, make=inputs_form) as desk:
        await desk.go((*PROPERTIES, "api_url"))
        await desk.press("ctrl+up")
        assert [one.key for one in session.inputs.all()] == ["api_url", "api_key"]
        assert desk.focused_path == (*PROPERTIES, "api_url")
        await desk.menu("delete")
        assert "fields use it" in desk.text
        await desk.press("right", "enter")
        assert [one.key for one in session.inputs.all()] == ["api_key"]


async def test_every_type_of_input_has_a_control() -> None:
    session = new_session()
    for key, kind in (("n", InputType.INTEGER), ("b", InputType.BOOLEAN), ("l", InputType.ARRAY)):
        session.inputs.add(Input(key, type=kind))
    session.inputs.add(Input("e", type=InputType.ENUM, options=("eu", "us")))
    session.inputs.add(Input("d", type=InputType.DATE, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
    async with at_desk(session, make=inputs_form, size=(80, 30)) as desk:
        await desk.go((*PROPERTIES, "n"))
        await desk.type("4x")
        assert "must be a whole number" in desk.text
        await desk.press("backspace")
        await desk.go((*PROPERTIES, "b"))
        await desk.press("space")
        await desk.go((*PROPERTIES, "l"))
        await desk.press("enter", "x", "enter", "escape")
        await desk.go((*PROPERTIES, "e"))
        await desk.choose("us")
        await desk.go((*PROPERTIES, "d"))
        await desk.type("2026")
        assert "does not match the pattern" in desk.text
        assert session.values.config() == {"n": 4, "b": True, "l": ["x"], "e": "us", "d": "2026"}


async def test_global_fields_are_edited_like_other_fields() -> None:
    session = new_session()
    async with at_desk(session, make=global_form) as desk:
        await desk.go(("concurrency_level",))
        await desk.press("space", "down")
        await desk.type("4")
        assert session.value(("concurrency_level",)) == {"type": "ConcurrencyLevel", "default_concurrency": 4}
        await desk.go(("max_concurrent_async_job_count",))
        await desk.type("3")
        assert session.value(("max_concurrent_async_job_count",)) == 3
        await desk.go(("check", "stream_names"))
        await desk.press("a", "f9")
        assert "contacts" in desk.text


async def test_clearing_a_secret_asks_for_confirmation() -> None:
    session = sample()
    session.values.lend({"api_key": "k-123"})
    async with at_desk(session, make=inputs_form) as desk:
        await desk.go((*PROPERTIES, "api_key"))
        await desk.press("delete")
        assert "Clear the secret?" in desk.text
        await desk.press("enter")
        assert session.values.has("api_key")
        assert "•••• set" in desk.text
        await desk.press("delete", "tab", "enter")
        assert not session.values.has("api_key")
        assert "Not set" in desk.text


async def test_a_value_of_the_wrong_type_is_forgotten_when_its_field_is_left() -> None:
    session = new_session()
    session.inputs.add(Input("count", type=InputType.INTEGER))
    session.inputs.add(Input("name"))
    async with at_desk(session, make=inputs_form) as desk:
        await desk.go((*PROPERTIES, "count"))
        await desk.type("4x")
        assert "must be a whole number" in desk.text
        await desk.go((*PROPERTIES, "name"))
        assert "must be a whole number" not in desk.text
        assert "4x" not in desk.text
        assert session.values.config() == {"count": 4}
        assert not session.problems((*PROPERTIES, "count"))


async def test_inputs_show_their_defaults_until_they_have_a_value() -> None:
    session = new_session()
    session.inputs.add(Input("region", type=InputType.ENUM, options=("eu", "us"), default="eu"))
    session.inputs.add(Input("deep", type=InputType.BOOLEAN, default=True))
    async with at_desk(session, make=inputs_form) as desk:
        assert "eu (default)" in desk.text
        assert "━● On" in desk.text
        await desk.go((*PROPERTIES, "deep"))
        await desk.press("space")
        assert session.values.config() == {"deep": False}
