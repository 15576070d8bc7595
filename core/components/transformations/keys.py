"""Changes the names of fields: lower case, snake case, replaced parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any

from anyascii import anyascii
from pydantic import Field

from core.components.base import Gives
from core.components.roles import Record, Transformation
from core.templates import Template

_TOKEN = re.compile(r"[A-Z]+[a-z]*|[a-z]+|\d+|[^a-zA-Z\d]+")


class KeysToLower(Transformation):
    """Turns the names of the fields into lower case; only those at the top of the record.

    Of several fields that get the same name, the last one stays.
    """

    label = "Field names to lower case"

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        """The function that renames the fields of one record."""

        def transform(record: Record) -> None:
            renamed = {key.lower(): value for key, value in record.items()}
            record.clear()
            record.update(renamed)

        return transform


class KeysToSnakeCase(Transformation):
    """Turns the names of all fields into snake_case with plain letters; `createdAt` becomes `created_at`.

    Fields inside objects are renamed too, those inside lists are not.
    """

    label = "Field names to snake_case"

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        """The function that renames the fields of one record."""
        return _renamer(snake_case)


class KeysReplace(Transformation):
    """Replaces a part of the names of all fields, such as a space by an underscore.

    Fields inside objects are renamed too, those inside lists are not.
    """

    label = "Replace in field names"

    old: Annotated[Template, Gives("record")] = Field(title="Old value", description="The text that is replaced.")
    new: Annotated[Template, Gives("record")] = Field(title="New value", description="The text in its place.")

    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        """The function that renames the fields of one record."""
        scope = {**variables, "parameters": self.parameters}
        if "record" not in self.old.variables | self.new.variables:
            return self._replacer(scope)

        def transform(record: Record) -> None:
            scope["record"] = record
            self._replacer(scope)(record)

        return transform

    def _replacer(self, scope: Mapping[str, Any]) -> Callable[[Record], None]:
        old, new = str(self.old.evaluate(scope)), str(self.new.evaluate(scope))
        return _renamer(lambda key: key.replace(old, new))


@lru_cache(maxsize=10_000)
def snake_case(name: str) -> str:
    """The name in snake_case, in ASCII.

    Airbyte: words are runs of capitals with the small letters behind them, runs of small letters, and
    numbers; what is between them becomes one underscore, at both ends too, and a name that begins with a
    number gets one in front.
    """
    words = [word if word.isalnum() else "" for word in _TOKEN.findall(anyascii(name))]
    words = [*words[:1], *filter(None, words[1:-1]), *words[1:][-1:]]
    if words and words[0].isdigit():
        words.insert(0, "")
    return "_".join(words).lower()


def _renamer(rename: Callable[[str], str]) -> Callable[[Record], None]:
    def renamed(value: Record) -> Record:
        return {rename(key): renamed(item) if isinstance(item, dict) else item for key, item in value.items()}

    def transform(record: Record) -> None:
        result = renamed(record)
        record.clear()
        record.update(result)

    return transform
