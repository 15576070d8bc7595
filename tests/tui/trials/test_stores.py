from __future__ import annotations

import json
from typing import Any

from core.http.exchange import Role
from tests.tui.trials.support import BEGAN, asked, contact
from tui.trials.exchanges import ExchangeLog
from tui.trials.records import RecordInspector, RecordStore, rows

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": ["string", "null"]}}},
}


def filled(count: int, in_memory: int) -> RecordStore:
    inspector = RecordInspector()
    store = RecordStore(inspector.columns, in_memory=in_memory)
    for number in range(count):
        partition = 1 + number % 2
        store.append(inspector.encode([contact(number), contact(number + 100)]), 2, partition, 1 + number // 4)
    return store


def test_records_come_back_as_they_were_from_memory_and_from_disk() -> None:
    store = filled(8, in_memory=500)
    assert len(store) == 16
    assert [store.row(index)["CONTACT_ID"] for index in (0, 1, 2, 15)] == ["c000", "c100", "c001", "c107"]
    assert list(store.columns()) == list(contact(0))


def test_a_view_holds_the_records_of_a_partition_or_a_page() -> None:
    store = filled(8, in_memory=500)
    assert [row["ORDERS"] for row in rows(store.view(2))] == [1, 101, 3, 103, 5, 105, 7, 107]
    assert [row["ORDERS"] for row in rows(store.view(1, 2))] == [4, 104, 6, 106]
    assert store.view(None) is store
    assert len(store.view(3)) == 0


def test_a_view_that_was_empty_grows_with_its_partition() -> None:
    store = RecordStore(["a"])
    view = store.view(1)
    store.append(b'{"a":1}\n', 1, 1, 1)
    assert [dict(row) for row in rows(view)] == [{"a": 1}]


def test_columns_are_the_union_of_all_fields_in_the_order_they_came() -> None:
    inspector = RecordInspector()
    inspector.encode([{"b": 1}, {"a": 1, "b": 2}])
    inspector.encode([{"c": 1}])
    assert inspector.columns == ["b", "a", "c"]


def test_integers_of_any_size_keep_their_digits() -> None:
    inspector = RecordInspector()
    store = RecordStore(inspector.columns)
    store.append(inspector.encode([{"id": 10**30}]), 1, 1, 1)
    assert store.row(0) == {"id": 10**30}


def test_missing_and_repeated_primary_keys_are_counted() -> None:
    inspector = RecordInspector([["id"], ["shop", "code"]])
    shop = {"code": "x"}
    inspector.encode([{"id": 0, "shop": shop}, {"id": 0, "shop": shop}, {"id": 1, "shop": shop}])
    inspector.encode([{"id": None, "shop": shop}, {"shop": shop}, {"id": [1], "shop": shop}, {"id": [1], "shop": shop}])
    assert inspector.keys_missing == 2
    assert inspector.keys_repeated == 2
    assert inspector.repeated_key == "[1], x"


def test_records_are_checked_against_the_schema() -> None:
    inspector = RecordInspector(schema=SCHEMA)
    inspector.encode([{"id": 1, "tags": ["a", None]}, {"id": "1"}, {"tags": [1], "more": True}, {"id": "2"}])
    assert inspector.mismatches == [
        ("`id` must be a whole number, but it is text", 2),
        ("`id` is required, but it is missing", 1),
        ("`tags[]` must be text or null, but it is a number", 1),
        ("`more` is not in the schema, which allows no other fields", 1),
    ]


def test_exchanges_are_numbered_and_counted_by_kind_and_partition() -> None:
    log = ExchangeLog()
    for role, partition in ((Role.CREATE, 1), (Role.POLL, 1), (Role.POLL, 2), (Role.POLL, 1), (Role.AUTH, 1)):
        log.add(asked(role), BEGAN, partition, None)
    assert [(entry.number, entry.title, entry.repeat) for entry in log.entries] == [
        (1, "Async Job -- Create", 1),
        (2, "Async Job -- Polling", 1),
        (3, "Async Job -- Polling", 1),
        (4, "Async Job -- Polling", 2),
        (5, "Refresh token", 1),
    ]
    assert log.entries[0].offset == 1.0


def test_requests_of_parent_streams_say_which() -> None:
    log = ExchangeLog()
    for role in (Role.PARENT, Role.PARENT, Role.CREATE, Role.AUTH):
        log.add(asked(role, slice_=None, parent="surveys"), BEGAN, None, None)
    assert [(entry.title, entry.repeat) for entry in log.entries] == [
        ("Parent Stream -- surveys", 1),
        ("Parent Stream -- surveys", 2),
        ("Parent Stream -- surveys: Async Job -- Create", 1),
        ("Refresh token", 1),
    ]


def test_the_other_requests_of_a_partition_are_its_own_and_the_global_ones() -> None:
    log = ExchangeLog()
    for role, partition in ((Role.AUTH, 2), (Role.CREATE, 1), (Role.CREATE, 2), (Role.PARENT, None)):
        log.add(asked(role), BEGAN, partition, None)
    assert [entry.number for entry in log.others(1)] == [1, 2, 4]
    assert [entry.number for entry in log.others()] == [1, 2, 3, 4]


def test_only_the_last_answer_of_a_page_is_its_answer_and_the_earlier_ones_are_other_requests() -> None:
    log = ExchangeLog()
    for status, page in ((500, 1), (200, 1), (200, 2)):
        log.add(asked(Role.PAGE, status), BEGAN, 1, page)
    assert [entry.number for entry in log.finals(1)] == [2, 3]
    assert [entry.number for entry in log.others(1)] == [1]


def test_bodies_beyond_the_memory_are_read_back_from_disk() -> None:
    log = ExchangeLog(in_memory=40)
    bodies = [json.dumps({"n": number, "é": "ü"}) for number in range(3)]
    entries = [log.add(asked(Role.POLL, 200, body), BEGAN, 1, None) for body in bodies]
    assert [entry.spooled is None for entry in entries] == [True, False, False]
    assert [log.exchange(entry).response_body for entry in entries] == bodies
    assert entries[2].head.response_body is None


def test_a_status_is_noted_on_the_last_poll_of_its_partition() -> None:
    log = ExchangeLog()
    for partition in (1, 2):
        log.add(asked(Role.POLL), BEGAN, partition, None)
    log.note_status(1, "ready", "completed")
    assert [(entry.api_status, entry.meaning) for entry in log.entries] == [("ready", "completed"), (None, None)]
