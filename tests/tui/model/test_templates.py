"""Writing templates: completion of what is valid at a place, and a preview with the test values."""

from __future__ import annotations

import pytest

from core.manifest.problems import Path
from tui.model.completion import VARIABLES, complete, preview
from tui.model.inputs import Input
from tui.model.session import BuilderSession
from tui.model.view import variables_at

POLLING: Path = ("streams", 0, "retriever", "polling_requester", "url")
CREATION: Path = ("streams", 0, "retriever", "creation_requester", "url")


@pytest.fixture
def filled(session: BuilderSession) -> BuilderSession:
    session.inputs.add(Input("api_key", "API Key", "Where to find it.", secret=True))
    session.inputs.add(Input("region", default="eu"))
    session.inputs.set_value("api_key", "s3cret")
    return session


def names(session: BuilderSession, path: Path, text: str) -> list[str]:
    cursor = text.index("|_|")
    return [one.name for one in complete(session, path, text.replace("|_|", ""), cursor).candidates]


def completed(session: BuilderSession, text: str) -> str:
    """The text with the first candidate taken."""
    cursor = text.index("|_|")
    text = text.replace("|_|", "")
    completion = complete(session, POLLING, text, cursor)
    return text[: completion.start] + completion.candidates[0].text + text[completion.end :]


def test_nothing_is_offered_outside_of_braces(filled: BuilderSession) -> None:
    assert names(filled, POLLING, "https://con|_|") == []
    assert names(filled, POLLING, "{{ a }} con|_|") == []


def test_only_what_is_valid_here_is_offered(filled: BuilderSession) -> None:
    assert "creation_response" in names(filled, POLLING, "{{ |_| }}")
    assert "creation_response" not in names(filled, CREATION, "{{ |_| }}")
    assert "download_target" not in names(filled, POLLING, "{{ |_| }}")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("https://x/{{ cre|_| }}", "https://x/{{ creation_response }}"),
        ("{{ config['|_|'] }}", "{{ config['api_key'] }}"),
        ("{{ config['r|_|", "{{ config['region']"),
        ("{{ config.re|_| }}", "{{ config['region'] }}"),
        ("{{ config.get('re|_|') }}", "{{ config['region'] }}"),
        ("{{ api|_| }}", "{{ config['api_key'] }}"),
        ("{{ x | base64e|_| }}", "{{ x | base64encode }}"),
        ("{{ now|_| }}", "{{ now_utc() }}"),
        ("{% if cre|_| %}", "{% if creation_response %}"),
    ],
)
def test_a_candidate_takes_the_place_of_what_was_typed(filled: BuilderSession, typed: str, expected: str) -> None:
    assert completed(filled, typed) == expected


def test_candidates_have_help_and_never_show_a_secret(filled: BuilderSession) -> None:
    candidates = {one.name: one for one in complete(filled, POLLING, "{{ ", 3).candidates}
    assert candidates["api_key"].detail == "secret, given"
    assert candidates["api_key"].help == "Where to find it."
    assert candidates["region"].detail == "eu"
    assert all(one.help for one in candidates.values() if one.kind == "variable")
    assert "s3cret" not in str(candidates)


def test_every_variable_of_the_builder_is_explained(session: BuilderSession) -> None:
    paths: list[Path] = [POLLING, CREATION, ("streams", 0, "retriever", "download_requester", "url")]
    assert frozenset().union(*(variables_at(session.view, path) for path in paths)) <= VARIABLES.keys()


def test_a_preview_shows_test_values_and_masks_secrets(filled: BuilderSession) -> None:
    shown = preview(filled, "https://{{ config['region'] }}.example.com/{{ config.api_key }}?n={{ 1 + 1 }}")
    assert shown.text == "https://eu.example.com/****?n=2"
    assert shown.complete


def test_what_is_raw_is_shown_as_text(filled: BuilderSession) -> None:
    shown = preview(filled, "{% raw %}{{Contact.Id}}{% endraw %}={{ config['region'] }}&{{ creation_response.id }}")
    assert (shown.text, shown.error) == ("{{Contact.Id}}=eu&‹creation_response.id›", None)


def test_what_only_a_run_knows_is_shown_as_it_is_written(filled: BuilderSession) -> None:
    text = "/exports/{{ creation_response['id'] }}/{{ config['region'] }}"
    shown = preview(filled, text)
    assert (shown.text, shown.complete) == ("/exports/‹creation_response['id']›/eu", False)
    assert preview(filled, text, {"creation_response": {"id": 7}}).text == "/exports/7/eu"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ config['nope'] }}", "no input `nope`"),
        ("{{ a", "expected"),
        ("{{ 1 / 0 }}", "zero"),
        ("{{ 1 | nofilter }}", "nofilter"),
    ],
)
def test_errors_are_plain_sentences(filled: BuilderSession, text: str, said: str) -> None:
    error = preview(filled, text).error
    assert error is not None
    assert said in error


def test_an_input_without_a_value_is_not_an_error(session: BuilderSession) -> None:
    session.inputs.add(Input("region"))
    assert preview(session, "{{ config['region'] }}").text == "‹config['region']›"
