"""The tests that drive whole screens of the builder are marked `builder`: `make test-builder` runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

SCREENS = ("forms", "shell", "journeys")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in the folders of whole screens."""
    here = Path(__file__).parent
    for item in items:
        if any(item.path.is_relative_to(here / folder) for folder in SCREENS):
            item.add_marker(pytest.mark.builder)
