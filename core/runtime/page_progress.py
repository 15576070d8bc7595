"""Notices when paging goes wrong: the same page again and again, or an answer that is one page of several."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.errors import ReadError
from core.levels import Level
from core.runtime.context import Context

SAME_BODIES = 3
"""Bodies in a row that are the same: with different records in it, that is no chance."""
SAME_RECORDS = 5
"""Pages in a row with the same first and last record, in bodies that differ in something else."""
SAME_SINGLE_RECORDS = 20
"""Pages of one record in a row that are the same."""
EMPTY_PAGES = 100
_REMEMBERED = 10_000
"""Steps of a walk that are remembered, as one number each, to find circles."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is looked at of a page: a number that tells its body from others, and the records found and kept."""

    digest: int
    found: int
    kept: int
    first: Any
    last: Any

    def has_records_of(self, other: Seen) -> bool:
        """Whether the records seem to be the same."""
        mine, theirs = (
            (self.found, self.kept, self.first, self.last),
            (other.found, other.kept, other.first, other.last),
        )
        return self.kept > 1 and mine == theirs

    @property
    def is_single(self) -> bool:
        """Whether there is too little in it for a repetition to be telling soon."""
        return self.found == 1 or self.kept == 0

    @property
    def is_uniform(self) -> bool:
        """Whether its records can't be told apart, so that pages can't either."""
        return self.kept > 1 and self.first == self.last


@dataclass
class Progress:
    """Looks at each page of a walk. `parameter` says in words what carries the token."""

    context: Context
    parameter: str
    _before: Seen | None = None
    _same_bodies: int = 1
    _same_records: int = 1
    _empty: int = 0
    _steps: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def check(self, asked: Any, page: Seen, following: Any) -> None:
        """Raise `ReadError` when the next page, to be asked for with `following`, will be none that is new.

        `asked` is the token with which `page` was asked for.
        """
        self._check_repetition(page, self._before)
        self._check_circle((str(asked), page.digest, page.found, str(following)))
        self._tell_empty(page)
        self._before = page

    def _check_repetition(self, page: Seen, before: Seen | None) -> None:
        if before is None or not page.found:
            self._same_bodies = self._same_records = 1
            return
        self._same_bodies = self._same_bodies + 1 if page.digest == before.digest else 1
        self._same_records = self._same_records + 1 if page.has_records_of(before) else 1
        if page.is_single:
            enough = self._same_bodies >= SAME_SINGLE_RECORDS
        else:
            enough = self._same_bodies >= SAME_BODIES or self._same_records >= SAME_RECORDS
        if enough and not page.is_uniform:
            times = max(self._same_bodies, self._same_records)
            raise ReadError(
                f"The pagination does not get on: {times} times in a row the API gave the same page, whatever "
                f"{self.parameter} said. It does not seem to know that. Check `page_token_option` of the paginator "
                "against the API's documentation."
            )

    def _check_circle(self, step: Hashable) -> None:
        """A step that was made before, with the same page, is made for ever."""
        made = hash(step)
        if made in self._steps:
            raise ReadError(
                "The pagination does not get on: the API gave a page again that it had given before, and the same "
                f"token for the next one. Check {self.parameter} and `cursor_value` of the paginator, or add a "
                "`stop_condition`."
            )
        self._steps[made] = None
        if len(self._steps) > _REMEMBERED:
            self._steps.popitem(last=False)

    def _tell_empty(self, page: Seen) -> None:
        """Airbyte goes on as long as there is a token; so do we, and say so."""
        self._empty = 0 if page.found else self._empty + 1
        if self._empty >= EMPTY_PAGES and str(self._empty).strip("0") == "1":
            self.context.log(
                Level.WARNING,
                f"{self._empty:,} pages in a row have had no records, and each one names a next page. If that is the "
                "end of the data, add a `stop_condition` to the paginator.",
            )


_NEXT = frozenset(
    {
        *("next", "nextpage", "nextpagetoken", "nexttoken", "nextcursor", "nextlink", "nexturl", "nexturi", "nexthref"),
        *("nextpageurl", "nextpageuri", "nextpagelink", "nextrecordsurl", "nextmarker", "nextoffset"),
        *("nextchunkindex", "nextchunkinternallink", "nextcontinuationtoken", "continuationtoken", "odatanextlink"),
        *("nextpartition", "nextpageid", "nextid", "nextkey"),
    }
)
_MORE = frozenset({"hasmore", "hasnext", "hasnextpage", "hasmorepages", "hasmoreitems", "morerecords", "moreresults"})
_AROUND = frozenset(
    {
        *(
            "links",
            "link",
            "paging",
            "pagination",
            "pageinfo",
            "page",
            "pages",
            "meta",
            "metadata",
            "cursor",
            "cursors",
        ),
        *("responsemetadata", "pagingmetadata", "resultinfo"),
    }
)
"""Objects that APIs put such keys into."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[^a-z0-9]")


def next_page_named(response: httpx.Response, body: Any, path: Sequence[str] = ()) -> str | None:
    """What in an answer names a next page, as people write it; None when nothing does.

    It is looked for in the `Link` header, at the top of the body, in what lies on the `path` to what is wanted, and in
    objects there that are made for it, such as `paging`. Nulls, empty texts and `false` name nothing.
    """
    if response.links.get("next", {}).get("url"):
        return "Link"
    for place, holder in _on_the_way(body, path):
        found = _in(holder)
        if found:
            return ".".join((*place, *found))
    return None


def _on_the_way(body: Any, path: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """The objects from the top of the body down to the last but one step of the path."""
    place: tuple[str, ...] = ()
    for step in (*path, ""):
        if not isinstance(body, Mapping):
            return
        yield place, body
        place, body = (*place, step), body.get(step)


def _in(holder: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys that lead to what names the next page; none where the API says itself that there is none."""
    around = {(): holder, **_made_for_it(holder)}
    more = [(*place, key) for place, item in around.items() for key in item if _plain(key) in _MORE]
    said = {keys: str(around[keys[:-1]][keys[-1]]).lower() for keys in more}
    if "false" in said.values():
        return ()
    found = next((keys for keys, value in said.items() if value == "true"), ())
    return found or next(
        ((*place, key) for place, item in around.items() for key, value in item.items() if _names_one(key, value)),
        next((place for place, value in _lists_of_links(holder) if _has_next(value)), ()),
    )


def _made_for_it(holder: Mapping[str, Any]) -> dict[tuple[str, ...], Mapping[str, Any]]:
    return {(key,): item for key, item in holder.items() if isinstance(item, Mapping) and _plain(key) in _AROUND}


def _lists_of_links(holder: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    return (((key,), item) for key, item in holder.items() if isinstance(item, list) and _plain(key) in _AROUND)


def _has_next(links: list[Any]) -> bool:
    """Whether a list of links such as `{rel: next, href: ...}` has one to the next page."""
    named = (link for link in links if isinstance(link, Mapping) and str(link.get("rel")).lower() == "next")
    return any(_is_something(link.get("href") or link.get("url") or link.get("uri")) for link in named)


def _names_one(key: str, value: Any) -> bool:
    if _plain(key) not in _NEXT:
        return False
    return any(map(_is_something, value.values())) if isinstance(value, Mapping) else _is_something(value)


def _is_something(value: Any) -> bool:
    """Whether a value may be a link, a token, a number: no moment, which says when something happens next."""
    if isinstance(value, str):
        return bool(value.strip()) and not _MOMENT.fullmatch(value.strip())
    return isinstance(value, (int, dict)) and not isinstance(value, bool) and bool(value)


def _plain(key: Any) -> str:
    return _NEITHER_LETTER_NOR_DIGIT.sub("", str(key).lower())
