"""What is different each time is no difference; everything else is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.cases.alike import Comparison

NOW = datetime(2024, 5, 1, 10, 0, 0, tzinfo=UTC)
MADE = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        ("2024-05-01T10:00:01Z", "2024-05-01T10:00:09Z"),
        ("until 2024-05-01 10:00:01.123456", "until 2024-05-01 10:00:02.654321"),
        ("2024-05-01T10%3A00%3A01Z", "2024-05-01T10%3A00%3A02Z"),
        (str(EPOCH), str(EPOCH + 3)),
        (EPOCH * 1000, EPOCH * 1000 + 1500),
        (f"ts={EPOCH}&id=5", f"ts={EPOCH + 1}&id=5"),
        (OTHER, MADE),
        (f"job {OTHER}", f"job {MADE}"),
        ("Bearer ****", "Bearer abc"),
        ("a=****&b=1", "a=x&b=1"),
        ("****", 17),
        ({"a": ["****", 1]}, {"a": ["x", 1]}),
    ],
)
def test_alike(recorded: Any, found: Any) -> None:
    assert Comparison(NOW, seconds=10, uuids={MADE}).alike(recorded, found)


@pytest.mark.parametrize(
    ("recorded", "found"),
    [
        ("2024-05-01T10:00:01Z", "2024-05-01T11:00:01Z"),  # longer than the recording took
        ("2023-05-01T10:00:01Z", "2023-05-01T10:00:02Z"),  # far from the recording
        ("2024-05-01", "2024-05-02"),
        (str(EPOCH), str(EPOCH + 900)),
        (MADE, OTHER),  # nobody made it
        ("a=****&b=1", "a=x&b=2"),
        ("****", True),
        ("****", None),
        (1, 1.0),
        (1, True),
        ("1", 1),
        ({"a": 1}, {"a": 1, "b": None}),
        ([1], [1, 2]),
    ],
)
def test_different(recorded: Any, found: Any) -> None:
    assert not Comparison(NOW, seconds=10, uuids={MADE}).alike(recorded, found)
