"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.oracle import Oracle


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """Airbyte's own runtime, ready to be asked."""
    reference = Oracle()
    yield reference
    reference.close()
