"""Rendered texts that know what they are: null, or a text that is not to be read as anything else."""

from __future__ import annotations

from typing import Final, Self


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
    `is_part` says that there are other things around it.
    """

    literal: str
    is_part: bool

    def __new__(cls, text: str, literal: str | None = None, is_part: bool = False) -> Self:
        """A text; the literal is the text in quotes when not said."""
        made = super().__new__(cls, text)
        made.literal = repr(plain(text)) if literal is None else literal
        made.is_part = is_part
        return made


NULL: Final = Null("None")


def plain(text: str) -> str:
    """The same characters, and nothing said of how they are read."""
    return str.__str__(text) if isinstance(text, Rendered) else text


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
    return Text(text, "".join(literals), is_part=True)
