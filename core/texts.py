"""Texts from elsewhere, made fit for a terminal: they can't steer it, and can't look like lines of our own."""

from __future__ import annotations


def clean(text: str) -> str:
    """A text from elsewhere without the characters that steer a terminal; line feeds stay.

    Those that turn the direction of writing, and those that can't be seen, are such characters too.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter == "\n" or letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def on_one_line(text: str) -> str:
    """The same on one line: whatever it says, it is no line of its own."""
    return text if text.isprintable() else clean(text).replace("\n", " ")


def indented(text: str) -> str:
    """The same with several lines, of which all but the first are set in."""
    return text if text.isprintable() else clean(text).replace("\n", "\n    ")
