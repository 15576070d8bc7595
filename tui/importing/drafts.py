"""What readers of other tools' files hand over: what can be chosen from, and drafts of streams or a whole manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


class ImportRefused(ValueError):
    """What was given can't be used; the message is for people: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be chosen, such as an operation or a request.

    `title` says what it is (`GET /contacts`), `detail` something about it; those of one `group` are listed together.
    Recommended ones are chosen to begin with.
    """

    key: str
    title: str
    detail: str = ""
    group: str = ""
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class InputDraft:
    """An input of the connector that a draft refers to as `{{ config['key'] }}`.

    `value` is the test value: None when it isn't known, and a person is asked for it. `schema` describes the input in
    full where that is known, as the connection specification writes it; what is said beside it counts then, too.
    """

    key: str
    title: str = ""
    hint: str = ""
    secret: bool = False
    required: bool = True
    options: tuple[str, ...] = ()
    default: Any = None
    value: Any = field(default=None, repr=False)
    schema: Mapping[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class StreamDraft:
    """A stream to be. `definition` is a whole DeclarativeStream as the manifest language writes it.

    `name` is what it would best be called, and is made unique. `notes` say what could not be taken over.
    """

    name: str
    definition: dict[str, Any]
    inputs: tuple[InputDraft, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WholeManifest:
    """A manifest to go on with, such as that of a published connector. `title` says what it is.

    `path` is the file that it is in, where the person has it as a file.
    """

    title: str
    text: str
    notes: tuple[str, ...] = ()
    path: Path | None = None


class Source(Protocol):
    """Something with streams to choose from."""

    @property
    def title(self) -> str:
        """What it is, for a person: "Postman collection Billing"."""
        ...

    def offers(self) -> list[Offer]:
        """All that can be chosen, in the order of the source. A source of one offer needs no question."""
        ...

    def drafts(self, keys: Sequence[str]) -> list[StreamDraft]:
        """The streams of the chosen offers, in the order of the offers. Raises ImportRefused."""
        ...
