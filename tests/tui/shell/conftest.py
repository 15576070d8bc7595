"""Builders that keep what they remember in a folder of the test."""

from tests.tui.model.conftest import own_folders

__all__ = ["own_folders"]
