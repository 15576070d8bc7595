"""Plans: the slices of a stream in a file, a JSON object a line, so that other processes read a part of them each.

Each line is a slice. The last one says besides, in `plan`, that the plan is complete, how many slices it has, and from
which manifest, inputs and state it was made. A plan without slices is one line with nothing but that.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

import orjson

from core.connector import Connector
from core.errors import LonghaulError
from core.http.secrets import Secrets, is_secret_field
from core.inputs import secret_values
from core.inputs.specification import inputs, is_secret
from core.outputs.destination import cleaned
from core.runtime.slices import StreamSlice, slice_key
from core.templates.texts import SecretText
from core.version import VERSION
from core.wording import slice_name

_DIGITS = 12
_LONGEST_LINE = 100_000_000
_VERSION = 1
_ONLY_SLICE = "all"
_PASSED_ON = "a plan is a file that is passed on. Read the stream without a plan: longhaul --run."


class PlanError(LonghaulError):
    """A plan can't be made, or can't be used here."""


@dataclass(frozen=True, slots=True)
class PlannedSlice:
    """A slice in a plan. `name` is that of its file, without the ending: no other slice of the plan has it."""

    name: str
    slice: StreamSlice


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """What the last line of a plan says of it.

    `id` is another one for each plan. `state` is what it was made from, `parents` what `Reader.merged_state` has to
    know of the parent streams, `made` when the walk over the slices began. `fingerprint` is equal for the same stream
    with the same inputs, secrets aside. `content` is the SHA-256 of the slices.
    """

    id: str
    stream: str
    slices: int
    made: datetime
    fingerprint: str
    state: Mapping[str, Any] | None = None
    parents: Mapping[str, Any] | None = None
    content: str = ""

    def written(self) -> dict[str, Any]:
        """As it is written. Raises `PlanError` for a state that JSON can't hold."""
        return {
            "version": _VERSION,
            "id": self.id,
            "stream": self.stream,
            "slices": self.slices,
            "made": self.made.isoformat(),
            "by": VERSION,
            "fingerprint": self.fingerprint,
            "content": self.content,
            "state": _exactly(self.state, "the state"),
            "parents": _exactly(self.parents, "the state of the parent streams"),
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> PlanSummary:
        """Raises `KeyError`, `TypeError`, `ValueError` for what is none, or one of another version."""
        made = datetime.fromisoformat(written["made"])
        texts = [written[name] for name in ("id", "stream", "fingerprint", "content")]
        states = [written[name] for name in ("state", "parents")]
        if (
            written["version"] != _VERSION
            or made.tzinfo is None
            or not all(isinstance(text, str) for text in texts)
            or not all(isinstance(state, dict | None) for state in states)
        ):
            raise ValueError(written)
        return cls(texts[0], texts[1], int(written["slices"]), made, texts[2], states[0], states[1], texts[3])


class PlanWriter:
    """Writes a plan, one slice after the other. Each line waits for the next slice, since the last line says more.

    What `mask` would change is a secret, and no part of a plan.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        stream: str,
        fingerprint: str,
        state: Mapping[str, Any] | None,
        mask: Callable[[str], str] = str,
    ) -> None:
        self.count = 0
        self._write = write
        self._stream = stream
        self._fingerprint = fingerprint
        self._state = state
        self._mask = mask
        self._id = token_hex(8)
        self._made = datetime.now(UTC)
        self._content = hashlib.sha256()
        self._names: Counter[int] = Counter()
        self._last: dict[str, Any] = {}

    def add(self, slice_: StreamSlice) -> None:
        """Take the next slice. Raises `PlanError` for a value that JSON can't hold, or that is secret."""
        name, where = self._name(slice_), f"the slice [{slice_name(slice_) or _ONLY_SLICE}]"
        line = {
            "name": name,
            "partition": _exactly(slice_.partition, where),
            "cursor_slice": _exactly(slice_.cursor_slice, where),
            "extra_fields": _exactly(slice_.extra_fields, where),
        }
        self._check(line, f"A slice of `{self._stream}`")
        if self._last:
            self._write(_line(self._last))
        self._content.update(_line(line))
        self._last = line
        self.count += 1

    def end(self, parents: Mapping[str, Any] | None) -> None:
        """Write the last line. Raises `PlanError` as `add` does."""
        content = self._content.hexdigest()
        summary = PlanSummary(
            self._id, self._stream, self.count, self._made, self._fingerprint, self._state, parents, content
        ).written()
        self._check([summary["state"], summary["parents"]], f"The state of `{self._stream}`")
        self._write(_line({**self._last, "plan": summary}))

    def _name(self, slice_: StreamSlice) -> str:
        """What the slice is, and a hash, with its number where a plan has the same slice twice."""
        name = file_stem(slice_)
        mark = int.from_bytes(hashlib.sha256(name.casefold().encode()).digest()[:8], "big")
        self._names[mark] += 1
        number = self._names[mark]
        return name if number == 1 else f"{name}-{number}"

    def _check(self, content: Any, what: str) -> None:
        if self._mask(text := _line(content).decode()) != text:
            raise PlanError(f"{what} holds what is or looks like a secret, and {_PASSED_ON}")


def _line(content: Any) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


class SlicePlan:
    """A plan in a file that is complete. Its slices are read from the file when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Raises `PlanError` for a file that is no complete plan."""
        self.path = path
        self._places = array("Q")
        self._marks = array("Q")
        try:
            with path.open("rb") as file:
                self.summary = self._read(file)
        except OSError as error:
            raise PlanError(f"The plan {path} can't be read: {(error.strerror or str(error)).lower()}.") from None

    def _read(self, file: BinaryIO) -> PlanSummary:
        content, place, last = hashlib.sha256(), 0, b""
        while line := file.readline(_LONGEST_LINE):
            if last:
                self._note(last, place)
                content.update(last)
                place += len(last)
            last = line
        try:
            slice_ = orjson.loads(last)
            written = slice_.pop("plan")
        except (ValueError, AttributeError, KeyError):
            if not last or last.startswith(b"{"):
                raise self._refused("it is not complete: its end is missing. Make it again with --plan") from None
            raise self._refused("it is no plan of Longhaul. Make one with --plan") from None
        if slice_:
            self._note(_line(slice_), place)
            content.update(_line(slice_))
        try:
            summary = PlanSummary.read(written)
        except (ValueError, TypeError, KeyError):
            raise self._refused("its last line is damaged, or of a later version. Make it again with --plan") from None
        if summary.slices != len(self._places) or summary.content != content.hexdigest():
            raise self._refused("lines of it were lost or changed since it was made. Make it again with --plan")
        return summary

    def _note(self, line: bytes, place: int) -> None:
        self._places.append(place)
        self._marks.append(int.from_bytes(hashlib.sha256(line).digest()[:8], "big"))

    def _refused(self, why: str) -> PlanError:
        return PlanError(f"The plan {self.path} can't be used: {why}.")

    def check(self, stream: str, fingerprint: str) -> None:
        """Check that this is the plan of a stream as it is now. Raises `PlanError`."""
        if self.summary.stream != stream:
            raise self._refused(f"it is one of the stream `{self.summary.stream}`, not of `{stream}`")
        if self.summary.fingerprint != fingerprint:
            raise self._refused(
                "it was made with another manifest or other inputs, so that the stream is not divided as it says. "
                "Make it again with --plan"
            )

    def __len__(self) -> int:
        return len(self._places)

    def slices(self, shard: tuple[int, int] | None = None) -> Iterator[PlannedSlice]:
        """The slices, or those of the part `(number, parts)`, in the order of the plan. Raises `PlanError`.

        All parts have as many slices, give or take one. They are dealt out by a hash: neighbours, and every so many
        slices, are often alike in size, and would make some parts larger than others.
        """
        chosen: list[int] | range = range(len(self))
        if shard is not None:
            by_mark = sorted(range(len(self)), key=lambda index: (self._marks[index], index))
            chosen = sorted(by_mark[shard[0] :: shard[1]])
        try:
            with self.path.open("rb") as file:
                for index in chosen:
                    file.seek(self._places[index])
                    yield planned_slice(file.readline(_LONGEST_LINE))
        except (OSError, ValueError, TypeError, KeyError):
            raise self._refused("it was changed while it was read") from None


def planned_slice(line: bytes) -> PlannedSlice:
    """The slice of a line. Raises `KeyError`, `TypeError`, `ValueError` for one that is none."""
    content = orjson.loads(line)
    name, parts = content["name"], [content[part] for part in ("partition", "cursor_slice", "extra_fields")]
    if not isinstance(name, str) or not all(isinstance(part, dict) for part in parts):
        raise TypeError(line)
    return PlannedSlice(name, StreamSlice(*parts))


def file_stem(slice_: StreamSlice) -> str:
    """A name for the file of a slice: what the slice is, fit for any file system, and a hash of it."""
    digits = hashlib.sha256(slice_key(slice_)).hexdigest()[:_DIGITS]
    shown = cleaned(slice_name(slice_).replace(" → ", "_to_").replace(", ", "_").replace(":", "").replace(" ", "_"))
    return f"{shown or _ONLY_SLICE}-{digits}"


def fingerprint(connector: Connector, stream: str, config: Mapping[str, Any]) -> str:
    """Equal as long as a stream is described alike and the inputs are the same.

    Inputs that are secret, that may be, or that nobody has declared are no part of it: nobody can guess them from it.
    """
    described: Any = orjson.loads(connector.stream(stream).identity)
    if connector.is_made(stream):  # inputs may be in it
        secrets = Secrets(secret_values(connector.connection_specification, config))
        described = secrets.mask(orjson.dumps(described).decode())
    known = dict(_open_inputs(connector.connection_specification, config))
    dumped = orjson.dumps([1, stream, described, known], str, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(dumped).hexdigest()[:32]


def _open_inputs(specification: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The declared inputs that are no secrets."""
    hidden: set[tuple[Any, ...]] = set()
    for path, schemas in inputs(specification):
        if path[:-1] in hidden or any(map(is_secret, schemas)) or is_secret_field(str(path[-1])):
            hidden.add(path)
            continue
        value: Any = config
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, str | int | float) and not isinstance(value, SecretText):
            yield ".".join(map(str, path)), value


def _exactly(value: Any, where: str) -> Any:
    """The value as JSON reads it back. Raises `PlanError` where that is not the same, and for secrets."""
    match value:
        case SecretText():
            raise PlanError(f"{where[0].upper()}{where[1:]} holds a secret, and {_PASSED_ON}")
        case None | bool():
            return value
        case str() if _is_text(value):
            return str(value)
        case int() if -(2**63) <= value < 2**64:
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case Mapping() if all(isinstance(key, str) and _is_text(key) for key in value):
            return {str(key): _exactly(item, where) for key, item in value.items()}
        case list():
            return [_exactly(item, where) for item in value]
    raise PlanError(
        f"{where[0].upper()}{where[1:]} holds a value that JSON can't hold exactly: one of type "
        f"{type(value).__name__}. Read the stream without a plan: longhaul --run."
    )


def _is_text(text: str) -> bool:
    """Whether it is Unicode: it may hold half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
