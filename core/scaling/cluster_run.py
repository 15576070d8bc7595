"""Conducts a run on a Dask cluster: plans the slices, hands them to the workers, and merges what comes of them."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from itertools import chain
from pathlib import Path
from secrets import token_hex
from typing import Any

from core.connector import Connector
from core.errors import InputError, LonghaulError, ManifestError, ReadError
from core.events import Event, Log, Outcome
from core.extras import load
from core.jobs.job_slice import lease_key
from core.jobs.settings import DOWNLOADS
from core.levels import Level
from core.outputs.durable import OutputError, replacing
from core.outputs.job_journal import JobJournal, digest
from core.outputs.state import StateFile
from core.reading import Reader, open_reader
from core.reading.surroundings import Surroundings
from core.scaling import cluster_worker as worker
from core.scaling.cluster import CONNECT
from core.scaling.cluster_leases import ClusterLeases
from core.scaling.cluster_worker import RunWork, Sealed, StreamWork, topic_of
from core.scaling.merging import merge_state
from core.scaling.plan import PlanError, PlannedSlice, PlanWriter, SlicePlan, fingerprint
from core.scaling.slice_files import SliceFolder
from core.scaling.slice_reading import Nested, SliceResult, failed
from core.scaling.stream_tally import StreamTally
from core.units import count
from core.version import VERSION

STREAMS_AT_ONCE = 4
_HEAR_EVERY = 2.0
_CANCEL_EVERY = 0.25
_LOST_AFTER = 60.0
"""Seconds without any worker after which a run is given up."""
_PLAN = ".slices.plan"


class ClusterRun:
    """A run on a cluster. `emit` takes all events, `cancel` makes the run come to a tidy end."""

    def __init__(
        self,
        connector: Connector,
        manifest: str,
        config: Mapping[str, Any],
        output: Path,
        ending: str,
        *,
        nested: Nested,
        state: StateFile | None,
        emit: Callable[[Event], None],
        verbose: bool = False,
    ) -> None:
        self._connector = connector
        self._manifest = manifest
        self._config = config
        self._output = output.resolve()
        self._ending = ending
        self._nested = nested
        self._state = state
        self._emit = emit
        self._verbose = verbose
        self._id = token_hex(8)
        self._cancelled = asyncio.Event()
        self._reader: Reader | None = None
        self._tallies: dict[str, StreamTally] = {}
        self._futures: set[Any] = set()
        self._calls: set[asyncio.Task[Any]] = set()
        self._addresses: set[str] = set()
        self._stuck = ""
        self._following: set[str] = set()
        """Streams with jobs of an earlier run, which take their leases before others begin: the API counts them."""
        self._others_may_begin = asyncio.Event()
        self._lost_leases = 0
        """Leases of jobs that may go on, and that nobody follows any more."""

    def cancel(self) -> None:
        """Stop all requests everywhere and abort the jobs on the server."""
        self._cancelled.set()
        if self._reader is not None:
            self._reader.cancel()

    async def read(self, client: Any, streams: Sequence[str]) -> list[Outcome]:
        """Read streams. Raises `LonghaulError` for what is wrong with the cluster, before anything is read."""
        self._client = client
        self._addresses = set(await self._workers())
        parts, self._only = self._division(len(self._addresses))
        work = RunWork(
            self._id,
            self._manifest,
            self._connector.file or "manifest.yaml",
            self._config,
            str(self._output),
            self._ending,
            self._nested,
            parts,
            self._verbose,
            self._connector.made,
        )
        self._work = Sealed(work)
        assert self._connector.source is not None
        self._budget = budget = self._connector.source.job_budget(self._config)
        semaphore = load("distributed", "Dask clusters", "dask").Semaphore(
            max_leases=budget,
            name=f"longhaul-jobs-{digest({'manifest': self._manifest})}-{budget}",
            scheduler_rpc=client.scheduler,
            loop=client.loop,
        )
        self._leases = ClusterLeases(budget, await semaphore, self._grant)
        self._in_flight = budget + DOWNLOADS * len(self._addresses)
        client.subscribe_topic(topic_of(self._id), self._hear)
        tokens = worker.shared_tokens(self._output)
        around = Surroundings(parts=parts, leases=self._leases)
        watch = asyncio.create_task(self._watch())
        try:
            async with open_reader(self._connector, self._config, tokens=tokens, around=around) as reader:
                self._reader = reader
                self._following = {name for name in streams if self._folder(name).with_jobs()}
                gate = asyncio.Semaphore(STREAMS_AT_ONCE)
                return await asyncio.gather(*(self._stream(name, gate) for name in streams))
        finally:
            watch.cancel()
            with suppress(Exception):
                await self._on_workers(worker.close)
                semaphore.refresh_callback.stop()
                client.unsubscribe_topic(topic_of(self._id))

    # The cluster

    async def _workers(self) -> list[str]:
        """The addresses of the workers, which are fit for the run. Raises `InputError`."""
        try:
            await asyncio.wait_for(self._client.wait_for_workers(1), CONNECT)
        except TimeoutError:
            raise InputError("The cluster has no workers. Start some.") from None
        try:
            versions = await self._client.run(worker.version)
        except Exception:
            raise InputError(
                f"The workers of the cluster can't load Longhaul. Install version {VERSION} where they run, "
                "with the same version of Python."
            ) from None
        other = {address: version for address, version in versions.items() if version != VERSION}
        for address, version in other.items():
            raise InputError(
                f"The worker {address} has Longhaul {version}, and this is {VERSION}. Install the same one."
            )
        content, mark = token_hex(16), self._output / f".{self._id}.shared"
        try:
            with replacing(mark) as file:
                file.write(content.encode())
            seen = await self._client.run(worker.sees, str(mark), content)
        except OSError as error:
            raise OutputError.of(mark, error) from error
        finally:
            with suppress(OSError):
                mark.unlink()
        for address in [address for address, sees in seen.items() if not sees]:
            raise InputError(
                f"The worker {address} does not see the directory {self._output}. --output must be on storage that "
                "all workers and this machine have under the same path."
            )
        return list(versions)

    def _division(self, workers: int) -> tuple[int, list[str] | None]:
        """How many processes share the API budget, and the only workers that may (None: all, also those to come).

        Raises `LonghaulError`.
        """
        source = self._connector.source
        assert source is not None
        if source.api_budget is None:
            return 1, None
        source.rate_budget(self._config)
        for parts in range(workers + 1, 1, -1):
            with suppress(InputError):
                source.rate_budget(self._config, parts)
                return parts, sorted(self._addresses)[: parts - 1]
        raise InputError("The API budget allows too few calls to be divided among machines. Leave out --on.")

    async def _watch(self) -> None:
        """Tell the workers that this process is there, or that the run is cancelled; notice those that are lost."""
        waited = 0.0
        while True:
            if self._cancelled.is_set():
                await self._on_workers(worker.cancel)
                await asyncio.sleep(_CANCEL_EVERY)
                continue
            there = set(await self._on_workers(worker.hear))
            for address in sorted(self._addresses - there):
                self._log(Level.WARNING, f"The worker {address} is lost. Its slices go to others.")
                self._leases.lost(address)
            self._addresses = there
            usable = there if self._only is None else there & set(self._only)
            waited = 0.0 if usable else waited + _HEAR_EVERY
            if waited > _LOST_AFTER:
                await self._give_up("All workers are lost.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._cancelled.wait(), _HEAR_EVERY)

    async def _on_workers(self, call: Callable[[str], None]) -> list[str]:
        """Call a function on all workers; the addresses of those that have answered."""
        with suppress(Exception):
            return list(await asyncio.wait_for(self._client.run(call, self._id, on_error="ignore"), CONNECT))
        return []

    def _grant(self, key: str, address: str) -> None:
        """Tell a worker that a slice has a lease. One that is gone need not know."""
        call = self._client.run(worker.grant, self._id, key, workers=[address], on_error="ignore")
        task = asyncio.ensure_future(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """A message of a worker."""
        message = event[1]
        if "take" in message:
            self._leases.ask(message["take"], message["worker"])
        if "give" in message:
            self._leases.give_back(message["give"])
        for one in pickle.loads(message["events"]) if "events" in message else ():
            self._emit(one)

    def _log(self, level: Level, text: str, stream: str = "") -> None:
        for name in [stream] if stream else list(self._tallies)[:1]:
            self._emit(Log(stream=name, level=level, message=text))

    # One stream

    def _folder(self, stream: str) -> SliceFolder:
        return SliceFolder(self._output, stream, self._connector.stream_names, self._ending)

    def _has_begun(self, stream: str) -> None:
        """A stream has taken the leases of its jobs, or is over."""
        self._following.discard(stream)
        if not self._following:
            self._others_may_begin.set()

    async def _stream(self, stream: str, gate: asyncio.Semaphore) -> Outcome:
        if stream not in self._following:
            self._has_begun(stream)
            await self._others_may_begin.wait()
        assert self._reader is not None
        async with self._reader.turn(stream, self._emit), gate:
            tally = self._tallies[stream] = StreamTally(stream, self._emit)
            try:
                await self._read(stream, tally)
            except (LonghaulError, ManifestError, OSError) as error:
                tally.fail(str(OutputError.of(self._output, error) if isinstance(error, OSError) else error))
            finally:
                self._has_begun(stream)
            return tally.end(cancelled=self._cancelled.is_set())

    async def _read(self, stream: str, tally: StreamTally) -> None:
        """Raises `LonghaulError`, `OSError`."""
        reader = self._reader
        assert reader is not None
        if self._cancelled.is_set():
            return
        state = self._state.of(stream) if self._state else None
        folder = self._folder(stream)
        folder.make()
        plan = await self._plan(reader, stream, state, folder)
        summary = plan.summary
        schema = await reader.schema(stream, self._emit, state=summary.state)
        await asyncio.to_thread(folder.claim, summary.id, summary.state)
        shared = Sealed(StreamWork(stream, summary.id, summary.state, schema))
        chosen = reader.choice(stream, summary.state, fresh=False).stream
        is_job_stream = chosen.retriever.job_steps is not None
        gate = asyncio.Semaphore(self._in_flight if is_job_stream else reader.slices_at_once(stream, summary.state))
        async with asyncio.TaskGroup() as tasks:
            slices = iter(self._with_jobs_first(plan, folder, is_job_stream=is_job_stream))
            for planned in slices:
                done = await asyncio.to_thread(folder.files(planned, summary.id).done)
                if done is not None:
                    tally.add(SliceResult(planned, Outcome.COMPLETE, done.records, done.latest, known=True))
                    continue
                await gate.acquire()
                if tally.stopped or self._cancelled.is_set() or self._stuck:
                    for one in chain([planned], slices):
                        self._leases.give_back(lease_key(stream, one.slice))
                    break
                tasks.create_task(self._slice(stream, shared, planned, tally, gate))
        if tally.known:
            self._log(Level.INFO, f"{count(tally.known, 'slice')} had been read before.", stream)
        if self._stuck:
            raise ReadError(self._stuck)
        if not (tally.unfinished or tally.stopped or self._cancelled.is_set()):
            if self._state is not None:
                await asyncio.to_thread(
                    lambda: merge_state(reader, summary, plan.slices(), folder, self._saved, report=self._emit)
                )
            await asyncio.to_thread(plan.path.unlink)

    @property
    def _saved(self) -> StateFile:
        assert self._state is not None
        return self._state

    async def _plan(
        self, reader: Reader, stream: str, state: Mapping[str, Any] | None, folder: SliceFolder
    ) -> SlicePlan:
        """The plan of a run that did not come to its end, where it is still right; else a new one."""
        path, mark = folder.path / _PLAN, fingerprint(self._connector, stream, self._config)
        begin = reader.planned_state(stream, state, self._emit)
        with suppress(PlanError):
            plan = SlicePlan(path)
            plan.check(stream, mark)
            if digest(plan.summary.state or None) == digest(begin or None):
                return plan
        with replacing(path, mode=0o600, keep=False) as file:
            writer = PlanWriter(file.write, stream, mark, begin)
            walk = reader.slices(stream, begin, self._emit)
            async for slice_ in walk:
                if self._cancelled.is_set():
                    raise ReadError("The run was cancelled while the slices were planned.")
                writer.add(slice_)
            writer.end(walk.parents)
        return SlicePlan(path)

    def _with_jobs_first(self, plan: SlicePlan, folder: SliceFolder, *, is_job_stream: bool) -> Iterable[PlannedSlice]:
        """The slices whose jobs are on the server already come first, with their leases, since the API counts those."""
        begun = folder.with_jobs()
        if not begun or not is_job_stream:
            return plan.slices()
        first = [
            one for one in plan.slices() if one.name in begun and folder.files(one, plan.summary.id).done() is None
        ]
        for one in first:
            self._leases.ask(lease_key(plan.summary.stream, one.slice), "")
        self._has_begun(plan.summary.stream)
        names = {one.name for one in first}
        return chain(first, (one for one in plan.slices() if one.name not in names))

    async def _abandon(self, stream: str, planned: PlannedSlice) -> None:
        """Abort the job of a slice that no worker reads any more; unless it is over, its lease is lost."""
        assert self._reader is not None
        journal = JobJournal(self._folder(stream).files(planned, "").jobs, lambda _: None)
        job = journal.of(stream).find(planned.slice)
        try:
            if job is not None:
                said = await self._reader.clear_away(stream, planned.slice, job)
                self._log(Level.WARNING, f"The job of the slice {planned.name} {said}.", stream)
        except LonghaulError as error:
            self._log(Level.WARNING, f"The job of the slice {planned.name} is left alone: {error}.", stream)
            self._lost_leases += 1
            if self._lost_leases >= self._budget:
                await self._give_up("The API may still run as many jobs as there may be, which nobody follows.")
        else:
            self._leases.give_back(lease_key(stream, planned.slice))

    async def _give_up(self, why: str) -> None:
        self._stuck = why
        for future in [*self._futures]:
            await future.cancel()

    async def _slice(
        self, stream: str, shared: Sealed, planned: PlannedSlice, tally: StreamTally, gate: asyncio.Semaphore
    ) -> None:
        key = f"longhaul-{self._id}-{planned.name}-{token_hex(4)}"
        future = self._client.submit(
            worker.read_slice,
            self._id,
            self._work,
            shared,
            Sealed(planned),
            key=key,
            pure=False,
            workers=self._only,
        )
        self._futures.add(future)
        try:
            result = await future
        except CancelledError:  # the future was, by us or by a lost connection; the task would be with that of asyncio
            lost = "The cluster has let go of the slices: its scheduler may be lost. Run again."
            result = failed(planned, self._stuck or lost, final=True)
            await self._abandon(stream, planned)
        except Exception as error:  # its workers were killed again and again, say: its job may go on, and has its lease
            text = f"The slice {planned.name} came to nothing on the cluster ({type(error).__name__}). Run again."
            result = failed(planned, text)
            await self._abandon(stream, planned)
        else:
            self._leases.give_back(lease_key(stream, planned.slice))
        finally:
            self._futures.discard(future)
            gate.release()
        tally.add(result)
