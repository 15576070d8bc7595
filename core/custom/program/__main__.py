"""The process: takes messages, answers each in a thread, and ends with the pipe that the messages come from.

Arguments: the descriptors to read from and to write to, and that of a pipe that nobody writes to. What the code prints
goes to standard error.
"""

import json
import os
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from threading import Lock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from frames import FrameError, frame, loads, read_frame
from lifeline import hold

THREADS = 64
TOLD = 40_000
"""Characters of what an exception says: more than are shown, so that a secret that is cut is masked as a whole."""


class Program:
    """The components that were built, and the iterators that are open, by their numbers."""

    def __init__(self, write):
        self._write = write
        self._writing = Lock()
        self._numbers = count(1)
        self._built = {}
        self._open = {}
        self._file = "components.py"
        self._builder = None
        self.config = {}

    def answer(self, message, body):
        """Do what a message says and answer it."""
        number = message["id"]
        try:
            head, value, extra = self._done(message, body)
        except BaseException as error:
            head, value, extra = {"error": self._told(error)}, b"null", b""
        self._send(number, head, value, extra)

    def _send(self, number, head, value, extra):
        begin = json.dumps({"id": number, **head})[:-1].encode()
        try:
            sent = frame(begin + b', "value": ' + value + b"}", extra)
        except FrameError as error:
            told = {"class": "", "message": f"its answer is too large ({error})", "place": ""}
            sent = frame(json.dumps({"id": number, "error": told, "value": None}).encode())
        with self._writing:
            self._write(sent)

    def _done(self, message, body):
        """The head of the answer, its value as JSON, and the bytes beside it."""
        do = message["do"]
        if do == "start":
            return {}, json.dumps(self._start(message)).encode(), b""
        from values import dumped

        if do == "build":
            number = next(self._numbers)
            self._built[number] = self._builder.build(message["path"], message["definition"], message.get("root"))
            return {}, dumped(number), b""
        if do == "next":
            return self._batch(message["iterator"])
        if do == "close":
            self._open.pop(message["iterator"], None)
            return {}, b"null", b""
        from roles import ROLES, Answer

        message.setdefault("config", self.config)
        found = ROLES[do](self._built[message["component"]], message, body)
        if isinstance(found, Answer):
            return {}, dumped(found.value), found.body
        if hasattr(found, "__next__"):
            number = next(self._numbers)
            self._open[number] = found
            return self._batch(number)
        return {}, dumped(found), b""

    def _start(self, message):
        from importlib.metadata import version

        try:
            found = version("airbyte-cdk")
        except Exception:
            raise ModuleNotFoundError("airbyte-cdk is not installed") from None
        from building import Builder, import_code

        self._file, self.config = message["file"], message["config"]
        if message["folder"]:
            sys.path.append(message["folder"])
        import_code(message["code"], self._file)
        self._builder = Builder(message["manifest"], self.config)
        return found

    def _batch(self, number):
        """The next items of an iterator; it is forgotten at its end."""
        items, is_last = next(self._open[number], (b"[]", True))
        if is_last:
            del self._open[number]
        return {"more": None if is_last else number}, items, b""

    def _told(self, error):
        """An exception as text, with the line of the code that it came from."""
        frames = traceback.extract_tb(error.__traceback__)
        own = [one for one in frames if one.filename == self._file]
        line = error.lineno if isinstance(error, SyntaxError) and error.filename == self._file else None
        place = f"{self._file}:{own[-1].lineno if own else line}" if own or line else ""
        text = getattr(error, "message", None) or str(error) or type(error).__name__
        inner = getattr(error, "internal_message", None)
        if inner and inner != text:
            text = f"{text} ({inner})"
        return {"class": type(error).__name__, "message": str(text)[:TOLD], "place": place}


def main():
    """Answer until there are no more messages."""
    warnings.simplefilter("ignore")
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what is in memory, the inputs too, is not left on the disk
    hold(int(sys.argv[3]))
    source, target = os.fdopen(int(sys.argv[1]), "rb"), os.fdopen(int(sys.argv[2]), "wb")

    def write(data):
        try:
            target.write(data)
            target.flush()
        except OSError:
            os._exit(0)

    program = Program(write)
    with ThreadPoolExecutor(THREADS) as threads:
        while (found := read_frame(source.read)) is not None:
            threads.submit(program.answer, loads(found[0]), found[1])
        os._exit(0)


main()
