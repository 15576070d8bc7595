from __future__ import annotations

import pytest

from tui.widgets.display_text import escape, fit, safe
from tui.widgets.syntax import Language, jinja_spans, spans


@pytest.mark.parametrize(
    ("language", "line", "expected"),
    [
        ("json", '"a": "b\\"c",', ['key "a"', "punctuation :", 'string "b\\"c"', "punctuation ,"]),
        ("json", "[-1.5e3, true, null]", ["number -1.5e3", "keyword true", "keyword null"]),
        ("json", '"never closed', ['string "never closed']),
        ("yaml", "  - name: x # y", ["key   - name", "comment # y"]),
        ("yaml", "url: https://a.b/#c", ["key url"]),
        ("yaml", "k: 'it''s'", ["key k", "string 'it''s'"]),
        ("yaml", "n: 12", ["key n", "number 12"]),
        ("yaml", "on: true", ["key on", "keyword true"]),
        ("yaml", "a: *ref", ["key a", "name *ref"]),
        ("graphql", "query Q($n: Int) { id } # x", ["keyword query", "name Q", "key $n", "name Int", "comment # x"]),
        ("xml", '<a b="c">it\'s</a>', ["key <a", "name b", 'string "c"', "key >", "key </a", "key >"]),
        ("csv", '1,"a,""b""",x', ["number 1", 'string "a,""b"""']),
        (
            "sql",
            "SELECT a, 'it''s' FROM \"t\" -- x",
            ["keyword SELECT", "string 'it''s'", "keyword FROM", 'name "t"', "comment -- x"],
        ),
        ("sql", "count(*) > 1.5", ["key count", "number 1.5"]),
        ("diff", '-  "type": "string"', ['removed -  "type": "string"']),
        ("diff", "+ x", ["added + x"]),
        ("diff", "  - x", []),
        ("text", "{1}", []),
    ],
)
def test_a_line_is_split_into_its_tokens(language: Language, line: str, expected: list[str]) -> None:
    found = [f"{span.token} {line[span.start : span.end]}" for span in spans(line, language)]
    assert [token for token in found if token in expected] == expected
    assert len([token for token in found if not token.startswith("punctuation")]) == len(
        [token for token in expected if not token.startswith("punctuation")]
    )


@pytest.mark.parametrize("language", ["json", "yaml", "graphql", "xml", "csv", "sql"])
def test_colouring_any_line_is_fast(language: Language) -> None:
    for piece in ('"', "'", "\\", "<", "- ", "a: ", "{{", '""', "x"):
        assert list(spans(piece * 3000, language)) is not None


def test_text_fits_by_its_cells() -> None:
    assert fit("abc", 5) == "abc  "
    assert fit("12", 4, right=True) == "  12"
    assert fit("abcdef", 4) == "abc…"
    assert fit("日本語", 5) == "日本…"
    assert fit("日本語", 4) == "日 …"
    assert fit("x", 0) == ""


def test_unsafe_characters_are_escaped_or_replaced_one_for_one() -> None:
    text = "a\x1b\n\u202eé\ud800"
    assert escape(text) == "a\\x1b\\n\\u202eé\\ud800"
    assert len(safe(text)) == len(text)


def test_what_is_raw_in_a_template_is_text() -> None:
    line = "a {% raw %}{{Contact.Id}}{% endraw %} {{ b }}"
    assert [line[span.start : span.end] for span in jinja_spans(line)] == ["{% raw %}", "{% endraw %}", "{{ b }}"]
