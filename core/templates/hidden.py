"""A secret text that knows it is one: what is made of it in a template is one as well, and is told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Self, SupportsIndex

from markupsafe import Markup

from core.templates.texts import Text

SHORTEST_PART = 6
"""Characters from which on something that was made of a secret is looked for."""

Tell = Callable[[str], None]
"""Hears of everything that is made of a secret."""


class Hidden(str):
    """A text in which a secret is, or what was made of one; in everything else it is its text.

    Parts of it, and what its methods make of it, are hidden too. Copies in other processes are plain text.
    """

    __slots__ = ("tell",)

    tell: Tell

    def __new__(cls, text: str, tell: Tell) -> Self:
        """The text, and who hears of what is made of it."""
        hidden = super().__new__(cls, text)
        hidden.tell = tell
        return hidden

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str.__str__(self),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __str__(self) -> str:
        return self

    def __iter__(self) -> Iterator[str]:
        return (Hidden(letter, self.tell) for letter in super().__iter__())

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        part: str = made_of(super().__getitem__(key), self.tell)
        return part

    def __add__(self, other: str) -> str:
        return Hidden(super().__add__(other), self.tell)

    def __radd__(self, other: str) -> str:
        return Hidden(other + str.__str__(self), self.tell)

    def __mod__(self, values: Any) -> str:
        return Hidden(super().__mod__(values), self.tell)

    def __mul__(self, times: SupportsIndex) -> str:
        return Hidden(super().__mul__(times), self.tell)

    __rmul__ = __mul__

    def __rmod__(self, pattern: str) -> str:
        return Hidden(pattern % str.__str__(self), self.tell)


class HiddenBytes(bytes):
    """The same for bytes."""

    tell: Tell

    def __new__(cls, data: bytes, tell: Tell) -> Self:
        """The bytes, and who hears of what is made of them."""
        hidden = super().__new__(cls, data)
        hidden.tell = tell
        return hidden


class HiddenMarkup(Markup):
    """The same for what is marked as safe for HTML, as the filters `escape` and `tojson` give it."""

    tell: Tell | None = None

    @classmethod
    def of(cls, text: str, tell: Tell) -> Self:
        """The text, and who hears of what is made of it."""
        hidden = cls(text)
        hidden.tell = tell
        return hidden

    def __str__(self) -> str:
        bare = super().__str__()
        return bare if self.tell is None else Hidden(bare, self.tell)

    def __iter__(self) -> Iterator[str]:
        letters = iter(str.__str__(self))
        return letters if self.tell is None else (Hidden(letter, self.tell) for letter in letters)

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        part = super().__getitem__(key)
        return part if self.tell is None else made_of(part, self.tell)


def tell_of(value: Any) -> Tell | None:
    """Who hears of what is made of the value, when it is a hidden text."""
    kind = type(value)
    if kind is Hidden or kind is HiddenBytes or kind is HiddenMarkup or kind is Text:
        tell: Tell | None = getattr(value, "tell", None)
        return tell
    return None


def secret_in(values: Iterable[Any]) -> Tell | None:
    """Who hears of what is made of the first hidden text among values, or in lists among them.

    Each list is looked into once, however often it is in others.
    """
    seen: set[int] = set()
    pending = [iter(values)]
    while pending:
        for value in pending[-1]:
            tell = tell_of(value)
            if tell is not None:
                return tell
            kind = type(value)
            if (kind is list or kind is tuple or kind is dict) and id(value) not in seen:
                seen.add(id(value))
                pending.append(iter(value.values() if kind is dict else value))
                break
        else:
            pending.pop()
    return None


def made_of(result: Any, tell: Tell) -> Any:
    """What something gave that was handed a secret, hidden and told of as far as it is text.

    What a JSON object holds is hidden, and not told: much of a key file is no secret.
    """
    return _made_of(result, tell, {})


def _made_of(result: Any, tell: Tell, done: dict[int, list[Any]]) -> Any:
    if isinstance(result, Hidden) or not result:
        return result
    if isinstance(result, str):
        if len(result) >= SHORTEST_PART:
            tell(str.__str__(result))
        return _marked(result, tell)
    if isinstance(result, bytes):
        return HiddenBytes(result, tell)
    if isinstance(result, list):
        if id(result) not in done:
            done[id(result)] = [_made_of(item, tell, done) for item in result]
        return done[id(result)]
    return _hidden(result, tell, {})


def _marked(text: str, tell: Tell) -> str:
    """The same text, of the same kind, that knows that it is secret."""
    kind = type(text)
    if kind is str:
        return Hidden(text, tell)
    if isinstance(text, Markup):
        return HiddenMarkup.of(text, tell)
    return text.as_secret(tell, partial(made_of, tell=tell)) if isinstance(text, Text) else text


def put_together(text: str, parts: Sequence[Any]) -> str:
    """The text that was made of the parts, hidden when one of them is.

    Nobody is told, for the parts stand in it as they are; unless they are so short that they are not looked for.
    """
    tell = secret_in(parts)
    if tell is None or tell_of(text) is not None:
        return text
    if any(tell_of(part) is not None and len(part) < SHORTEST_PART for part in parts):
        tell(str.__str__(text))
    return _marked(text, tell)


def read_from(text: str, value: Any) -> Any:
    """A value that was read out of a text: hidden when that was."""
    return _hidden(value, text.tell, {}) if isinstance(text, Hidden) else value


def _hidden(value: Any, tell: Tell, done: dict[int, Any]) -> Any:
    if type(value) is str:
        return Hidden(value, tell)
    if not isinstance(value, (dict, list)):
        return value
    if id(value) not in done:
        if isinstance(value, dict):
            done[id(value)] = {key: _hidden(item, tell, done) for key, item in value.items()}
        else:
            done[id(value)] = [_hidden(item, tell, done) for item in value]
    return done[id(value)]
