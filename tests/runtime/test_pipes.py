"""What happens to a body's parser when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

from core.runtime.pipes import parse_in_thread


async def test_a_caller_that_is_cancelled_twice_leaves_no_outcome_that_is_logged_later() -> None:
    loop, logged = asyncio.get_running_loop(), list[str]()
    loop.set_exception_handler(lambda _, context: logged.append(str(context["message"])))
    parsing, go_on = threading.Event(), threading.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    def parse(chunks: Iterator[bytes]) -> None:
        next(chunks)
        parsing.set()
        go_on.wait()
        for _ in chunks:
            pass

    with ThreadPoolExecutor(1) as executor:
        reading = asyncio.create_task(parse_in_thread(executor, body(), parse))
        await asyncio.to_thread(parsing.wait)
        reading.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        go_on.set()
        await loop.run_in_executor(executor, lambda: None)
    del reading
    await asyncio.sleep(0)
    gc.collect()
    assert logged == []
