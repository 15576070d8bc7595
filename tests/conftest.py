"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import certifi
import pytest
from hypothesis import HealthCheck, settings

from core.http.connections import AUTHORITIES
from tests.support.http_bench import Bench
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer

# A loaded machine is no reason for a property to fail.
settings.register_profile("longhaul", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("longhaul")

SLOW_FOLDERS = {"benchmarks", "faults", "journeys", "shell"}  # shell: each test starts the complete builder
SLOW_MODULES = {"test_demo", "test_examples", "test_goldens", "test_memory"}
SLOW_FIXTURES = {"oracle"}
ON_DEMAND = ("clients", "conformance")
"""Marked tests that take the programs of others, or long."""
SLOW_MARKERS = {"hypothesis"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as slow what is so by nature; a module that is slow for a reason of its own marks itself.

    What is there on demand is left out unless it is asked for.
    """
    here = Path(__file__).parent
    for name in ON_DEMAND:
        if name in config.option.markexpr:
            continue
        left_out = [item for item in items if item.get_closest_marker(name)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        path = item.path.relative_to(here)
        if (
            not SLOW_FOLDERS.isdisjoint(path.parts)
            or path.stem in SLOW_MODULES
            or not SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
            or any(marker.name in SLOW_MARKERS for marker in item.iter_markers())
        ):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the folders of whoever runs it; commands that tests start neither."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LONGHAUL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests trust one authority, whatever the environment says: each session would take long to load them all."""
    end = "-----END CERTIFICATE-----\n"
    first = Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end
    path = tmp_path_factory.mktemp("authorities") / "one.pem"
    path.write_text(first, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in AUTHORITIES:
            patch.delenv(name, raising=False)
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """Airbyte's own runtime, ready to be asked."""
    reference = Oracle()
    yield reference
    reference.close()


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer() as running:
        yield running


@pytest.fixture
async def other_server() -> AsyncIterator[LoopbackServer]:
    """A second server: another origin."""
    async with LoopbackServer() as running:
        yield running


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench with an open session."""
    with ThreadPoolExecutor(1) as executor:
        bench = Bench(executor)
        async with bench.session:
            yield bench
