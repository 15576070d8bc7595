"""Rendered texts that know what they are: null, or a text that is not to be read as anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Self, SupportsIndex


class Rendered(str):
    """A piece of a template's output that says more than its characters.

    Jinja turns all that is put out into `str`; for these that leaves them as they are.
    """

    __slots__ = ()

    def __str__(self) -> Self:
        return self


class Null(Rendered):
    """The word "None" where it stands for a value that is null."""

    __slots__ = ()


class Text(Rendered):
    """What the filter `string` gives: a text, also where it looks like a number.

    `literal` is how it is spelled among other things that are read as one literal, such as in `[{{ 5 | string }}]`;
    `is_part` says that there are other things around it. `tell` and `hide` are there when a secret is in the text:
    who hears of what is made of it, and what marks that as secret.
    """

    literal: str
    is_part: bool
    tell: Callable[[str], None] | None = None
    hide: Callable[[Any], Any] | None = None

    def __new__(cls, text: str, literal: str | None = None, is_part: bool = False) -> Self:
        """A text; the literal is the text in quotes when not said."""
        made = super().__new__(cls, text)
        made.literal = repr(plain(text)) if literal is None else literal
        made.is_part = is_part
        return made

    def __iter__(self) -> Iterator[str]:
        return super().__iter__() if self.hide is None else map(self.hide, super().__iter__())

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        part = super().__getitem__(key)
        return part if self.hide is None else str(self.hide(part))

    def as_secret(self, tell: Callable[[str], None], hide: Callable[[Any], Any]) -> Text:
        """The same text with a secret in it."""
        made = Text(str.__str__(self), self.literal, self.is_part)
        made.tell, made.hide = tell, hide
        return made


NULL: Final = Null("None")


def plain(text: str) -> str:
    """The same characters, and nothing said of how they are read."""
    if not isinstance(text, Rendered):
        return text
    bare = str.__str__(text)
    return bare if type(text) is not Text or text.hide is None else str(text.hide(bare))


def join(pieces: list[str]) -> str:
    """All pieces as one; a single one stays what it is, and a text among others makes a text of all of them."""
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
        tell, hide = getattr(piece, "tell", None), getattr(piece, "hide", None)
        if tell is not None and hide is not None:
            return whole.as_secret(tell, hide)
    return whole
