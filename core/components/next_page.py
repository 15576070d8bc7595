"""Notices that an answer is one page of several: what names the next page, in the ways that APIs do it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

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
