"""The reference is asked without a trace in the folder of whoever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.oracle import Oracle

pytestmark = pytest.mark.slow


def test_what_the_reference_leaves_where_it_runs_is_removed_with_it() -> None:
    reference = Oracle()
    folder = Path(reference.ask("os", "getcwd"))
    assert folder.resolve() != Path.cwd()
    reference.ask("os", "mkdir", "left")
    assert (folder / "left").exists()
    reference.close()
    assert not folder.exists()
