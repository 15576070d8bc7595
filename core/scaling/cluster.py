"""Dask clusters: their addresses, how to reach one, and how to start one on this machine."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from core.errors import InputError
from core.extras import load
from core.scaling import cluster_worker as worker

THREADS = 4
"""Of a local worker. Slices leave the pool at once, so that they are no limit."""
MOST_WORKERS = 256
CONNECT = 15.0
"""Seconds that a scheduler or a worker may take to answer."""
_USAGE = "write dask://HOST:PORT for a scheduler, or dask://local?workers=4 for one on this machine"


@dataclass(frozen=True, slots=True)
class Cluster:
    """What `--on` names: the address of a scheduler, or how many workers to start here."""

    address: str = ""
    workers: int = 0

    @classmethod
    def parse(cls, text: str) -> Cluster:
        """Raises `InputError`."""
        try:
            parts = urlsplit(text)
            port, asked = parts.port, parse_qs(parts.query, strict_parsing=True) if parts.query else {}
        except ValueError:
            raise InputError(f"--on {text}: {_USAGE}.") from None
        if parts.scheme != "dask" or not parts.hostname or parts.path.strip("/") or parts.username:
            raise InputError(f"--on {text}: {_USAGE}.")
        if parts.hostname == "local" and port is None:
            number = asked.pop("workers", ["0"])[-1]
            if asked or not number.isdecimal() or int(number) > MOST_WORKERS:
                raise InputError(f"--on {text}: {_USAGE}; workers go up to {MOST_WORKERS}.")
            return cls(workers=int(number) or os.cpu_count() or 1)
        if asked or port is None:
            raise InputError(f"--on {text}: {_USAGE}.")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(address=f"tcp://{host}:{port}")

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        """A client of the cluster, which is started where it is a local one. Raises `LonghaulError`."""
        distributed = load("distributed", "Dask clusters", "dask")
        _silence()
        if not self.address:
            local = distributed.LocalCluster(
                n_workers=self.workers,
                threads_per_worker=THREADS,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # without an address, it would listen to the whole network
                memory_limit=0,
                security=True,
                asynchronous=True,
                silence_logs=60,
            )
            async with local as cluster, distributed.Client(cluster, asynchronous=True) as client:
                await client.register_plugin(worker.interrupts_ignored())
                yield client
            return
        try:
            client = await distributed.Client(self.address, asynchronous=True, timeout=CONNECT)
        except (OSError, TimeoutError) as error:
            raise InputError(
                f"There is no Dask scheduler at {self.address} ({type(error).__name__}). Start it, or check the "
                "address."
            ) from None
        try:
            yield client
        finally:
            await client.close()


def _silence() -> None:
    """Keep Dask's own log from the screen: what people need to know of it is an event or an error here."""
    known = [name for name in logging.Logger.manager.loggerDict if name.startswith("distributed.")]
    for name in ("distributed", "tornado", "asyncio", *known):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
