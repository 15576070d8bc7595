"""The names of the files that streams are written to."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_LONGEST = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])\s*(\..*)?", re.IGNORECASE)


def file_names(streams: Iterable[str]) -> dict[str, str]:
    """A file name for each stream: the same in every run, and no other stream's on any file system.

    It is the stream's name; where that could not be, or could be taken for the name of another stream or of its file, a
    few digits of its hash make it unmistakable.
    """
    marked = {stream: _marked(stream) for stream in streams}
    taken = Counter(_alike(stream) for stream in marked)
    taken.update({_alike(name) for name in marked.values()})
    return {
        stream: stream if _is_harmless(stream) and taken[_alike(stream)] == 1 else name
        for stream, name in marked.items()
    }


def _is_harmless(stream: str) -> bool:
    return stream != "" and stream == _cleaned(stream) and not _RESERVED.fullmatch(stream)


def _cleaned(stream: str) -> str:
    """The name with nothing in it that some file system does not take, or takes for something else."""
    name = re.sub(r"[^\w .()+=@-]", "_", unicodedata.normalize("NFC", stream)).strip(" .")
    while len(name.encode()) > _LONGEST:
        name = name[:-1]
    return name


def _marked(stream: str) -> str:
    digits = hashlib.sha256(stream.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{_cleaned(stream) or 'stream'}-{digits}"


def _alike(name: str) -> str:
    """The same for names that a file system may take for one: whatever their case, and however accents are written."""
    for fold in (str.upper, str.casefold):
        name = unicodedata.normalize("NFD", fold(unicodedata.normalize("NFD", name)))
    return name
