"""Two trials of a stream are compared: what came of them, what was asked for, what the records look like."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from core.events import Event, Outcome
from core.http.exchange import Role
from tests.tui.trials.support import STREAM, asked, batch, connector_of, ended, started
from tui.trials.comparison import records as comparing
from tui.trials.comparison.records import canonical, compare_records
from tui.trials.comparison.report import ComparisonStopped
from tui.trials.comparison.requests import compare_requests
from tui.trials.comparison.schemas import compare_schemas
from tui.trials.state import TrialState
from tui.trials.trial import Trial

ORDERS = connector_of("orders_paginated").stream("orders").described
KEYED = ORDERS.model_copy(update={"primary_key": "id"})
KEYLESS = ORDERS.model_copy(update={"primary_key": ""})


def tried(number: int, *events: Event, keyed: bool = True, outcome: Outcome = Outcome.COMPLETE) -> Trial:
    trial = Trial(TrialState(STREAM), KEYED if keyed else KEYLESS)
    trial.number = number
    for event in [*started(), *events, *ended(outcome)]:
        trial.take(event)
    return trial


def pair(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], *, keyed: bool = True
) -> tuple[Trial, Trial]:
    return tried(1, batch(*before), keyed=keyed), tried(2, batch(*after), keyed=keyed)


# Records


def test_records_are_told_apart_by_the_primary_key() -> None:
    before = [{"id": 1, "city": "Porto"}, {"id": 2, "city": "Oslo"}, {"id": 3, "city": "Bern", "tags": ["a"]}]
    after = [{"city": "Bern", "tags": ["a", "b"], "id": 3}, {"id": 4, "city": "Rome"}, {"city": "Porto", "id": 1}]
    report = compare_records(*pair(before, after))
    assert report.note == "+1 -1 ~1"
    assert report.summary == "By the primary key id: 1 added, 1 removed, 1 changed, 1 the same."
    assert report.lines.splitlines() == [
        "  id 3",
        '-   tags  ["a"]',
        '+   tags  ["a","b"]',
        '+ {"id":4,"city":"Rome"}',
        '- {"id":2,"city":"Oslo"}',
    ]


def test_without_a_key_whole_records_are_compared_each_as_often_as_it_came() -> None:
    one, other = {"city": "Porto", "n": 1}, {"city": "Oslo", "n": 2}
    report = compare_records(*pair([one, one, other], [{"n": 1, "city": "Porto"}, other, other], keyed=False))
    assert report.summary == "Each record as a whole: 1 added, 1 removed, 0 changed, 2 the same."


def test_the_order_of_records_makes_no_difference() -> None:
    rows = [{"id": number, "n": number % 7} for number in range(5_000)]
    for keyed in (True, False):
        report = compare_records(*pair(rows, rows[::-1], keyed=keyed))
        assert (report.note, report.lines) == ("=", "")


def test_true_is_not_one_and_long_numbers_keep_their_digits() -> None:
    before = [{"id": 1, "a": 1, "b": 10**30}]
    after = [{"id": 1, "a": True, "b": 10**30 + 1}]
    lines = compare_records(*pair(before, after)).lines
    assert lines.splitlines()[1:] == ["-   a  1", "+   a  true", f"-   b  {10**30}", f"+   b  {10**30 + 1}"]
    assert canonical(b'{"b": 18446744073709551616}') != canonical(b'{"b": 18446744073709551617}')


def test_nested_fields_are_named_by_their_paths_and_long_values_are_cut_to_what_differs() -> None:
    text = "x" * 500
    before = [{"id": 1, "home": {"zip": "1", "note": f"{text}a"}}]
    after = [{"id": 1, "home": {"zip": "1", "note": f"{text}b", "city": "Rome"}}]
    lines = compare_records(*pair(before, after)).lines.splitlines()
    assert lines[0] == "  id 1"
    assert lines[1].startswith("-   home.note  …xxx")
    assert lines[1].endswith('xa"')
    assert lines[3] == '+   home.city  "Rome"'


def test_records_without_the_key_are_compared_as_a_whole() -> None:
    report = compare_records(*pair([{"id": None, "n": 1}, {"n": 2}], [{"n": 2}, {"id": 7, "n": 1}]))
    assert "1 added, 1 removed, 0 changed, 1 the same." in report.summary
    assert "2 records without the primary key" in report.summary


def test_a_read_that_did_not_come_to_its_end_is_told() -> None:
    cut = tried(1, batch({"id": 1}), outcome=Outcome.LIMITED)
    assert "Test 1 did not read to the end" in compare_records(cut, tried(2, batch({"id": 1}))).summary


def test_more_records_and_differences_than_fit_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "MOST", 50)
    monkeypatch.setattr(comparing, "LISTED", 3)
    report = compare_records(
        *pair([{"id": number} for number in range(60)], [{"id": number} for number in range(10, 70)])
    )
    assert "10 added, 10 removed, 0 changed, 40 the same." in report.summary
    assert "Only the first 50 records of each test were compared." in report.summary
    assert "The first 3 differences are listed." in report.summary
    assert len(report.lines.splitlines()) == 3


def test_no_records_are_no_difference() -> None:
    assert compare_records(tried(1), tried(2)).note == "="


def test_equal_records_at_the_same_place_are_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bytes] = []

    def watched(line: bytes) -> tuple[Any, bytes]:
        looked.append(line)
        return canonical(line)

    monkeypatch.setattr(comparing, "canonical", watched)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(comparing, "_BATCH", 2)
    before = [{"id": n, "city": "Porto"} for n in range(5)]
    after: list[Mapping[str, Any]] = [*before[:3], {"id": 3, "city": "Oslo"}, before[4], {"id": 5}]
    report = compare_records(*pair(before, after), tell=lambda done, of: told.append((done, of)))
    assert report.note == "+1 ~1"
    assert "1 added, 0 removed, 1 changed, 4 the same." in report.summary
    assert len(looked) == 3
    assert list(dict.fromkeys(told)) == [(0, 6), (2, 6), (4, 6), (6, 6)]


@pytest.mark.parametrize("window", [100_000, 300])
def test_records_that_one_more_has_shifted_are_not_looked_into(monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    looked: list[bytes] = []

    def watched(line: bytes) -> tuple[Any, bytes]:
        looked.append(line)
        return canonical(line)

    monkeypatch.setattr(comparing, "canonical", watched)
    monkeypatch.setattr(comparing, "_WINDOW", window)
    monkeypatch.setattr(comparing, "_BATCH", 10)
    before = [{"id": n // 2, "n": n} for n in range(1_000)]
    after = [{"id": -1}, *before[:500], *before[503:], {"id": -2}]
    report = compare_records(*pair(before, after))
    assert "2 added, 3 removed, 0 changed, 997 the same." in report.summary
    assert len(looked) == 5


def test_nobody_waits_for_a_comparison_that_is_stopped() -> None:
    trials = tried(1, page(1), batch({"id": 1})), tried(2, page(1), batch({"id": 1}))
    for compare in (compare_records, compare_requests, compare_schemas):
        with pytest.raises(ComparisonStopped):
            compare(*trials, lambda: True)


# Requests


def page(number: int, query: str = "", status: int = 200, **more: Any) -> Event:
    url = f"https://api.example.com/orders?page={number}{query}"
    return asked(Role.PAGE, status, "[]", page=number, url=url, **more)


def test_the_same_requests_make_no_difference() -> None:
    report = compare_requests(tried(1, page(1), page(2)), tried(2, page(1), page(2)))
    assert (report.note, report.summary) == ("=", "2 requests, without a difference.")


def test_parameters_headers_bodies_and_statuses_that_differ_are_shown_once_for_all_requests_alike() -> None:
    headers = (("Authorization", "Bearer ****"), ("X-Version", "1"), ("Content-Length", "9"))
    newer = (("authorization", "Bearer ****"), ("X-Version", "2"), ("Content-Length", "11"))
    one, other = '{"a": 1, "b": [2]}', '{"b": [3], "a": 1}'
    before = tried(1, *(page(number, "&limit=5", request_headers=headers, request_body=one) for number in (1, 2)))
    after = tried(2, *(page(number, "&limit=9", 404, request_headers=newer, request_body=other) for number in (1, 2)))
    report = compare_requests(before, after)
    assert report.summary == "2 of 2 requests differ."
    assert report.lines.splitlines() == [
        "  Page 1 and 1 further request",
        "-   ?limit=5",
        "+   ?limit=9",
        "-   x-version: 1",
        "+   x-version: 2",
        "-       2",
        "+       3",
        "-   answered 200 OK",
        "+   answered 404 Not Found",
    ]


def test_another_address_and_requests_of_one_trial_only_are_shown_whole() -> None:
    before = tried(1, page(1), page(2))
    after = tried(2, asked(Role.PAGE, 200, "[]", page=1, url="https://api.example.com/v2/orders", method="POST"))
    assert compare_requests(before, after).lines.splitlines() == [
        "  Page 1",
        "-   GET https://api.example.com/orders?page=1",
        "+   POST https://api.example.com/v2/orders",
        "  Page 2",
        "-   only in test 1: GET https://api.example.com/orders?page=2",
    ]


def test_secrets_of_either_trial_are_masked() -> None:
    before, after = tried(1, page(1, "&key=old-secret")), tried(2, page(1, "&key=new-secret"))
    before.mask = lambda text: text.replace("old-secret", "****")
    after.mask = lambda text: text.replace("new-secret", "****")
    lines = compare_requests(before, after).lines
    assert "secret" not in lines
    assert "?key=****" in lines


def test_requests_whose_bodies_are_on_disk_are_compared() -> None:
    before, after = tried(1, page(1, request_body="a=1&b=2")), tried(2, page(1, request_body="a=1&b=3"))
    for trial in (before, after):
        trial.exchanges.put_away()
        assert trial.exchanges.entries[0].head.request_body is None
    assert compare_requests(before, after).lines.splitlines()[1:] == ["-   b=2", "+   b=3"]


def job_of(number: int, name: str, *, polls: int = 1, limit: int = 5, **more: Any) -> Trial:
    """A job whose answers name it, and a file for it, differently in each trial."""
    api, moment = "https://api.example.com/jobs", datetime(2026, 3, number, 12, tzinfo=UTC)
    link = f"https://files.example.com/{name}/part.csv?Expires={number}99&Signature=s{number}"
    signed = (("X-Amz-Date", f"2026030{number}T120000Z"), ("X-Sent", f"2026-03-0{number}T12:00:00Z"))
    given: dict[str, Any] = {"started": moment, "request_headers": signed, **more}
    events = [
        asked(Role.CREATE, 200, json.dumps({"job": {"id": name}}), url=f"{api}?limit={limit}", method="POST", **given),
        *(asked(Role.POLL, 200, '{"status": "busy"}', url=f"{api}/{name}?v=1", **given) for _ in range(1, polls)),
        asked(Role.POLL, 200, json.dumps({"files": [link], "after": f"{name}/1"}), url=f"{api}/{name}?v=1", **given),
        asked(Role.DOWNLOAD, 200, "id\n1\n", page=1, url=link, **given),
        asked(Role.DOWNLOAD, 200, "id\n2\n", page=2, url=f"{api}/more?after={quote(name, '')}%2F1", **given),
    ]
    return tried(number, *events)


def test_what_the_answers_of_each_test_gave_is_no_difference_nor_is_the_time_or_the_number_of_polls() -> None:
    report = compare_requests(job_of(1, "a.1"), job_of(2, "b.2", polls=3))
    assert (report.note, report.lines) == ("=", "")
    assert report.summary == (
        "6 requests, without a difference. Ids and links that the answers of each test gave, signatures and the time "
        "of a request are passed over."
    )


def test_what_a_person_changed_is_a_difference_beside_what_is_different_each_time() -> None:
    moments = (("X-Sent", "2026-02-01T12:00:00Z"),)
    report = compare_requests(job_of(1, "j1"), job_of(2, "j2", limit=9, request_headers=moments))
    assert report.lines.splitlines() == [
        "  Async Job -- Create",
        "-   ?limit=5",
        "+   ?limit=9",
        "-   x-amz-date: 20260301T120000Z",
        "-   x-sent: 2026-03-01T12:00:00Z",
        "+   x-sent: 2026-02-01T12:00:00Z",
        "  Async Job -- Polling and 2 further requests",
        "-   x-amz-date: 20260301T120000Z",
        "-   x-sent: 2026-03-01T12:00:00Z",
        "+   x-sent: 2026-02-01T12:00:00Z",
    ]


def test_a_value_that_no_answer_gave_is_a_difference_although_it_stands_in_one() -> None:
    """The same answer twice: nothing in it was given in the place of something else."""
    answer = json.dumps({"sizes": [5, 9]})
    before, after = (
        tried(number, asked(Role.CREATE, 200, answer), page(1, f"&limit={limit}")) for number, limit in ((1, 5), (2, 9))
    )
    assert compare_requests(before, after).lines.splitlines()[1:] == ["-   ?limit=5", "+   ?limit=9"]


API = "https://api.example.com"


def answered_then_asked(
    number: int, answer: object, url: str, headers: Sequence[tuple[str, str]] = (), **more: Any
) -> Trial:
    """A job is created, and something is asked for after that."""
    moment = datetime(2026, 3, number, 12, tzinfo=UTC)
    body = answer if isinstance(answer, str) else json.dumps(answer)
    created = asked(
        Role.CREATE, 200, body, url=f"{API}/jobs", method="POST", started=moment, response_headers=tuple(headers)
    )
    return tried(number, created, asked(Role.DOWNLOAD, 200, "[]", page=1, url=f"{API}{url}", started=moment, **more))


def what_differs(before: Trial, after: Trial) -> list[str]:
    return compare_requests(before, after).lines.splitlines()[1:]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"rows": 10}, {"rows": 50}),
        ({"status": "limit 10 of 100"}, {"status": "limit 50 of 100"}),
        ({"link": f"{API}/x?count=10"}, {"link": f"{API}/x?count=50"}),
        ({"id": 10}, {"id": 50}),
        ("<r><rows>10</rows></r>", "<r><rows>50</rows></r>"),
    ],
)
def test_a_number_that_an_answer_happens_to_have_hides_no_edit(old: object, new: object) -> None:
    headers = [
        (("Date", f"Sun, 01 Mar 2026 12:00:{rows} GMT"), ("X-RateLimit-Remaining", str(rows))) for rows in (10, 50)
    ]
    before = answered_then_asked(1, old, "/r?limit=10", headers[0])
    assert what_differs(before, answered_then_asked(2, new, "/r?limit=50", headers[1])) == [
        "-   ?limit=10",
        "+   ?limit=50",
    ]


@pytest.mark.parametrize(
    ("one", "other"), [("daily-sums", "weekly-sums"), ("2026-03-01", "2026-03-02"), ("10000000", "50000000")]
)
def test_words_dates_and_numbers_of_answers_hide_no_edit(one: str, other: str) -> None:
    before = answered_then_asked(1, {"kind": one}, f"/r/{one}?a={one}")
    assert len(what_differs(before, answered_then_asked(2, {"kind": other}, f"/r/{other}?a={other}"))) == 2


def test_what_an_answer_only_repeats_of_its_request_hides_no_edit() -> None:
    before, after = (
        tried(
            number,
            asked(
                Role.CREATE,
                200,
                json.dumps({"id": name, "self": url, "for": f"{name}-by"}),
                url=url,
                request_headers=sender,
            ),
            asked(Role.POLL, 200, "{}", url=url),
            asked(Role.DOWNLOAD, 200, "{}", url=f"{API}/r?by={name}-by"),
        )
        for number in (1, 2)
        for name in [f"report{number}a"]
        for url in [f"{API}/r/{name}"]
        for sender in [(("X-Sender", f"{name}-by"),)]
    )
    assert compare_requests(before, after).note == "3"


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        ({"id": "<>"}, "/jobs/<>/result"),
        ({"id": "<>"}, "/r?job_id=<>&limit=5"),
        ({"jobId": "<>"}, "/r?id=<>"),
        ({"page": {"next_cursor": "<>/2"}}, "/r?cursor=<>%2F2"),
        ({"_links": {"result": f"{API}/jobs/<>"}}, "/v2/jobs/<>/result"),
        ({"url": f"{API}/r?part=<>&a=1"}, "/r?part=<>&a=1"),
        ({"state": "run-<>-8c1f0a"}, "/r?after=run-<>-8c1f0a"),
        ("<>", "/jobs/<>"),
        ("<job><JobId><></JobId></job>", "/jobs/<>"),
    ],
)
@pytest.mark.parametrize(("one", "other"), [("7", "12"), ("a7", "b8"), ("1234567890123", "1234567890124")])
def test_ids_that_answers_gave_are_no_difference(answer: object, url: str, one: str, other: str) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    before, after = (
        answered_then_asked(number, text.replace("<>", value), url.replace("<>", value))
        for number, value in ((1, one), (2, other))
    )
    assert what_differs(before, after) == []


def test_a_short_id_is_one_only_as_a_step_of_a_path_or_under_a_like_name() -> None:
    before = answered_then_asked(1, {"id": 5}, "/r?limit=5&paid=5", request_body='{"size": 5, "job_id": 5}')
    after = answered_then_asked(2, {"id": 7}, "/r?limit=7&paid=7", request_body='{"size": 7, "job_id": 7}')
    assert what_differs(before, after) == [
        "-   ?limit=5",
        "-   ?paid=5",
        "+   ?limit=7",
        "+   ?paid=7",
        '-     "size": 5',
        '+     "size": 7',
    ]


def test_location_links_and_tokens_of_headers_are_learned() -> None:
    before, after = (
        answered_then_asked(
            number,
            {},
            f"/jobs/{number}4/rows?after=tok-{number}234567",
            [("Location", f"/jobs/{number}4"), ("X-Next-Token", f"tok-{number}234567")],
        )
        for number in (1, 2)
    )
    assert compare_requests(before, after).note == "="


def test_of_several_values_given_in_place_of_one_the_one_at_its_place_counts() -> None:
    """Two jobs of the earlier test stand for one of the later; each place is compared with what it held."""

    def jobs(number: int, *names: str) -> Trial:
        answers = [asked(Role.PAGE, 200, json.dumps({"id": name}), page=1, url=f"{API}/p") for name in names]
        return tried(number, *answers, asked(Role.DOWNLOAD, 200, "[]", url=f"{API}/r?a_id={names[0]}&b_id={names[1]}"))

    assert compare_requests(jobs(1, "job-00001", "job-00002"), jobs(2, "job-00009", "job-00009")).note == "="
    assert compare_requests(jobs(1, "a1", "b2"), jobs(2, "b2", "a1")).note == "="


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("?start_timestamp=2024-01-01", "?start_timestamp=2019-06-01"),
        ("?timestamp_gte=1", "?timestamp_gte=99"),
        ("?timestamp=1", "?timestamp=99"),
        ("?date=2024-01-01", "?date=2019-06-01"),
        ("?digest=daily", "?digest=weekly"),
        ("?signature_version=1", "?signature_version=2"),
        ("?oauth_consumer_key=a", "?oauth_consumer_key=b"),
        ("?q=a+b", "?q=a%20b"),
        ("?q=a/b", "?q=a%2Fb"),
        ("?until=2026-03-01T12:00:00Z", "?until=1772452800"),
        ("?until=2026-03-01T12:00:00Z", "?until=2026-03-02T12:00:00.000Z"),
        ("?until=2026-03-01T12:00:00-00:00", "?until=2026-03-02T11:00:00-01:00"),
    ],
)
def test_parameters_that_only_look_like_signatures_quoting_and_the_form_of_times_are_differences(
    old: str, new: str
) -> None:
    before, after = (answered_then_asked(number, {}, f"/r{one}") for number, one in ((1, old), (2, new)))
    assert what_differs(before, after) == [f"-   {old}", f"+   {new}"]
    form = [answered_then_asked(n, {}, "/r", request_body=f"a=1&{one[1:]}") for n, one in ((1, old), (2, new))]
    assert what_differs(form[0], form[1]) == [f"-   {old[1:]}", f"+   {new[1:]}"]


def test_a_path_that_is_quoted_otherwise_is_a_difference() -> None:
    before, after = answered_then_asked(1, {}, "/x/a/b"), answered_then_asked(2, {}, "/x/a%2Fb")
    assert what_differs(before, after) == [f"-   GET {API}/x/a/b", f"+   GET {API}/x/a%2Fb"]
    before, after = (
        answered_then_asked(number, {"token": f"1{number}/345678"}, f"/r?token=1{number}{slash}345678")
        for number, slash in ((1, "/"), (2, "%2F"))
    )
    assert what_differs(before, after) == ["-   ?token=11/345678", "+   ?token=12%2F345678"]


def test_text_in_place_of_a_number_is_a_difference() -> None:
    before = answered_then_asked(1, {}, "/r", request_body='{"a": 1}')
    assert what_differs(before, answered_then_asked(2, {}, "/r", request_body='{"a": "1"}')) == [
        '-     "a": 1',
        '+     "a": "1"',
    ]


def test_signatures_and_times_of_the_request_are_no_difference() -> None:
    def sent(number: int) -> Trial:
        moment = datetime(2026, 3, number, 12, tzinfo=UTC)
        headers = (
            ("Date", moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
            ("Idempotency-Key", f"k{number}"),
            ("X-Hub-Signature", f"s{number}"),
            ("X-Request-Id", f"r{number}"),
            ("X-Amz-Date", f"2026030{number}T120000Z"),
        )
        query = f"?timestamp={int(moment.timestamp())}&nonce={number}&oauth_signature=s{number}&signature=t{number}"
        body = json.dumps({"ClientRequestToken": f"c{number}", "query": "SELECT 1"})
        return answered_then_asked(number, {}, f"/r{query}", request_headers=headers, request_body=body)

    assert what_differs(sent(1), sent(2)) == []


# Schemas


def test_fields_that_are_new_gone_or_of_another_type() -> None:
    before: list[dict[str, Any]] = [{"id": 1, "age": 5, "old": "x", "lines": [{"sku": "a"}], "odd": {"a": 1}}]
    after: list[dict[str, Any]] = [
        {"id": 1, "age": "5", "home": {"zip": "1"}, "lines": [{"sku": 7}], "odd": {"a": 1}},
        {"id": 2, "odd": 3},
    ]
    report = compare_schemas(*pair(before, after))
    assert report.note == "6"
    assert [" ".join(line.split()) for line in report.lines.splitlines()] == [
        "- age number",
        "+ age string",
        "- old string",
        "- lines[].sku string",
        "+ lines[].sku number",
        "- odd object",
        "+ odd number or object",
        "+ home object",
        "+ home.zip string",
    ]


def test_the_same_schema_and_none() -> None:
    rows: list[dict[str, Any]] = [{"id": 1, "a": None}]
    assert compare_schemas(*pair(rows, rows)).summary == "The records have the same 1 field, of the same types."
    assert compare_schemas(*pair([], rows)).summary == "Test 1: there are no records to detect a schema in."


# What is kept


def test_what_is_put_away_is_compared_from_disk_and_gone_when_it_is_let_go() -> None:
    rows = [{"id": number, "text": "x" * 2_000} for number in range(1_000)]
    before, after = pair(rows, rows)
    before.put_away()
    assert before.records.in_memory == 0
    assert compare_records(before, after).note == "="
    before.let_go()
    with pytest.raises(OSError, match="not kept any more"):
        compare_records(before, after)


def test_a_small_trial_needs_no_file() -> None:
    trial = tried(1, batch({"id": 1}))
    trial.put_away()
    assert trial.records.in_memory > 0
    trial.let_go()
    assert json.loads(next(trial.records.lines())) == {"id": 1}
