"""Where the records are in an answer, told by its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tui.importing.openapi.document import ApiDocument, Operation, text_of
from tui.importing.openapi.schemas import Schemas, can_be, types_of

_DEEPEST = 3
_MOST_PROPERTIES = 300
_USUAL = re.compile(r"data|items|results?|records|rows|values?|entries|list|content", re.I)
_ASIDE = re.compile(
    r"errors?|warnings?|messages|_?links?|included|facets|agg(?:regation)?s|meta(?:data)?|columns|sort|headers|breadcrumbs"
    r"|filters|debug|notices|actions|extensions|response_?metadata|pag(?:e|es|ing|ination|er)",
    re.I,
)
_WRAPPER = re.compile(r"data|results?|response|body|payload|output|_embedded", re.I)
_STEP = re.compile(r"[^*?\[\]{}%]+")
_VERSION = re.compile(r"v\d+(?:[._]\d+)*\w*|api|rest|public", re.I)


@dataclass(frozen=True, slots=True)
class Records:
    """The path to the records, and the schema of one: empty where it isn't told. `is_list`: there may be several."""

    path: list[str]
    schema: dict[str, Any] = field(default_factory=dict)
    is_list: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of an operation: its content type, its merged schema, and where the records are in it."""

    content_type: str
    whole: dict[str, Any]
    records: Records


def answer_of(document: ApiDocument, schemas: Schemas, operation: Operation) -> Answer:
    """What the document tells of the answer of an operation."""
    formats = document.formats(operation)
    media = min(formats, key=_rank, default="")
    schema = formats.get(media)
    whole = schemas.merged(schema)
    if media and not _is_json(media) and decoder_of(media) is None:
        return Answer(media, {}, Records([], notes=(f"The answer is {text_of(media, 60)}, which has no records.",)))
    if not whole:
        note = (
            ()
            if not _is_json(media)
            else ("The document doesn't tell what an answer looks like; set the path of the records.",)
        )
        return Answer(media, {}, Records([], is_list=not operation.is_one, notes=note))
    return Answer(media, whole, _records(schemas, schema, whole, operation))


def decoder_of(content_type: str) -> dict[str, Any] | None:
    """The decoder for a content type; None for JSON, which needs none."""
    if _is_json(content_type):
        return None
    if any(word in content_type for word in ("ndjson", "jsonl", "json-seq", "jsonlines", "stream+json")):
        return {"type": "JsonlDecoder"}
    if "csv" in content_type:
        return {"type": "CsvDecoder"}
    if "tab-separated" in content_type:
        return {"type": "CsvDecoder", "delimiter": "\t"}
    return {"type": "XmlDecoder"} if "xml" in content_type else None


def words_of(operation: Operation) -> list[str]:
    """The plain words of a path, without those that only say which version of the API it is."""
    words = [re.sub(r"[.:;(!~].*", "", step) for step in operation.steps if "{" not in step[:1]]
    words = [word for word in words if re.fullmatch(r"[A-Za-z][\w-]*", word)]
    return [word for word in words if not _VERSION.fullmatch(word)] or words


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip()
    return kind in ("", "*/*", "application/*", "application/json", "text/json", "text/plain") or kind.endswith("+json")


def _rank(content_type: str) -> tuple[bool, bool, bool]:
    """JSON first, then what has another decoder."""
    plain = content_type.startswith("application/json")
    return not plain, not _is_json(content_type), decoder_of(content_type) is None


def _records(schemas: Schemas, schema: Any, whole: dict[str, Any], operation: Operation) -> Records:
    if "array" in types_of(whole):
        item = schemas.merged(whole.get("items"))
        if not can_be(item, "object"):
            return Records(
                [], {}, is_list=True, notes=("The answer is a list of plain values, which are no records yet.",)
            )
        return Records([], whole.get("items") or {}, is_list=True)
    properties = schemas.properties(whole)
    lists = list(_lists(schemas, properties, (), [_MOST_PROPERTIES]))
    words = {word.lower() for word in words_of(operation)[-1:]}
    named = [one for one in lists if one[0][-1].lower() in words or _USUAL.fullmatch(one[0][-1])]
    plain = [one for one in lists if all(_WRAPPER.fullmatch(step) for step in one[0][:-1])]
    has_id = "id" in properties
    if named and not (operation.is_one and has_id):
        return _of_lists(named)
    if plain and not operation.is_one and not has_id and not _says_more(properties):
        return _of_lists(plain)
    for name, one in properties.items():
        if "object" in types_of(one) and (len(properties) == 1 or _WRAPPER.fullmatch(name)) and _STEP.fullmatch(name):
            return Records([name], one)
    return Records([], schema if isinstance(schema, dict) else {})


def _of_lists(lists: list[tuple[tuple[str, ...], Any]]) -> Records:
    """The records are in one of some lists: in that nearest to the top."""
    path, items = min(lists, key=lambda one: len(one[0]))
    others = [".".join(one[0]) for one in lists if len(one[0]) == len(path)]
    notes = (f"The answer has several lists ({', '.join(others[:6])}); the first is read.",) if len(others) > 1 else ()
    return Records(list(path), items, is_list=True, notes=notes)


def _says_more(properties: dict[str, dict[str, Any]]) -> bool:
    """Whether an object looks like a thing of its own and not like the envelope of a list."""
    others = [
        one
        for name, one in properties.items()
        if "array" not in types_of(one) and not _ASIDE.fullmatch(name) and not _WRAPPER.fullmatch(name)
    ]
    return len(others) > 8 or any("object" in types_of(one) and one.get("properties") for one in others)


def _lists(
    schemas: Schemas, properties: dict[str, dict[str, Any]], above: tuple[str, ...], left: list[int]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The lists of objects in an answer, with their paths; those in lists don't count."""
    for name, one in properties.items():
        left[0] -= 1
        if left[0] < 0 or not _STEP.fullmatch(name):
            continue
        path = (*above, name)
        if "array" in types_of(one):
            if can_be(schemas.merged(one.get("items")), "object") and not _ASIDE.fullmatch(name):
                yield path, one.get("items") or {}
        elif "object" in types_of(one) and len(path) < _DEEPEST and not _ASIDE.fullmatch(name):
            yield from _lists(schemas, schemas.properties(one), path, left)
