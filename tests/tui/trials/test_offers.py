"""What was seen is offered: what a field is likely to want comes first, each with its value."""

from __future__ import annotations

import pytest

from tui.forms.hints import Offer
from tui.trials.offers import (
    Look,
    Seen,
    address_offers,
    key_offers,
    list_offers,
    path_offers,
    seen_in,
    template_offers,
)

CREATED = {"requestedBy": "ann", "job": {"jobId": 17, "state": "QUEUED"}, "links": [{"href": "https://api/jobs/17"}]}
POLLED = {
    "owner": "ann",
    "job": {"jobId": 17, "progress": 40, "state": "DONE"},
    "files": [{"name": "a.csv", "url": "https://cdn/a.csv"}, {"name": "b.csv", "url": "https://cdn/b.csv"}],
    "urls": ["https://cdn/c.csv"],
}


@pytest.mark.parametrize(
    ("name", "value", "look"),
    [
        ("status", "ready", Look.STATUS),
        ("jobState", "odd", Look.STATUS),
        ("done", True, Look.STATUS),
        ("result", "SUCCEEDED", Look.STATUS),
        ("resultUrl", "https://cdn/x", Look.LINK),
        ("next", "https://api/x?page=2", Look.LINK),
        ("download_uri", "/files/7", Look.LINK),
        ("status_url", "https://api/status/1", Look.LINK),
        ("job_id", 7, Look.ID),
        ("executionId", "e-1", Look.ID),
        ("statementHandle", "s", Look.ID),
        ("any", "0b8a1f6e-3c5d-4c1c-9a7e-2f6f3f1d7c11", Look.ID),
        ("paid", "yes", Look.OTHER),
        ("count", 3, Look.OTHER),
    ],
)
def test_values_look_like_what_their_names_and_they_themselves_say(name: str, value: object, look: Look) -> None:
    assert Seen((name,), value).look is look


def test_paths_to_a_status_come_first_with_their_values() -> None:
    offers = path_offers(POLLED, Look.STATUS)
    assert offers[:2] == [Offer("job.progress", "40"), Offer("job.state", "DONE")]
    assert Offer("owner", "ann") in offers


def test_a_list_of_links_is_offered_as_a_whole_and_one_in_objects_with_a_star() -> None:
    offers = path_offers(POLLED, Look.LINK)
    assert offers[:2] == [Offer("urls", "https://cdn/c.csv"), Offer("files.*.url", "https://cdn/a.csv")]


def test_addresses_are_made_of_links_and_of_ids_behind_what_there_is() -> None:
    assert address_offers(CREATED, "creation_response", ["https://api/jobs/"]) == [
        Offer("{{ creation_response['links'][0]['href'] }}", "https://api/jobs/17"),
        Offer("https://api/jobs/{{ creation_response['job']['jobId'] }}", "17"),
    ]


def test_templates_are_offered_for_what_is_wanted_only() -> None:
    assert template_offers(POLLED, "response", Look.STATUS) == [
        Offer("{{ response['job']['progress'] }}", "40"),
        Offer("{{ response['job']['state'] }}", "DONE"),
    ]


def test_one_record_that_holds_lists_offers_the_paths_to_them() -> None:
    record = {"meta": {"few": [{"a": 1}]}, "rows": [{"id": 1}, {"id": 2}], "tags": ["a"]}
    assert list_offers([record], ["data"]) == [
        Offer("data.rows", "a list of 2 objects"),
        Offer("data.meta.few", "a list of 1 object"),
    ]
    assert list_offers([record, record], []) == []


def test_fields_that_differ_in_all_records_are_offered_as_keys_first() -> None:
    records = [{"country": "de", "email": f"{n}@x", "gone": None, "id": n, "ok": True} for n in range(3)]
    offers = key_offers(records, records[0])
    assert [offer.value for offer in offers][:2] == ["id", "email"]
    assert [offer.value for offer in offers if offer.detail] == ["id", "email"]
    assert key_offers(records[:1], ["id"]) == [Offer("id")]  # one record says nothing


def test_a_large_answer_is_looked_at_in_part() -> None:
    assert len(seen_in({f"k{n}": n for n in range(10_000)})) == 300
    deep: object = "x"
    for _ in range(50):
        deep = {"a": deep}
    assert seen_in(deep) == []
    assert path_offers(None, Look.STATUS) == []


def test_the_id_of_a_job_comes_before_that_of_the_call() -> None:
    answer = {"requestId": "e42b#1", "result": [{"exportId": "ce45"}]}
    offers = template_offers(answer, "creation_response", Look.ID)
    assert [one.detail for one in offers] == ["ce45", "e42b#1"]


def test_a_deep_answer_without_values_is_looked_through_in_part_only() -> None:
    deep = {str(n): {str(m): {str(k): None for k in range(50)} for m in range(50)} for n in range(50)}
    assert seen_in(deep) == []
