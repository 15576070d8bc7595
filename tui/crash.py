"""What is kept of a crash of the builder: a report without secrets, never a traceback."""

from __future__ import annotations

import io
import re
from typing import Any

from rich.console import Console
from rich.segment import Segments

_PLACE = re.compile(r"(\S+\.py:\d+ in \w+)")
_ERROR = re.compile(r"^(\w+(?:\.\w+)*): .*", re.MULTILINE)


class CrashConsole(Console):
    """Replaces the console to which Textual prints its traceback, and keeps what may be shown of it.

    Textual's traceback contains local variables, and with them whatever secrets they hold.
    """

    def __init__(self) -> None:
        super().__init__(file=io.StringIO())
        self.fault: str | None = None
        """The name of the exception and its message."""
        self.places: list[str] = []
        """Where in the code it happened, innermost last."""

    def print(self, *objects: Any, **_: Any) -> None:
        """Keep the exception and its places in the code, out of a rendered traceback."""
        for one in objects:
            if isinstance(one, Segments) and self.fault is None:
                text = "".join(segment.text for segment in one.segments)
                errors = list(_ERROR.finditer(text))
                self.fault = _unwrapped(text, errors[-1].start()) if errors else "an unknown fault"
                self.places = _PLACE.findall(text)


def _unwrapped(text: str, start: int) -> str:
    """The paragraph that begins there, on one line: in a wrapped text a secret could not be found and masked."""
    width = max(map(len, text.splitlines()))
    lines = text[start:].partition("\n\n")[0].splitlines()
    return "".join(line if len(line) == width else f"{line} " for line in lines).strip()
