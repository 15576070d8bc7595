from __future__ import annotations

import pytest
from textual import events
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input

from tests.tui.widgets.support import on_stage
from tui.widgets.completion import CompletionItem, CompletionPopup
from tui.widgets.template_input import TemplateInput
from tui.widgets.template_names import closing, plain_secret, template_names, typed_word

NAMES = [
    CompletionItem("config.api_key", "config.api_key", "Input: API key"),
    CompletionItem("config['start date']", "config['start date']", ""),
    CompletionItem("now_utc()", "now_utc()", "This moment"),
    CompletionItem("stream_interval.config", "stream_interval.config", ""),
]


def field() -> TemplateInput:
    return TemplateInput(complete=lambda text, cursor: NAMES)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("config.a outside", []),
        ("{{ config.a }}", ["config.a"]),
        ("{{config['a']}}/{{ config[\"b c\"] }}", ["config.a", "config.b.c"]),
        ("{{ a | upper ~ 'b' if c is defined else none }}", ["a", "c"]),
        ("{{ f(x, key=y).z }}", ["f", "x", "y"]),
        ("{% set x = a %}{{ x.y + b }}{# c #}", ["a", "b"]),
        ("{% for i in rows if not i %}{{ loop.index }}{% endfor %}", ["rows"]),
        ("{{ unfinished", []),
        ("{% raw %}{{Contact.Id}}{% endraw %}{{ a }}", ["a"]),
        ("{% raw %}{{Contact.Id}}", []),
    ],
)
def test_the_names_of_a_template_are_its_variables_and_functions(text: str, names: list[str]) -> None:
    assert [name.path for name in template_names(text) if name.path != "loop.index"] == names


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("plain", None),
        ("{{ a }} b", None),
        ("{{", ("", True)),
        ("{{ ", ("", True)),
        ("{{ conf", ("conf", True)),
        ("{{ config['a", ("config['a", True)),
        ("{{ a ", ("", False)),
        ("{{ a | ", ("", True)),
        ("{% if ", ("", False)),
        ("{{ a }}{{ b", ("b", True)),
        ("{% raw %}{{Contact", None),
        ("{%- raw -%}{{Contact}}{% endraw %}{{ b", ("b", True)),
    ],
)
def test_the_word_at_the_cursor_is_known_inside_a_template(text: str, word: tuple[str, bool] | None) -> None:
    typed = typed_word(text, len(text))
    assert (typed and (typed.text, typed.wanted)) == word


@pytest.mark.parametrize(
    ("before", "after", "closed_by"),
    [("{{ a", "", " }}"), ("{{ a", " }}", ""), ("{{ a", " {{ b }}", "}}"), ("{% if a", "", " %}")],
)
def test_what_closes_a_template_is_known(before: str, after: str, closed_by: str) -> None:
    assert closing(before + after, len(before)) == closed_by


async def test_known_and_unknown_names_are_shown_as_such() -> None:
    known = TemplateInput(resolve={"config.a": True, "config.b": False}.get)
    async with on_stage(known):
        known.value = "{{ config.a }} {{ config.b }} {{ c }}"
        assert known.highlighter is not None
        text = known.highlighter(known.value)
        styles = {text.plain[span.start : span.end]: span.style for span in text.spans}
        assert set(styles) == {"{{ config.a }}", "{{ config.b }}", "{{ c }}", "config.a", "config.b"}
        assert styles["config.a"] != styles["config.b"]
        assert "underline" in str(styles["config.b"])


async def test_typing_a_template_lists_what_fits_best_first() -> None:
    template = field()
    async with on_stage(template) as stage:
        template.focus()
        await stage.type("x{{ ")
        popup = stage.app.query_one(CompletionPopup)
        assert popup.display
        assert popup.option_count == 4
        await stage.type("conf")
        assert popup.option_count == 3
        assert str(popup.get_option_at_index(0).prompt).split() == ["config.api_key", "Input:", "API", "key"]
        await stage.type("zz")
        assert not popup.display


@pytest.mark.parametrize("key", ["tab", "enter"])
async def test_tab_and_enter_insert_the_completion_and_close_the_template(key: str) -> None:
    template = field()
    async with on_stage(template) as stage:
        template.focus()
        await stage.type("a/{{ con")
        await stage.press("down", key)
        assert template.value == "a/{{ config['start date'] }}"
        assert not stage.app.query_one(CompletionPopup).display
        assert stage.app.focused is template
        assert stage.app.heard(Input.Submitted) == []
        await stage.type("!")
        assert template.value == "a/{{ config['start date']! }}"


async def test_escape_closes_the_list_for_the_rest_of_the_template() -> None:
    template = field()
    async with on_stage(template) as stage:
        template.focus()
        await stage.type("{{ c")
        await stage.press("escape", "o")
        assert not stage.app.query_one(CompletionPopup).display
        await stage.type(" }}{{ c")
        assert stage.app.query_one(CompletionPopup).display


@pytest.mark.parametrize("key", ["ctrl+@", "f9"])
async def test_the_completion_key_begins_a_template_anywhere(key: str) -> None:
    template = field()
    async with on_stage(template) as stage:
        template.focus()
        await stage.type("url/")
        await stage.press(key, "enter")
        assert template.value == "url/{{ config.api_key }}"


@pytest.mark.parametrize(("typed", "value"), [("", "a/"), ("con", "a/{{ con }}")])
async def test_escape_takes_back_a_template_that_stayed_empty(typed: str, value: str) -> None:
    template = field()
    async with on_stage(template) as stage:
        template.focus()
        await stage.type("a/")
        await template.action_complete()
        await stage.type(typed)
        await stage.press("escape")
        assert template.value == value
        await stage.press("end")
        await stage.type("{{  }}")
        await stage.press("left", "left", "left", "escape")
        assert template.value == f"{value}{{{{  }}}}"


async def test_a_click_inserts_a_completion() -> None:
    template = field()
    async with on_stage(template) as stage:
        template.focus()
        await stage.type("{{ n")
        await stage.click(CompletionPopup, x=5, y=1)
        assert template.value == "{{ now_utc() }}"
        assert stage.app.focused is template


async def test_all_fields_of_a_screen_share_one_list() -> None:
    first, second = field(), field()
    async with on_stage(first, second) as stage:
        for template in (first, second):
            template.focus()
            await stage.type("{{ conf")
        assert len(stage.app.query(CompletionPopup)) == 1
        await stage.press("enter")
        assert (first.value, second.value) == ("{{ conf", "{{ config.api_key }}")


async def test_leaving_the_field_closes_the_list() -> None:
    first, second = field(), field()
    async with on_stage(first, second) as stage:
        first.focus()
        await stage.type("{{ conf")
        second.focus()
        await stage.settle()
        assert not stage.app.query_one(CompletionPopup).display


async def test_the_list_stands_above_a_field_at_the_bottom() -> None:
    template = field()
    spacer = Vertical()
    spacer.styles.height = 22
    async with on_stage(spacer, template) as stage:
        template.focus()
        await stage.type("{{ ")
        assert stage.app.query_one(CompletionPopup).region.bottom == template.region.y


async def test_the_list_follows_the_field_when_the_form_is_scrolled() -> None:
    template = field()
    above, below = Vertical(), Vertical()
    above.styles.height, below.styles.height = 10, 60
    form = VerticalScroll(above, template, below)
    async with on_stage(form) as stage:
        template.focus()
        await stage.type("{{ ")
        popup = stage.app.query_one(CompletionPopup)
        form.scroll_to(y=4, animate=False)
        await stage.settle()
        assert (template.region.y, popup.region.y) == (6, 7)
        form.scroll_to(y=40, animate=False)
        await stage.settle()
        assert not popup.display


async def test_without_completions_keys_work_as_usual() -> None:
    template = TemplateInput()
    async with on_stage(template) as stage:
        template.focus()
        await stage.type("{{ a")
        await stage.press("f9", "b", "enter")
        assert template.value == "{{ ab"
        assert len(stage.app.heard(Input.Submitted)) == 1


async def test_setting_the_value_opens_no_list() -> None:
    template = field()
    async with on_stage(template, Input()) as stage:
        stage.app.query(Input).last().focus()
        await stage.settle()
        template.value = "{{ conf"
        await stage.settle()
        assert not stage.app.query(CompletionPopup)


async def test_typing_braces_that_completion_inserted_steps_over_them() -> None:
    line = field()
    async with on_stage(line) as stage:
        line.focus()
        await stage.press("{", "{", *"config.ap", "tab")
        assert line.value == "{{config.api_key }}"
        await stage.press("}", "}", "/")
        assert line.value == "{{config.api_key }}/"


@pytest.mark.parametrize(("typed", "value"), [("{{ {1: 2}[1] }}", "{{ {1: 2}[1] }}"), ("a } b", "a } b")])
async def test_other_braces_are_typed_as_they_are(typed: str, value: str) -> None:
    line = TemplateInput(complete=lambda text, cursor: [])
    async with on_stage(line) as stage:
        line.focus()
        await stage.press(*("space" if one == " " else one for one in typed))
        assert line.value == value


async def test_pasted_lines_are_joined() -> None:
    line = field()
    async with on_stage(line) as stage:
        line.focus()
        stage.app.post_message(events.Paste("one\n  two\n\nthree\n"))
        await stage.settle()
        assert line.value == "one two three"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("", None),
        ("SG.short", "SG.short"),
        ("ab{c", "ab{c"),
        ("{{ config['x'] }}", None),
        ("{{ config['x'] }}sk-live-0123456789", "sk-live-0123456789"),
        ("sk-live-0123456789{{ config['x'] }}", "sk-live-0123456789"),
        ("{{ config['x'] }} sk-live-0123456789 ", "sk-live-0123456789"),
        ("{% if config['x'] %}sk-live-0123456789{% endif %}", "sk-live-0123456789"),
        ("{{ config['x'] }}:api", None),
        ("SharedKey {{ config['x'] }}", None),
        ("Token api_token={{ config['x'] }}", None),
        ("Authorization: {{ config['x'] }}", None),
        ("X-Auth-Token {{ config['x'] }}", None),
        ("{{ config['x'] }} X-Auth-Token", "X-Auth-Token"),
        ("sk-live-0123456789 {{ config['x'] }}", "sk-live-0123456789"),
        ("hunter2hunter {{ config['x'] }}", "hunter2hunter"),
        ("dXNlcjpwYXNzd29yZA== {{ config['x'] }}", "dXNlcjpwYXNzd29yZA=="),
        ("x dXNlcjpwYXNzd29yZA== {{ config['x'] }}", "dXNlcjpwYXNzd29yZA=="),
        ("x dXNlcjpwYXNzd29yZDE= {{ config['x'] }}", "dXNlcjpwYXNzd29yZDE="),
        ("Basic dXNlcjpwYXNzd29yZA=={{ config['x'] }}", "dXNlcjpwYXNzd29yZA=="),
        ("token:sk_live_1234567: {{ config['x'] }}", "token:sk_live_1234567:"),
        ("{{ config['x'] }} sk-live-0123456789:", "sk-live-0123456789:"),
        ("{{ config['a-long-name-not-closed", None),
    ],
)
def test_what_may_be_a_secret_is_found_beside_templates(text: str, secret: str | None) -> None:
    place = plain_secret(text)
    assert (text[slice(*place)] if place else None) == secret
