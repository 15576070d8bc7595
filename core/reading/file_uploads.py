"""The files of records, downloaded while the records of a slice are parsed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from functools import partial
from typing import Any

from core.components.file_uploader import FileUploader
from core.components.stream import DeclarativeStream
from core.errors import ReadError
from core.http.exchange import Role
from core.levels import Level
from core.runtime.context import Context
from core.runtime.errands import Errands
from core.runtime.files import FILE, FileStore
from core.runtime.slices import Record

AT_ONCE = 4
"""Files of one slice that are downloaded side by side."""


class FileUploads:
    """The files of one slice of a stream. The event loop, on which it is made, works; a parsing thread waits for it."""

    def __init__(self, stream: DeclarativeStream, uploader: FileUploader, store: FileStore, context: Context) -> None:
        self._uploader = uploader
        self._store = store
        self._context = context
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._errands = Errands()

    def add_to(self, records: Sequence[Record]) -> list[Record]:
        """The records, each with what it says of its file, which is there then. From a thread that parses.

        Raises `ReadError`, `OutputError`.
        """
        return self._errands.done(self._loop, lambda: self._all([dict(record) for record in records]))

    def cancel(self) -> None:
        """Stop all downloads; nobody waits for them any more."""
        self._errands.cancel()

    async def _all(self, records: list[Record]) -> list[Record]:
        tasks = [asyncio.create_task(self._one(record)) for record in records]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return records

    async def _one(self, record: Record) -> None:
        if FILE in record:
            raise ReadError(f"A record has a field `{FILE}` already, where the file that belongs to it would be named.")
        async with self._gate:
            target = await self._uploader.target(record, self._context)
            if target is None:
                self._warn_of_none()
                return
            name = self._uploader.name(record, self._context)
            file = await self._fetch(target, name)
            if file is not None:
                record[FILE] = file

    async def _fetch(self, target: str, name: str) -> dict[str, Any] | None:
        """What a record says of its file; None when the error handler ignores the answer that should be the file."""
        store, home = self._store, _home(self._stream, self._context)
        context = self._uploader.asking(target, self._context, home)
        place, size = store.place(self._context.stream, name, target), 0
        async with AsyncExitStack() as stack:
            body = await stack.enter_async_context(self._uploader.requester.open(context, Role.FILE))
            if body is None:
                context.log(
                    Level.WARNING, f"The file {place} is left out, as the error handler ignores what came for it."
                )
                return None
            written = await stack.enter_async_context(_Written(store, place))
            async for chunk in body.chunks():
                size += len(chunk)
                await _in_thread(partial(written.write, chunk))
        return {
            "staging_file_url": str(store.whole(place)),
            "source_file_relative_path": str(place),
            "file_size_bytes": size,
        }

    def _warn_of_none(self) -> None:
        warned: set[str] = self._context.run.shared(FileUploads, set)
        if self._context.stream not in warned:
            warned.add(self._context.stream)
            place = self._uploader.download_target_extractor.place
            self._context.log(Level.WARNING, f"There are records without a link to a file at {place}: they have none.")


class _Written:
    """A file that is opened, and put in its place, in threads, for a disk may be slow."""

    def __init__(self, store: FileStore, place: Any) -> None:
        self._store = store
        self._place = place
        self._stack = ExitStack()

    async def __aenter__(self) -> Any:
        try:
            return await _in_thread(lambda: self._stack.enter_context(self._store.writing(self._place)))
        except asyncio.CancelledError:
            with suppress(asyncio.CancelledError):
                await self.__aexit__(asyncio.CancelledError, asyncio.CancelledError(), None)
            raise

    async def __aexit__(self, *failure: Any) -> None:
        await _in_thread(lambda: self._stack.__exit__(*failure))


async def _in_thread(call: Callable[[], Any]) -> Any:
    """Call in a thread. It is over when this returns, also when this was cancelled."""
    work = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _home(stream: DeclarativeStream, context: Context) -> str | None:
    """A URL of the site that a stream is read from; None where that is not known."""
    for name in ("requester", "creation_requester"):
        requester = getattr(stream.retriever, name, None)
        if requester is not None:
            home: str | None = requester.home(context)
            return home
    return None
