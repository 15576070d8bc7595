"""Texts that know what they are: null, a text that is not to be read as anything else, or a secret.

A secret text reports whatever is derived from it in a template, and what is derived is secret as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, Self, SupportsIndex

from markupsafe import Markup

SHORTEST_PART = 6
"""What is derived from a secret is masked if it has at least this many characters."""

Report = Callable[[str], None]
"""Called with every text that is derived from a secret."""


class Rendered(str):
    """A piece of a template's output that carries more than its characters.

    Jinja converts all output with `str()`, which leaves these as they are.
    """

    __slots__ = ()

    def __str__(self) -> Self:
        return self


class Null(Rendered):
    """The word "None" where it stands for a value that is null."""

    __slots__ = ()


class Text(Rendered):
    """What the filter `string` gives: a text, even if it looks like a number.

    `literal` is its spelling inside of a longer literal, such as `[{{ 5 | string }}]`; `is_part` says that it is a part
    of one. `report` and `mark` are set if the text holds a secret: they report what is derived from it, and mark that
    as secret.
    """

    literal: str
    is_part: bool
    report: Callable[[str], None] | None = None
    mark: Callable[[Any], Any] | None = None

    def __new__(cls, text: str, literal: str | None = None, is_part: bool = False) -> Self:
        """The literal is the text in quotes by default."""
        made = super().__new__(cls, text)
        made.literal = repr(plain(text)) if literal is None else literal
        made.is_part = is_part
        return made

    def __iter__(self) -> Iterator[str]:
        return super().__iter__() if self.mark is None else map(self.mark, super().__iter__())

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        part = super().__getitem__(key)
        return part if self.mark is None else str(self.mark(part))

    def as_secret(self, report: Callable[[str], None], mark: Callable[[Any], Any]) -> Text:
        """The same text with a secret in it."""
        made = Text(str.__str__(self), self.literal, self.is_part)
        made.report, made.mark = report, mark
        return made


NULL: Final = Null("None")


def plain(text: str) -> str:
    """The same characters, without the mark of how to read them."""
    if not isinstance(text, Rendered):
        return text
    bare = str.__str__(text)
    return bare if type(text) is not Text or text.mark is None else str(text.mark(bare))


def join(pieces: list[str]) -> str:
    """All pieces as one: a single one stays what it is, and with a `Text` among them, the whole is one."""
    if len(pieces) == 1:
        return pieces[0]
    filled = [piece for piece in pieces if piece]
    if len(filled) == 1:
        return filled[0]
    text = "".join(filled)
    if Text not in map(type, filled):
        return text
    literals = [piece.literal if type(piece) is Text else piece for piece in filled]
    whole = Text(text, "".join(literals), is_part=True)
    for piece in filled:
        report, mark = getattr(piece, "report", None), getattr(piece, "mark", None)
        if report is not None and mark is not None:
            return whole.as_secret(report, mark)
    return whole


class SecretText(str):
    """A text that is, holds, or was derived from a secret; otherwise it behaves as its text.

    Parts of it and the results of its methods are secret, too. Copies in other processes are plain text.
    """

    __slots__ = ("report",)

    report: Report

    def __new__(cls, text: str, report: Report) -> Self:
        secret = super().__new__(cls, text)
        secret.report = report
        return secret

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str.__str__(self),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __str__(self) -> str:
        return self

    def __iter__(self) -> Iterator[str]:
        return (SecretText(letter, self.report) for letter in super().__iter__())

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        part: str = derived(super().__getitem__(key), self.report)
        return part

    def __add__(self, other: str) -> str:
        return SecretText(super().__add__(other), self.report)

    def __radd__(self, other: str) -> str:
        return SecretText(other + str.__str__(self), self.report)

    def __mod__(self, values: Any) -> str:
        return SecretText(super().__mod__(values), self.report)

    def __mul__(self, times: SupportsIndex) -> str:
        return SecretText(super().__mul__(times), self.report)

    __rmul__ = __mul__

    def __rmod__(self, pattern: str) -> str:
        return SecretText(pattern % str.__str__(self), self.report)


class SecretBytes(bytes):
    """The same for bytes."""

    report: Report

    def __new__(cls, data: bytes, report: Report) -> Self:
        secret = super().__new__(cls, data)
        secret.report = report
        return secret


class SecretMarkup(Markup):
    """The same for markup that is safe in HTML, as the filters `escape` and `tojson` give it."""

    report: Report | None = None

    @classmethod
    def of(cls, text: str, report: Report) -> Self:
        secret = cls(text)
        secret.report = report
        return secret

    def __str__(self) -> str:
        bare = super().__str__()
        return bare if self.report is None else SecretText(bare, self.report)

    def __iter__(self) -> Iterator[str]:
        letters = iter(str.__str__(self))
        return letters if self.report is None else (SecretText(letter, self.report) for letter in letters)

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        part = super().__getitem__(key)
        return part if self.report is None else derived(part, self.report)


def report_of(value: Any) -> Report | None:
    """The `report` of a value, if it is a secret text."""
    kind = type(value)
    if kind is SecretText or kind is SecretBytes or kind is SecretMarkup or kind is Text:
        report: Report | None = getattr(value, "report", None)
        return report
    return None


def report_among(values: Iterable[Any]) -> Report | None:
    """The `report` of the first secret text among values, or in lists and objects among them.

    Each of those is searched once, however often it occurs.
    """
    seen: set[int] = set()
    pending = [iter(values)]
    while pending:
        for value in pending[-1]:
            report = report_of(value)
            if report is not None:
                return report
            kind = type(value)
            if (kind is list or kind is tuple or kind is dict) and id(value) not in seen:
                seen.add(id(value))
                pending.append(iter(value.values() if kind is dict else value))
                break
        else:
            pending.pop()
    return None


def derived(result: Any, report: Report) -> Any:
    """The result of something that was given a secret, with its texts marked as secret and reported.

    What an object holds is marked, but not reported: much of a key file is no secret.
    """
    return _derived(result, report, {})


def _derived(result: Any, report: Report, done: dict[int, list[Any]]) -> Any:
    if isinstance(result, SecretText) or not result:
        return result
    if isinstance(result, str):
        if len(result) >= SHORTEST_PART:
            report(str.__str__(result))
        return _marked(result, report)
    if isinstance(result, bytes):
        return SecretBytes(result, report)
    if isinstance(result, list):
        if id(result) not in done:
            done[id(result)] = [_derived(item, report, done) for item in result]
        return done[id(result)]
    return _secret(result, report, {})


def _marked(text: str, report: Report) -> str:
    """The same text, of the same kind, marked as secret."""
    kind = type(text)
    if kind is str:
        return SecretText(text, report)
    if isinstance(text, Markup):
        return SecretMarkup.of(text, report)
    return text.as_secret(report, partial(derived, report=report)) if isinstance(text, Text) else text


def joined_from(text: str, parts: Sequence[Any]) -> str:
    """The text that consists of the parts, marked as secret if one of them is.

    It is not reported, since its parts are masked in it, unless a part is too short for that.
    """
    report = report_among(parts)
    if report is None or report_of(text) is not None:
        return text
    if any(report_of(part) is not None and len(part) < SHORTEST_PART for part in parts):
        report(str.__str__(text))
    return _marked(text, report)


def parsed_from(text: str, value: Any) -> Any:
    """A value that was parsed from a text, marked as secret if the text was."""
    return _secret(value, text.report, {}) if isinstance(text, SecretText) else value


def _secret(value: Any, report: Report, done: dict[int, Any]) -> Any:
    if type(value) is str:
        return SecretText(value, report)
    if not isinstance(value, (dict, list)):
        return value
    if id(value) not in done:
        if isinstance(value, dict):
            done[id(value)] = {key: _secret(item, report, done) for key, item in value.items()}
        else:
            done[id(value)] = [_secret(item, report, done) for item in value]
    return done[id(value)]
