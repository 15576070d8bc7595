"""What a completed job offers for download, asked for again when the links have expired."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from core.components.async_retriever import AsyncRetriever
from core.components.context import Context
from core.errors import ReadError
from core.events import JobPhase
from core.jobs.life import JobLife


@dataclass
class Targets:
    """The download targets of a completed job."""

    retriever: AsyncRetriever
    life: JobLife
    found: list[Any]
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def of(cls, retriever: AsyncRetriever, life: JobLife) -> Targets:
        """The targets that the job's last answer names. Raises `ReadError`."""
        return cls(retriever, life, await _named_by(retriever, life))

    def __len__(self) -> int:
        return len(self.found)

    async def renew(self, old: list[Any]) -> None:
        """Poll the job once more for the targets that take the place of `old`. Raises `ReadError`."""
        async with self._asking:
            if self.found is not old:
                return
            await self.life.poll_again()
            found = await _named_by(self.retriever, self.life)
            if len(found) != len(old):
                raise ReadError(
                    f"The job had {len(old)} download targets, and has {len(found)} now that it was asked for fresh "
                    "ones. Run it again."
                )
            self.life.show(JobPhase.DOWNLOADING)
            self.found = found


@dataclass
class Link:
    """One of the targets, as it was when it was last asked for."""

    targets: Targets
    index: int
    _seen: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self.targets.found

    @property
    def context(self) -> Context:
        """The job's context with the target."""
        job = self.targets.life.job
        assert job is not None
        return job.context.with_variables(download_target=self._seen[self.index])

    async def renew(self) -> Context:
        """The context with a fresh target. Raises `ReadError`."""
        await self.targets.renew(self._seen)
        self._seen = self.targets.found
        return self.context


async def _named_by(retriever: AsyncRetriever, life: JobLife) -> list[Any]:
    assert life.job is not None
    return await retriever.targets(life.job.polling or life.job.creation, life.job.context)
