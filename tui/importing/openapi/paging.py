"""How the pages of an answer are asked for, told by parameters and by the schema of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui.importing.openapi.document import ApiDocument, Operation, mapping
from tui.importing.openapi.inputs import literal, scalar
from tui.importing.openapi.records import Answer
from tui.importing.openapi.schemas import Schemas, can_be, types_of

_PAGES = re.compile(r"page(?:number|no|num|index|nr)?|currentpage")
_OFFSETS = re.compile(r"(?:page|record)?offset|skip|start(?:at|index|position)?|from|firstresult|recordstart")
_SIZES = re.compile(
    r"(?:page|record|result)?(?:size|limit|length|len)|(?:items?|results|records)?perpage|max(?:results?|items|records|pagesize)"
    r"|count|rows|top|take|results|numresults"
)
_CURSORS = re.compile(
    r"(?:page|after|next|start)?cursor(?:mark)?|(?:next|start|continuation|pagination|page|nextpage|since)?token|next(?:page(?:id)?)?"
    r"|after|startingafter|marker|page(?:after|id)?|scrollid|bookmark|continuation|paginationkey|(?:exclusive)?startkey"
)
_TOKENS = re.compile(
    r"(?:next|end|nextpage|after)?cursor(?:next|mark)?|nextcursormark|(?:next|nextpage|continuation|nextcontinuation|pagination)token"
    r"|next(?:marker|page(?:id|key)?|id|key|position|startingafter)?|scrollid|after|lastevaluatedkey|bookmark|marker"
    r"|continuation"
)
_LINKS = re.compile(r"next(?:page)?(?:ur[il]|link|href)|odatanextlink|nextrecordsurl")
_LINK_HOLDERS = frozenset({"links", "link"})
_MORE = re.compile(r"(?:has)?more(?:results|items|data)?|hasnext(?:page)?")
_ONLY_CURSORS = re.compile(r"cursor|pagetoken|(?:next|continuation)token|startingafter|scrollid")
"""Names that mean nothing but paging."""
_OF_COUNTS = re.compile(r"from|start|count|size|top|results|rows")
"""Names that mean paging only for whole numbers."""
_URL = re.compile(r"\b(?:ur[il]|links?|href)\b", re.I)
_MAXIMUM = re.compile(
    r"\bmax(?:imum|\.)?(?: (?:is|of|value|limit|allowed|results|number))*:? *`?(\d{1,3}(?:[,. ’']\d{3})+|\d{1,5})\b"
    r"|\b1 ?(?:and|to|-|–) ?(\d{1,3}(?:[,. ’']\d{3})+|\d{1,5})\b",
    re.I,
)
_FROM_ZERO = re.compile(r"\b(?:zero|0)[- ](?:based|indexed)|start(?:s|ing)? (?:at|from|with) `?(?:0|zero)\b", re.I)
_FROM_ONE = re.compile(
    r"\b(?:one|1)[- ](?:based|indexed)|(?:start(?:s|ing)?|begin(?:s|ning)?) (?:at|from|with) `?(?:1|one)\b"
    r"|\bdefault(?:s to|:| is| =)? ?`?1\b|\bfirst page is `?1\b",
    re.I,
)
_LARGEST_PAGE = 1_000
_LARGEST_TOLD = 100_000
"""A larger maximum is that of the type of numbers, and not that of a page."""
_DEEPEST = 3
_MOST_LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class PageField:
    """A parameter, or a field of the body, that may be about pages. `carrier` is where a RequestOption puts it."""

    name: str
    schema: dict[str, Any]
    carrier: str = "request_parameter"
    description: str = ""

    @property
    def word(self) -> str:
        return re.sub(r"[^a-z0-9]", "", self.name.lower())

    @property
    def option(self) -> dict[str, Any]:
        return {"type": "RequestOption", "inject_into": self.carrier, "field_name": literal(self.name)}


@dataclass(frozen=True, slots=True)
class Paging:
    """The paginator, and the names of the fields that it fills; None where pages aren't told, or not enough of them."""

    paginator: dict[str, Any] | None = None
    names: frozenset[str] = frozenset()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Hint:
    """A value of the answer that may tell where the next page is."""

    path: tuple[str, ...]
    schema: dict[str, Any]

    @property
    def word(self) -> str:
        return re.sub(r"[^a-z0-9]", "", self.path[-1].lower())

    @property
    def is_link(self) -> bool:
        if not can_be(self.schema, "string"):
            return False
        holders = {re.sub(r"[^a-z]", "", step.lower()) for step in self.path[:-1]}
        is_next = self.word in ("next", "nextpage") or (self.word in ("href", "url") and self.path[-2:-1] == ("next",))
        if _LINKS.fullmatch(self.word) or (is_next and holders & _LINK_HOLDERS):
            return True
        told = f"{self.schema.get('format', '')} {scalar(self.schema.get('description'))}"
        example = scalar(self.schema.get("example"))
        return is_next and (_URL.search(told) is not None or example.startswith(("http", "/")))

    @property
    def template(self) -> str:
        """The value, empty where the way to it is missing."""
        return "{{ " + _lookup(self.path) + " }}"


def paging_of(
    document: ApiDocument, schemas: Schemas, operation: Operation, fields: Sequence[PageField], answer: Answer
) -> Paging:
    """How the pages of an operation are asked for."""
    hints = list(_hints(schemas, schemas.properties(answer.whole), (), [_MOST_LOOKED_AT]))
    found = _Finder(fields, hints, "id" in schemas.properties(schemas.merged(answer.records.schema)))
    headers = {str(name).lower() for name in mapping(document.response(operation).get("headers"))}
    if not answer.records.is_list and (operation.is_one or not found.asks_for_pages):
        return Paging()
    return found.paging(has_link_header="link" in headers)


class _Finder:
    """Finds the way of paging: links first, then cursors, page numbers and offsets."""

    def __init__(self, fields: Sequence[PageField], hints: Sequence[_Hint], has_ids: bool) -> None:
        self._fields = [
            one for one in fields if not _OF_COUNTS.fullmatch(one.word) or "integer" in types_of(one.schema)
        ]
        self._hints = hints
        self._has_ids = has_ids
        self._size = self._named(_SIZES)
        self._page = self._named(_PAGES, "integer", "number")
        self._offset = self._named(_OFFSETS, "integer", "number")

    @property
    def asks_for_pages(self) -> bool:
        """Whether parameters say that the answer is a page, even where its schema is that of one record."""
        return self._size is not None and (self._page is not None or self._offset is not None)

    def paging(self, *, has_link_header: bool) -> Paging:
        link = next((one for one in self._hints if one.is_link), None)
        if link is not None:
            return self._by_link(link.template)
        if has_link_header:
            return self._by_link("{{ headers['link'].get('next', {}).get('url') }}")
        cursor = self._named(_CURSORS)
        token = next(
            (one for one in self._hints if _TOKENS.fullmatch(one.word) and can_be(one.schema, "string", "integer")),
            None,
        )
        if cursor is not None and token is not None and not self._is_count(cursor):
            return self._paged(_cursor(token.template), cursor)
        last = self._after_the_last(cursor)
        if cursor is not None and last is not None:
            return self._paged(last, cursor)
        if self._page is not None:
            start = self._first_page(self._page)
            counting = {"type": "PageIncrement", "inject_on_first_request": True}
            counting["start_from_page"] = 1 if start is None else start
            note = f"The document doesn't say whether `{self._page.name}` counts from 0 or 1; 1 was taken."
            return self._paged(counting, self._page, notes=(note,) if start is None else ())
        if self._offset is not None:
            if 1 in (self._offset.schema.get("default"), self._offset.schema.get("minimum")):
                return Paging(notes=(f"The API counts `{self._offset.name}` from 1: set the paging.",))
            return self._paged({"type": "OffsetIncrement", "inject_on_first_request": True}, self._offset)
        if cursor is not None and _ONLY_CURSORS.search(cursor.word):
            note = (
                f"The answers seem to be pages (`{cursor.name}`), but the document doesn't tell where the next one is."
            )
            return Paging(notes=(f"{note} Set the paging.",))
        if token is not None or any(_MORE.fullmatch(one.word) for one in self._hints):
            return Paging(
                notes=("The answers seem to be pages, but the document doesn't tell how to ask for the next.",)
            )
        return Paging()

    def _is_count(self, cursor: PageField) -> bool:
        """Whether what could be a cursor is a number of a page, and the answer merely says which is the next."""
        return self._page is not None and cursor.name == self._page.name

    def _by_link(self, template: str) -> Paging:
        counting = (self._page, self._offset, self._named(_CURSORS))
        counted = frozenset(one.name for one in counting if one is not None)
        return self._paged(_cursor(template), None, counted)

    def _after_the_last(self, cursor: PageField | None) -> dict[str, Any] | None:
        """Paging by the id of the last record, until the answer says that there is no more."""
        more = next((one for one in self._hints if _MORE.fullmatch(one.word) and can_be(one.schema, "boolean")), None)
        if (
            cursor is None
            or more is None
            or not self._has_ids
            or cursor.word not in ("startingafter", "after", "marker")
        ):
            return None
        stop = f"{{{{ not {_lookup(more.path)} }}}}"
        return {**_cursor("{{ last_record['id'] }}"), "stop_condition": stop}

    def _paged(
        self,
        strategy: dict[str, Any],
        token: PageField | None,
        counted: frozenset[str] = frozenset(),
        notes: tuple[str, ...] = (),
    ) -> Paging:
        option = token.option if token is not None else {"type": "RequestPath"}
        paginator: dict[str, Any] = {
            "type": "DefaultPaginator",
            "pagination_strategy": strategy,
            "page_token_option": option,
        }
        names = {*counted, *([token.name] if token is not None else ())}
        size = self._page_size()
        if self._size is not None and size:
            strategy["page_size"] = size
            paginator["page_size_option"] = self._size.option
            names.add(self._size.name)
        return Paging(paginator, frozenset(names), notes)

    def _page_size(self) -> int:
        """The largest page that the document allows, within reason; 0 where it tells none."""
        if self._size is None:
            return 0
        schema = self._size.schema
        stated = _MAXIMUM.search(self._size.description)
        most = int(re.sub(r"\D", "", stated[1] or stated[2])) if stated else None
        told = [_maximum(schema), most, schema.get("default")]
        numbers = [int(one) for one in told if isinstance(one, int | float) and not isinstance(one, bool) and one >= 1]
        return min(numbers[0], _LARGEST_PAGE) if numbers else 0

    def _named(self, words: re.Pattern[str], *types: str) -> PageField | None:
        found = [one for one in self._fields if words.fullmatch(one.word) and (not types or can_be(one.schema, *types))]
        return min(found, key=_is_vague, default=None)

    @staticmethod
    def _first_page(page: PageField) -> int | None:
        """The number of the first page; None where the document doesn't tell."""
        for told in (page.schema.get("default"), page.schema.get("minimum")):
            if told in (0, 1) and not isinstance(told, bool):
                return int(told)
        if _FROM_ZERO.search(page.description):
            return 0
        return 1 if _FROM_ONE.search(page.description) or scalar(page.schema.get("example")) == "1" else None


def _maximum(schema: dict[str, Any]) -> float | None:
    """The largest number that a schema allows: none of its values may be larger, since a shorter page ends paging."""
    most, beyond = schema.get("maximum"), schema.get("exclusiveMaximum")
    values = [one for one in schema.get("enum") or () if isinstance(one, int)]
    told = [
        (most - 1 if beyond is True else most) if isinstance(most, int | float) else None,
        beyond - 1 if isinstance(beyond, int | float) and not isinstance(beyond, bool) else None,
        max(values, default=None),
    ]
    return min((one for one in told if one is not None and one <= _LARGEST_TOLD), default=None)


def _is_vague(one: PageField) -> bool:
    """Whether the name of a field may mean something else, too."""
    return _OF_COUNTS.fullmatch(one.word) is not None or _PAGES.fullmatch(one.word) is not None


def _cursor(template: str) -> dict[str, Any]:
    return {"type": "CursorPagination", "cursor_value": template}


def _lookup(path: Sequence[str]) -> str:
    """The expression for a value of the answer; the way to it may be missing."""
    expression = f"response[{path[0]!r}]"
    for step in path[1:]:
        expression = f"({expression} or {{}}).get({step!r})"
    return expression


def _hints(
    schemas: Schemas, properties: dict[str, dict[str, Any]], above: tuple[str, ...], left: list[int]
) -> Iterator[_Hint]:
    """The values of an answer outside of its records, those at the top first."""
    deeper: list[tuple[tuple[str, ...], dict[str, Any]]] = []
    for name, one in properties.items():
        left[0] -= 1
        if left[0] < 0 or not re.fullmatch(r"[\w@$.:-]+", name):
            continue
        path = (*above, name)
        if is_object(one) and len(path) <= _DEEPEST:
            deeper.append((path, one))
        elif "array" not in types_of(one):
            yield _Hint(path, one)
    for path, one in deeper:
        yield from _hints(schemas, schemas.properties(one), path, left)


def is_object(schema: dict[str, Any]) -> bool:
    """Whether a merged schema is that of an object with properties."""
    return "object" in types_of(schema) and bool(schema.get("properties"))
