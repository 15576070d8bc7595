"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.oracle import Oracle

# A loaded machine is no reason for a property to fail.
settings.register_profile("longhaul", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("longhaul")


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the folders of whoever runs it; commands that tests start neither."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONGHAUL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """Airbyte's own runtime, ready to be asked."""
    reference = Oracle()
    yield reference
    reference.close()
