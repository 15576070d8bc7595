"""What surrounds the reading of streams and slices: the progress display, the trace, signals, and the exit code."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from core.command.arguments import Arguments
from core.command.shutdown import GRACE, Shutdown
from core.events import Event, ExchangeFinished
from core.levels import Level
from core.outputs.durable import OutputError
from core.outputs.har import HarTrace
from core.progress.picture import RunPicture
from core.progress.plain import PlainProgress, Progress
from core.reading import THREADS

_REDRAW = 0.1
_CANCELLING = (
    "Cancelling: requests are stopped, jobs that run on the server are aborted. Press Ctrl-C again to leave at once."
)


class Conduct:
    """Shows what happens, once, and obeys signals: the first one ends the work in an orderly way, the second at once.

    `cancel` is what the first one calls; without it, the work is cancelled. `grace` is how many seconds the orderly end
    may take.
    """

    def __init__(
        self, picture: RunPicture, progress: Progress, trace: HarTrace | None = None, grace: float = GRACE
    ) -> None:
        self.picture = picture
        self.progress = progress
        self.signal: int | None = None
        self.cancel: Callable[[], None] | None = None
        self._trace = trace
        self._shutdown = Shutdown(THREADS, progress.stop, grace)

    def __call__(self, work: Callable[[], Awaitable[int]]) -> int:
        """Do the work, shown, and return its exit code, or 128 plus the signal that ended it."""

        async def shown() -> int:
            async with self.shown():
                code = await work()
            return 128 + self.signal if self.signal else code

        return self.run(shown)

    def run(self, work: Callable[[], Coroutine[Any, Any, int]]) -> int:
        """Do the work, which sees to it that it is `shown`, and return its exit code."""
        try:
            return asyncio.run(work())
        except asyncio.CancelledError:
            return 128 + (self.signal or signal.SIGINT)
        finally:
            self._shutdown.done()

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Redraw the display and obey signals while the context is open; then the trace is complete."""
        main = asyncio.current_task()
        assert main is not None
        self._obey_signals(main)
        self.progress.start()
        ticker = asyncio.create_task(self._redraw())
        try:
            yield
        finally:
            ticker.cancel()
            self.progress.stop()
            if self._trace is not None:
                self._trace.close()

    def emit(self, event: Event) -> None:
        """Show an event of one of the streams."""
        self.picture.fold(event)
        self.progress.show(event)
        self.trace(event)

    def trace(self, event: Event) -> None:
        """Keep an event in the trace, such as one from before the streams that was shown then."""
        if self._trace is not None and isinstance(event, ExchangeFinished):
            try:
                self._trace.add(event)
            except OSError as error:
                self.log(Level.WARNING, f"{OutputError.of(self._trace.path, error)} The trace ends here.")
                with suppress(OSError):
                    self._trace.close()
                self._trace = None

    def log(self, level: Level, text: str) -> None:
        self.progress.log(level, text)

    async def _redraw(self) -> None:
        while True:
            self.progress.refresh()
            await asyncio.sleep(_REDRAW)

    def _obey_signals(self, main: asyncio.Task[Any]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._interrupt, main, number)
            except NotImplementedError:  # Windows

                def handle(number: int, _frame: Any) -> None:
                    loop.call_soon_threadsafe(self._interrupt, main, number)

                signal.signal(number, handle)

    def _interrupt(self, main: asyncio.Task[Any], number: int) -> None:
        if self.signal:
            self.progress.stop()
            os._exit(128 + number)
        self.signal = number
        self._shutdown.begin(128 + number)
        self.log(Level.WARNING, _CANCELLING)
        (self.cancel or main.cancel)()


def progress_on(arguments: Arguments, picture: RunPicture, *, to_stdout: bool) -> Progress:
    """A live display on a terminal that the records don't go to, plain lines elsewhere."""
    target = sys.stderr or io.StringIO()
    shows_records = to_stdout and sys.stdout.isatty()
    if target.isatty() and not shows_records and not arguments.quiet:
        from rich.console import Console

        from core.progress.live import LiveProgress

        console = Console(file=target)
        if not console.is_dumb_terminal:
            return LiveProgress(console, picture, arguments.level)
    return PlainProgress(target, arguments.level)
