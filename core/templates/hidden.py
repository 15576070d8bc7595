"""A secret text that knows it is one: what is made of it in a template is one as well, and is told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, SupportsIndex

from core.templates.texts import Rendered

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
        part: str = made_of(super().__getitem__(key), self)
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


def secret_in(values: Iterable[Any]) -> Hidden | HiddenBytes | None:
    """The first hidden text among values, or in lists among them."""
    for value in values:
        kind = type(value)
        if kind is Hidden or kind is HiddenBytes:
            found: Hidden | HiddenBytes = value
            return found
        if kind is list or kind is tuple:
            inner = secret_in(value)
            if inner is not None:
                return inner
        elif kind is dict:
            inner = secret_in(value.values())
            if inner is not None:
                return inner
    return None


def made_of(result: Any, secret: Hidden | HiddenBytes) -> Any:
    """What something gave that was handed a secret, hidden and told of as far as it is text.

    What a JSON object holds is hidden, and not told: much of a key file is no secret.
    """
    if isinstance(result, Hidden) or not result:
        return result
    if isinstance(result, str):
        if len(result) >= SHORTEST_PART:
            secret.tell(str.__str__(result))
        return Hidden(result, secret.tell) if type(result) is str else result
    if isinstance(result, bytes):
        return HiddenBytes(result, secret.tell)
    if isinstance(result, list):
        return [made_of(item, secret) for item in result]
    return _hidden(result, secret.tell)


def put_together(text: str, parts: Sequence[Any]) -> str:
    """The text that was made of the parts, hidden when one of them is.

    Nobody is told, for the parts stand in it as they are; unless they are so short that they are not looked for.
    """
    secret = secret_in(parts)
    if secret is None or isinstance(text, Rendered):
        return text
    if any(isinstance(part, Hidden) and len(part) < SHORTEST_PART for part in parts):
        secret.tell(str.__str__(text))
    return Hidden(text, secret.tell)


def read_from(text: str, value: Any) -> Any:
    """A value that was read out of a text: hidden when that was."""
    return _hidden(value, text.tell) if isinstance(text, Hidden) else value


def _hidden(value: Any, tell: Tell) -> Any:
    if type(value) is str:
        return Hidden(value, tell)
    if isinstance(value, dict):
        return {key: _hidden(item, tell) for key, item in value.items()}
    return [_hidden(item, tell) for item in value] if isinstance(value, list) else value
