"""Problems are shown where they are fixed: by field, tab and stream, and only where the person has been."""

from __future__ import annotations

from pathlib import Path as FilePath

import pytest

from core.connector import load_connector
from core.manifest.problems import Path
from tui.model.editor import ChangeKind
from tui.model.problems import Area
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

POLLING_URL: Path = ("streams", 0, "retriever", "polling_requester", "url")
SAMPLES = sorted((FilePath(__file__).parents[3] / "sample_configs").glob("*.yaml"))


def test_the_problems_of_a_new_stream_are_hidden_until_it_is_tested(session: BuilderSession) -> None:
    session.refresh()
    assert session.problems() == []
    session.reveal(("streams", 0))
    assert {one.path for one in session.problems()} == {
        ("streams", 0, "retriever", "creation_requester", "url"),
        POLLING_URL,
        ("streams", 0, "retriever", "status_extractor", "field_path"),
        ("streams", 0, "retriever", "status_mapping", "completed"),
        ("streams", 0, "retriever", "download_target_extractor", "field_path"),
    }


def test_the_problems_of_a_field_show_once_it_was_visited(session: BuilderSession) -> None:
    session.refresh()
    session.touch(POLLING_URL)
    assert [one.path for one in session.problems()] == [POLLING_URL]


def test_saving_reveals_everything(session: BuilderSession, tmp_path: FilePath) -> None:
    session.refresh()
    session.save(tmp_path / "new.yaml")
    assert len(session.problems()) == 6


def test_an_opened_file_shows_its_problems_at_once(session: BuilderSession, tmp_path: FilePath) -> None:
    session.save(tmp_path / "new.yaml")
    opened = BuilderSession.open(tmp_path / "new.yaml")
    opened.refresh()
    assert len(opened.problems()) == 6
    opened.streams.add("more")
    opened.refresh()
    assert len(opened.problems()) == 6


def test_marks_follow_streams_that_move(session: BuilderSession) -> None:
    session.touch(POLLING_URL)
    session.streams.move(0, 1)
    session.refresh()
    assert [one.path for one in session.problems()] == [("streams", 1, *POLLING_URL[2:])]


def test_tabs_and_streams_count_their_problems(session: BuilderSession) -> None:
    session.set(("streams", 0, "retriever", "status_mapping", "completed"), ["done"])
    session.set(("streams", 0, "retriever", "status_mapping", "failed"), ["done"])
    session.set(("streams", 0, "schema_loader"), {"type": "InlineSchemaLoader", "schema": 5})
    session.reveal()
    session.refresh()
    assert [counts.errors for counts in session.tab_counts(0)] == [1, 2, 0, 1]
    assert session.streams.info(0).counts.errors == 4
    assert session.streams.info(1).counts.errors == 1


def test_a_missing_section_is_a_problem_of_its_tab(session: BuilderSession) -> None:
    session.unset(("streams", 0, "retriever", "download_requester"))
    session.reveal()
    session.refresh()
    assert [counts.errors for counts in session.tab_counts(0)][2] == 1


def test_a_problem_in_a_shared_section_shows_in_every_stream_that_uses_it(session: BuilderSession) -> None:
    for stream, requester in ((0, "creation_requester"), (1, "requester")):
        path: Path = ("streams", stream, "retriever", requester, "authenticator")
        session.choose_type(path, "BearerAuthenticator")
        session.sharing.share(path)
    session.set((*path, "api_token"), "{{ nonsense }}")
    session.refresh()
    places = {one.path for one in session.problems(all_of_them=True) if "nonsense" in one.problem.message}
    assert places == {
        ("streams", 0, "retriever", "creation_requester", "authenticator", "api_token"),
        ("streams", 1, "retriever", "requester", "authenticator", "api_token"),
    }


def test_a_reference_that_leads_nowhere_shows_at_its_place(session: BuilderSession) -> None:
    session.set(("streams", 0, "retriever", "decoder"), {"$ref": "#/definitions/nothing"})
    session.refresh()
    found = session.problems(("streams", 0, "retriever", "decoder"), all_of_them=True)
    assert ["leads nowhere" in one.problem.message for one in found] == [True]


def test_an_input_that_the_manifest_does_not_name_shows_at_its_field(tmp_path: FilePath) -> None:
    manifest = tmp_path / "orders.yaml"
    text = next(path for path in SAMPLES if path.stem == "orders_paginated").read_text()
    manifest.write_text(text.replace("config['api_key']", "config['api_kee']"))
    session = BuilderSession.open(manifest)
    session.refresh()
    found = {one.problem.text for one in session.problems()}
    assert found == {"the template uses the input `api_kee`, which the `spec` doesn't name (did you mean `api_key`?)"}
    assert found == {problem.text for problem in load_connector(session.document).problems}


def test_a_mapping_that_leads_nowhere_shows_at_its_field(tmp_path: FilePath) -> None:
    manifest = tmp_path / "tables.yaml"
    text = next(path for path in SAMPLES if path.stem == "crm_tables").read_text()
    manifest.write_text(text.replace("field_path: [name]", "field_path: [nam]"))
    session = BuilderSession.open(manifest)
    session.refresh()
    found = [one.problem.text for one in session.problems()]
    assert [text for text in found if "goes nowhere" in text] != []
    assert sorted(found) == sorted(problem.text for problem in load_connector(session.document).problems)


def test_two_streams_of_one_name_are_a_problem_even_when_they_are_broken(session: BuilderSession) -> None:
    session.set(("streams", 1, "name"), "contacts")
    session.refresh()
    assert "named `contacts` already" in session.problems(("streams", 1, "name"), all_of_them=True)[0].problem.message


def test_next_problem_goes_through_the_forms_and_starts_again(session: BuilderSession) -> None:
    session.set(("streams", 0, "retriever", "polling_job_timeout"), [1])
    session.set(("check", "stream_names"), ["nobody"])
    session.reveal()
    session.refresh()
    seen: list[Path] = []
    at = None
    while (found := session.next_problem(at)) and found.path not in seen:
        seen.append(found.path)
        at = found.path
    assert seen == [
        ("check", "stream_names", 0),
        ("streams", 0, "retriever", "creation_requester", "url"),
        POLLING_URL,
        ("streams", 0, "retriever", "status_mapping", "completed"),
        ("streams", 0, "retriever", "polling_job_timeout"),
        ("streams", 1, "retriever", "requester", "url"),
    ]


def test_the_problems_of_a_stream_are_in_the_order_of_its_form(session: BuilderSession) -> None:
    session.set(("streams", 0, "retriever", "polling_job_timeout"), [1])
    session.set(("check", "stream_names"), ["nobody"])
    session.reveal()
    session.refresh()
    assert [one.path for one in session.in_order(("streams", 0))] == [
        ("streams", 0, "retriever", "creation_requester", "url"),
        POLLING_URL,
        ("streams", 0, "retriever", "status_mapping", "completed"),
        ("streams", 0, "retriever", "polling_job_timeout"),
    ]


def test_a_path_leads_to_its_field(session: BuilderSession) -> None:
    spot = session.locate((*POLLING_URL[:-1], "request_headers", "Accept"))
    assert (spot.area, spot.stream, spot.tab) == (Area.STREAM, 0, 1)
    assert spot.entry is not None
    assert spot.entry.title == "Request Headers"
    assert session.locate(("spec", "connection_specification", "properties", "a")).area is Area.INPUTS
    assert session.locate(("check", "stream_names", 0)).area is Area.GLOBAL


def test_text_that_is_no_valid_value_yet_is_kept_and_counts_as_an_error(session: BuilderSession) -> None:
    path: Path = ("streams", 0, "retriever", "creation_requester", "request_body", "value")
    session.keep_unfinished(path, '{"a": ', "Not JSON yet.")
    session.touch(path)
    assert session.counts(("streams", 0)).errors == 1
    unfinished = session.unfinished(path)
    assert unfinished is not None
    assert unfinished.text == '{"a": '
    session.set(path, {"a": 1})
    assert session.counts(("streams", 0)).errors == 0


def test_a_check_goes_in_small_steps_and_gives_way_to_edits(session: BuilderSession) -> None:
    steps = session.checking()
    next(steps)
    session.set(POLLING_URL, "https://a.example.com")
    assert list(steps) == []
    assert session.findings == ()
    kinds: list[ChangeKind] = []
    session.subscribe(lambda change: kinds.append(change.kind))
    assert len(list(session.checking())) == 2
    assert kinds == [ChangeKind.PROBLEMS]


@pytest.mark.parametrize("file", SAMPLES, ids=[file.stem for file in SAMPLES])
def test_the_builder_finds_all_that_the_engine_finds(file: FilePath) -> None:
    session = BuilderSession.open(file)
    session.set(("streams", 0, "name"), 5)
    session.set(("check", "stream_names"), ["nobody"])
    if session.streams.kind(0) is StreamKind.ASYNC:
        session.set(("streams", 0, "retriever", "polling_requester", "url"), "{{ nobody }}")
    session.refresh()
    ours = {one.problem.message for one in session.findings}
    assert ours >= {problem.message for problem in load_connector(session.document).problems}
    may_be_made = "dynamic_streams" in session.document.root
    assert ("the check names `nobody`, but no stream has that name" in ours) != may_be_made


def test_a_broken_reference_outside_of_the_streams_is_found_once() -> None:
    session = BuilderSession.from_text('streams: [{name: a}, {name: b}]\ncheck: "#/definitions/nope"\n')
    session.refresh()
    messages = [one.problem.message for one in session.problems(("check",))]
    assert messages.count("The reference `#/definitions/nope` leads nowhere.") == 1


def test_problems_carry_the_fields_that_they_are_about(session: BuilderSession) -> None:
    session.set(("streams", 0, "retriever", "creation_requester", "authenticator"), {"type": "OAuthAuthenticator"})
    session.reveal()
    session.refresh()
    path: Path = ("streams", 0, "retriever", "creation_requester", "authenticator")
    found = {one.path: one.problem for one in session.problems(path)}
    assert found[*path, "token_refresh_endpoint"].fields == ("access_token_value",)
