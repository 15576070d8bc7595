"""The process in which custom components run, as Longhaul sees it: started when it is first needed, asked over pipes,
killed when the run is over.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from core.custom.permission import CustomCode
from core.custom.program.frames import FrameError, encoded, frame, loads, read_frame
from core.errors import ReadError

START_WITHIN = 120.0
"""Seconds in which the process has to have imported airbyte-cdk and the code."""
_END_WITHIN = 5.0
"""Seconds in which the process ends what the code has started, and itself."""
PROGRAM = Path(__file__).parent / "program"
_LONGEST = 20_000
"""Characters of what is told of an exception."""
_SPOKEN = 10
"""Lines of what the code has printed last that are told when its process ends."""
_PASSED_ON = frozenset(
    {
        *("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    }
)
"""The variables of the environment that the code sees, in upper or lower case, besides `LC_*`."""


class CustomError(ReadError):
    """Custom code raised an exception, or gave no answer; the text says which class, what and where."""


class Answer:
    """What a call gave: a value, and bytes beside it. `more` is the number of an iterator that goes on."""

    __slots__ = ("body", "more", "value")

    def __init__(self, value: Any, body: bytes, more: int | None) -> None:
        self.value = value
        self.body = body
        self.more = more


@dataclass(frozen=True, slots=True)
class Place:
    """Where a component is written: at a path from `root` on; None: from the manifest's root on."""

    class_name: str
    path: Sequence[Any]
    definition: Mapping[str, Any] = field(repr=False)
    root: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def key(self) -> Any:
        """Equal for the same place only, as long as its root is kept."""
        return id(self.root), tuple(self.path), self.class_name


class CustomHost:
    """Runs the custom components of one manifest with one set of inputs.

    Methods may be called from any thread; they wait for the process, so that the event loop must not call them.
    `mask` removes secrets from what the code says.
    """

    def __init__(
        self,
        code: CustomCode,
        manifest: Mapping[str, Any],
        config: Mapping[str, Any],
        mask: Callable[[str], str] = str,
    ) -> None:
        self._code = code
        self._manifest = manifest
        self._config = config
        self._mask = mask
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._started: Future[Answer] = Future()
        self._closed = False
        self._built: dict[Any, Future[int]] = {}

    def component(self, stream: str, place: Place) -> Remote:
        """The component that is written at a place, made when it is first asked; one for each stream."""
        return Remote(self, stream, place)

    def built(self, stream: str, place: Place) -> int:
        """The number of a component. Raises `CustomError`."""
        key = (stream, place.key)
        with self._lock:
            number = self._built.get(key)
            is_first = number is None
            if number is None:
                number = self._built[key] = Future()
        if is_first:
            try:
                build = {"do": "build", "path": list(place.path), "definition": place.definition}
                if place.root is not None and place.root is not self._manifest:
                    build["root"] = place.root
                answer = self.ask(place.class_name, build)
                number.set_result(answer.value)
            except BaseException as error:
                number.set_exception(error)
                raise
        return number.result()

    def ask(self, who: str, message: Mapping[str, Any], body: bytes = b"") -> Answer:
        """Ask the process; `who` is the class that answers. Raises `CustomError`."""
        return self._running().ask(who, message, body)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()

    def _running(self) -> _Process:
        with self._lock:
            if self._closed:
                raise CustomError("The run is over, so that no custom code is asked any more.")
            is_first = self._process is None
            process = self._process = self._process or _Process(self._code, self._mask)
        if is_first:
            try:
                self._started.set_result(process.ask(self._code.file, self._start(), b"", START_WITHIN))
            except BaseException as error:
                self._started.set_exception(error)
                raise
        self._started.result()
        return process

    def _start(self) -> dict[str, Any]:
        return {
            "do": "start",
            "code": self._code.text,
            "file": self._code.file,
            "folder": str(self._code.folder) if self._code.folder else None,
            "manifest": self._manifest,
            "config": self._config,
        }


class Remote:
    """A component in the process."""

    def __init__(self, host: CustomHost, stream: str, place: Place) -> None:
        self._host = host
        self._stream = stream
        self._place = place
        self.class_name = place.class_name

    def ask(self, do: str, body: bytes = b"", **message: Any) -> Answer:
        """What the component gives. Raises `CustomError`."""
        return self._host.ask(self.class_name, {"do": do, "component": self._number, **message}, body)

    def each(self, do: str, body: bytes = b"", **message: Any) -> Iterator[list[Any]]:
        """What the component gives one after the other, in portions. Raises `CustomError`."""
        answer = self.ask(do, body, **message)
        try:
            while True:
                if answer.value:
                    yield answer.value
                if answer.more is None:
                    return
                answer = self._host.ask(self.class_name, {"do": "next", "iterator": answer.more})
        finally:
            if answer.more is not None:
                with suppress(CustomError):
                    self._host.ask(self.class_name, {"do": "close", "iterator": answer.more})

    @property
    def _number(self) -> int:
        return self._host.built(self._stream, self._place)


class _Process:
    """One process, from its start to its end."""

    def __init__(self, code: CustomCode, mask: Callable[[str], str]) -> None:
        self._code = code
        self._mask = mask
        self._numbers = count(1)
        self._waiting: dict[int, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._said: deque[bytes] = deque(maxlen=_SPOKEN)
        self._end: str | None = None
        """Why there are no more answers; None: there are."""
        theirs, self._out = os.pipe()
        self._in, ours = os.pipe()
        lifeline, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(
                [code.python, "-I", str(PROGRAM), str(theirs), str(ours), str(lifeline)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs, ours, lifeline),
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            for descriptor in (theirs, ours, lifeline, self._out, self._in, self._life):
                os.close(descriptor)
            raise CustomError(f"{code.python} can't be started: {error.strerror or error}.") from None
        for descriptor in (theirs, ours, lifeline):
            os.close(descriptor)
        os.set_blocking(self._out, False)
        self._threads = [
            threading.Thread(target=target, name="longhaul-custom", daemon=True)
            for target in (self._listen, self._hear)
        ]
        for thread in self._threads:
            thread.start()

    def ask(self, who: str, message: Mapping[str, Any], body: bytes, seconds: float | None = None) -> Answer:
        """Raises `CustomError`."""
        number, answer = next(self._numbers), Future[Answer]()
        text = dumps({"id": number, **message})
        limit = self._code.seconds if seconds is None else seconds
        deadline = time.monotonic() + limit
        with self._lock:
            if self._end is not None:
                raise CustomError(f"The custom code {who} gives no answer: {self._end}")
            self._waiting[number] = answer
        try:
            self._write(frame(text, body), deadline)
            return answer.result(max(0.0, deadline - time.monotonic()))
        except FrameError as error:
            raise CustomError(f"The custom code {who} can't be asked: {error}.") from None
        except (Late, TimeoutError):
            why = f"it was busy for {limit:g} s and was ended; LONGHAUL_CUSTOM_SECONDS sets how long it may take."
            self._stop(why)
            raise CustomError(f"The custom code {who} gives no answer: {why}") from None
        except _Told as told:
            raise CustomError(self._mask(told.text(who, self._code.python))[:_LONGEST]) from None
        except _Ended as ended:
            raise CustomError(self._mask(f"The custom code {who} gives no answer: {ended}")) from None
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def kill(self) -> None:
        """End it, with all processes that it has started."""
        self._stop("the run is over.")
        for thread in self._threads:
            thread.join(_END_WITHIN)

    def _stop(self, why: str) -> None:
        with self._lock:
            self._end = self._end or why
        self._cut_lifeline()
        try:
            self._process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _cut_lifeline(self) -> None:
        with self._lock:
            life, self._life = self._life, -1
        if life != -1:
            os.close(life)

    def _write(self, data: bytes, deadline: float) -> None:
        """Raises `TimeoutError`."""
        rest = memoryview(data)
        if not self._writing.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise TimeoutError
        try:
            ready = select.poll()
            ready.register(self._out, select.POLLOUT)
            while rest:
                if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    raise TimeoutError
                with suppress(BlockingIOError):
                    rest = rest[os.write(self._out, rest[:1_000_000]) :]
        except (BrokenPipeError, ValueError):
            return  # its end is found by whoever listens
        finally:
            self._writing.release()

    def _listen(self) -> None:
        """Take the answers, until there are no more."""
        why = ""
        with os.fdopen(self._in, "rb") as answers:
            try:
                while (found := read_frame(answers.read)) is not None:
                    self._take(*found)
            except (FrameError, ValueError, TypeError, LookupError, AttributeError) as error:
                why = f"what it sends can't be understood ({error})."
                self._stop(why)
        code = self._process.wait()
        self._threads[1].join(2)
        said = b"".join(self._said).decode(errors="replace").rstrip()
        why = why or f"its process has ended ({_ending(code)}).{f' It said: {said}' if said else ''}"
        with self._lock:
            self._end = self._end or why
            waiting = [*self._waiting.values()]
            why = self._end
        for answer in waiting:
            if not answer.done():
                answer.set_exception(_Ended(why))
        with self._writing:
            os.close(self._out)
            self._out = -1
        self._cut_lifeline()

    def _take(self, text: bytes, body: bytes) -> None:
        message = loads(text)
        with self._lock:
            answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return
        if error := message.get("error"):
            answer.set_exception(_Told(error))
        else:
            answer.set_result(Answer(message["value"], body, message.get("more")))

    def _hear(self) -> None:
        """Take what the code prints."""
        assert self._process.stdout is not None
        with self._process.stdout as spoken:
            while line := spoken.readline(10_000):
                self._said.append(line)


class _Told(Exception):
    """An exception of the custom code."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__()
        self._error = error

    def text(self, who: str, python: str) -> str:
        kind, place = self._error["class"], self._error["place"]
        what = f"{kind}: {self._error['message']}" if kind else self._error["message"]
        told = f"The custom code {who} failed{f' at {place}' if place else ''}: {what}"
        if kind == "ModuleNotFoundError" and "airbyte-cdk" not in what:
            told += f". Install what it is in for the Python that runs the code, {python}."
        return told


class _Ended(Exception):
    """The process is over."""


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "signal 9: it was killed, as when memory runs out"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper() in _PASSED_ON or name.startswith("LC_")}


def dumps(value: Any) -> bytes:
    """A value as JSON. Raises `CustomError`."""
    with suppress(TypeError):  # a key that is no text
        return orjson.dumps(value, _jsonable)
    try:
        return orjson.dumps(value, _jsonable, orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a whole number that is too large for it, or half a character
        pass
    try:
        return encoded(json.dumps(value, default=_jsonable, ensure_ascii=False))
    except RecursionError:
        raise CustomError("The custom code can't be asked: a value is nested too deeply.") from None


def _jsonable(value: Any) -> Any:
    """What is no JSON, as it is in messages."""
    return dict(value) if isinstance(value, Mapping) else str(value)
