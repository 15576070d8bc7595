"""Regular expressions find what Python finds, and never take for ever."""

from __future__ import annotations

import random
import re
from time import perf_counter

import pytest

from core.templates import LimitError, Pattern, PatternError, Template, compile_pattern
from core.templates import patterns as patterns_module
from tests.support.oracle import Oracle

PIECES = [
    *("a", "b", ".", r"\d", r"\w", r"\s", r"\W", "[a-c]", "[^a]", r"[\w-]", r"[^\W_]", "é", "[é-ü]", "k", r"\n", r"\D"),
    *(r"\S", r"\.", "$", "^", r"\b", r"\B", r"\Z", r"\A", "(?i:k)", "(?i:[a-k])", r"(?a:\w)", "(?m:$)", "(?m:^)"),
    *("(?s:.)", "{i}", "{", "[]a]", "[^]]", " ", "-", "(?:)", "_", "(?i:[^s])", "(?i:É)", "(?<!a)", "(?<=a)", "(?=b)"),
]
REPEATS = ["", "", "", "*", "+", "?", "{2}", "{1,3}", "*?", "+?", "??", "{,2}", "{0}"]
LETTERS = "aabbckKsSxd01 _-.\nAZéüÉſK٣²\x1c\x85\xa0ı{i}"


def patterns(chance: random.Random, depth: int = 0) -> str:
    kind = chance.random()
    if depth > 3 or kind < 0.55:
        return chance.choice(PIECES) + chance.choice(REPEATS)
    if kind < 0.7:
        return f"({patterns(chance, depth + 1)}){chance.choice(REPEATS)}"
    if kind < 0.8:
        return f"(?:{patterns(chance, depth + 1)}|{patterns(chance, depth + 1)}){chance.choice(REPEATS)}"
    return patterns(chance, depth + 1) + patterns(chance, depth + 1)


@pytest.mark.parametrize("seed", range(1, 5))  # from 0 comes a pattern over which Python itself takes a minute
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_matches_are_those_of_python(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(250):
        source = chance.choice(["", "", "", "(?i)", "(?m)", "(?s)", "(?a)", "(?ai)"]) + patterns(chance)
        try:
            python = re.compile(source)
        except re.error:
            continue
        pattern = Pattern(source)
        monkeypatch.setattr(pattern, "_harmless_up_to", -1)  # the other engines are those in question
        replacement = chance.choice(["-", r"<\g<0>>", r"\\", r"x\n", *([r"[\1]"] if python.groups else [])])
        for _ in range(4):
            text = "".join(chance.choice(LETTERS) for _ in range(chance.randrange(10)))
            for method in ("search", "match"):
                found = getattr(python, method)(text)
                expected = None if found is None else (found[0], *found.groups())
                assert getattr(pattern, method)(text) == expected, (source, text)
            assert pattern.replace(text, replacement) == python.sub(replacement, text), (source, text, replacement)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"(a+)+$", "a" * 50_000 + "b"),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 5_000),
        (r"(a|aa)+$", "a" * 5_000 + "b"),
        (r"(.*)*x", "a" * 5_000),
        (r"\s+$", " " * 200_000 + "x"),
        (r"(.*),(.*),(.*),(.*)x", "," * 3_000),
        (r"(x+x+)+y", "x" * 5_000),
    ],
    ids=lambda value: value[:20],
)
def test_malicious_texts_do_not_stop_a_search(source: str, text: str) -> None:
    began = perf_counter()
    assert compile_pattern(source).search(text) is None
    assert compile_pattern(source).replace(text, "-") == text
    assert perf_counter() - began < 10


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"(?=(a+)+b)a", "a" * 5_000),
        (r"(\w)\1+\d", "a" * 300_000),
        (r"\s+\b$", " " * 300_000 + "é!"),
    ],
    ids=lambda value: value[:20],
)
def test_a_search_that_needs_backtracking_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch, source: str, text: str
) -> None:
    monkeypatch.setitem(patterns_module._TIMED, "timeout", 0.2)
    with pytest.raises(LimitError, match="needs more than 2 seconds"):
        compile_pattern(source).search(text)


def test_replacements_follow_the_rules_of_python() -> None:
    source = r"(?P<year>\d{4})-(\d\d)(x)?"
    text = "on 2024-01 and 2025-02"
    for replacement in (r"\2.\1", r"\g<2>\g<year>\3", r"[\g<0>]", r"\\1\n", "plain", r"\g<1>0", ""):
        assert compile_pattern(source).replace(text, replacement) == re.sub(source, replacement, text)
    with pytest.raises(PatternError, match="invalid group reference"):
        compile_pattern(source).replace(text, r"\7")


@pytest.mark.parametrize(
    "source", ["(", "[", "*", "(?P<a>x)(?P<a>y)", r"\1", "(" * 5_000 + ")" * 5_000], ids=lambda source: source[:20]
)
def test_an_invalid_pattern_is_reported(source: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(source)


FILTERS = [
    "{{ config.t | regex_search('([0-9]+)') }}",
    "{{ config.t | regex_search('(?i)(ÄÖ)') }}",
    "{{ config.t | regex_search('(?<=id=)([0-9]+)') }}",
    r"{{ config.t | regex_search('(.)\\1') }}",
    r"{{ config.t | regex_search('(\\w+)$') }}",
    "{{ config.t | regex_search('nothing(x)') }}",
    "{{ config.t | regex_search('id') }}",
    r"{{ config.t | regex_replace('\\s*', '') }}",
    r"{{ config.t | regex_replace('(?P<a>[a-z])=', '\\g<a>:') }}",
    "{{ config.t | regex_replace('^|$', '|') }}",
]


def test_the_filters_give_what_the_reference_gives(oracle: Oracle) -> None:
    context = {"config": {"t": "id=42; name=äöü  ok  see\n"}, "parameters": {}}
    expected = oracle.ask("templates", "strings", FILTERS, context)
    assert [repr(Template(source).evaluate(context)) for source in FILTERS] == expected
