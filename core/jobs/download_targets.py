"""The download targets of a completed job: which there are, which are empty, and whether further pages name more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from core.errors import ReadError
from core.http.messages import shorten
from core.jobs.answers import Answer, api_explanation, body_of, found_instead
from core.levels import Level
from core.runtime.context import Context
from core.runtime.field_path import evaluated, is_empty
from core.runtime.roles import Extractor

OnNoTarget = Literal["empty", "fail"]


@dataclass
class FoundTargets:
    """What is found where the targets are, on one page of an answer or on several.

    Null or an empty list there is no data, and no such place is an error, unless `on_none` says otherwise.
    """

    extractor: Extractor
    context: Context
    on_none: OnNoTarget | None = None
    _found: list[Any] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _repeated: int = 0
    _reason: str = ""

    def add(self, answer: Answer, places: Sequence[Any]) -> list[Any]:
        """Take what an answer has at the place of the targets, empty ones included; none where the place is empty.

        Raises `ReadError` when there is no such place, it is `false`, or all that is there was on the pages before.
        """
        found = [part for item in places for part in _flat(item)]
        if self.on_none == "empty":
            found = [item for item in found if item is not False]
        elif not found or any(item is False for item in found):
            request = answer.response.request
            raise ReadError(
                f"The job is complete, but there is no download target at {self.extractor.place} in the "
                f"answer to {request.method} {shorten(str(request.url))}: {found_instead(answer, self.extractor)}."
                f" {api_explanation(answer)}".rstrip()
            )
        several = any(isinstance(item, list) and item for item in places)
        self._reason = self._reason or (
            f"all that is at {self.extractor.place} is empty" if several else found_instead(answer, self.extractor)
        )
        if len(found) == 1 and is_empty(found[0]):
            return []
        self._found += self._new(found)
        return found

    def _new(self, found: list[Any]) -> list[Any]:
        """Those of a page that were on no page before, empty ones included. Raises `ReadError` when none are left."""
        keys = ["" if is_empty(item) else repr(item) for item in found]
        new = [item for item, key in zip(found, keys, strict=True) if key not in self._seen]
        if found and not new:
            raise ReadError(
                "The pagination of the download targets makes no progress: a page names only targets that the pages "
                "before it named. Check `page_token_option` of the `download_target_paginator` against the API's "
                "documentation."
            )
        self._repeated += len(found) - len(new)
        self._seen.update(filter(None, keys))
        return new

    def targets(self) -> list[Any]:
        """The targets, without the empty ones, which are logged. None at all: there is no data. Raises `ReadError`."""
        targets = [item for item in self._found if not is_empty(item)]
        if self._repeated:
            again = "1 download target is" if self._repeated == 1 else f"{self._repeated:,} download targets are"
            self.context.log(Level.WARNING, f"{again} on more than one page of the list; each is downloaded once.")
        if not targets:
            no_data(self._reason, self.context, self.on_none)
        elif len(targets) < len(self._found):
            self.context.log(
                Level.INFO,
                f"{len(self._found) - len(targets)} of {len(self._found)} download targets are empty: they have no "
                "data.",
            )
        return targets


def no_data(reason: str, context: Context, on_none: OnNoTarget | None) -> None:
    """Log that a job has no data. Raises `ReadError` where that is an error."""
    if on_none == "fail":
        raise ReadError(
            f"The job is complete and has no data to download: {reason}. `on_no_target` says that this is an error."
        )
    context.log(Level.INFO, f"The job is complete and has no data to download: {reason}.")


def links_in(
    answer: Answer, places: Sequence[Any], extractor: Extractor, context: Context, on_none: OnNoTarget | None
) -> list[Any]:
    """The links to one target among what an answer has at their place. Raises `ReadError` when there are none, unless
    that is no data.
    """
    links = [part for item in places for part in _flat(item) if part is not False and not is_empty(part)]
    if links:
        return links
    request = answer.response.request
    reason = (
        f"There is no download link at {extractor.place} in the answer to {request.method} "
        f"{shorten(str(request.url))}: {found_instead(answer, extractor)}."
    )
    if on_none == "empty":
        context.log(Level.INFO, f"{reason} The download target has no data.")
        return links
    raise ReadError(
        f"{reason} {api_explanation(answer)}".rstrip() + " If that means that there is no data, say so with "
        "`on_no_target: empty`."
    )


def warn_of_pages(answer: Answer, extractor: Extractor, context: Context, follows: Callable[[str], bool]) -> None:
    """Say once in a run of a stream that there are more targets, unless the manifest `follows` the key that names the
    next page.
    """
    path = evaluated(extractor.path_keys, context.scope(extractor)) if extractor.path_keys is not None else ()
    named = next_page_named(answer.response, body_of(answer), path)
    warned: set[str] = context.run.shared(warn_of_pages, set)
    if named is None or context.stream in warned or follows(named.rpartition(".")[2]):
        return
    warned.add(context.stream)
    context.log(
        Level.WARNING,
        f"The answer that holds the download targets names a next page (`{named}`), and nothing in the manifest "
        "follows it: the targets on further pages are not downloaded. A `download_target_paginator` asks for them.",
    )


_PAGE_SIZES = frozenset({50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000})
"""How many items APIs put on a page."""


def warn_of_full_page(number: int, context: Context) -> None:
    """Say once in a run of a stream that there may be more targets: as many were found as APIs put on one page.

    Some APIs go on after the last item that they have named (`startAfter`), and say nowhere that there is more.
    """
    warned: set[str] = context.run.shared(warn_of_pages, set)
    if number not in _PAGE_SIZES or context.stream in warned:
        return
    warned.add(context.stream)
    context.log(
        Level.WARNING,
        f"The job names exactly {number:,} download targets, as many as a page of a list may have. If the API lists "
        "them page by page, those on further pages are missing: a `download_target_paginator` asks for them.",
    )


def _flat(item: Any) -> Iterator[Any]:
    if isinstance(item, list) and item:
        for part in item:
            yield from _flat(part)
    else:
        yield item


_NEXT = frozenset(
    {
        *("next", "nextpage", "nextpagetoken", "nexttoken", "nextcursor", "nextlink", "nexturl", "nexturi", "nexthref"),
        *("nextpageurl", "nextpageuri", "nextpagelink", "nextrecordsurl", "nextmarker", "nextoffset"),
        *("nextchunkindex", "nextchunkinternallink", "nextcontinuationtoken", "continuationtoken", "odatanextlink"),
        *("nextpartition", "nextpageid", "nextid", "nextkey", "pagetoken"),
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
    """The objects from the top of the body down to the last but one step of the path; of a list, the last item."""
    place: tuple[str, ...] = ()
    for step in (*path, ""):
        if isinstance(body, list) and body:
            place, body = (*place, step), body[-1]
        elif isinstance(body, Mapping):
            yield place, body
            place, body = (*place, step), body.get(step)
        else:
            return


def _in(holder: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys that lead to what names the next page; none where the API says itself that there is none."""
    around = {(): holder, **_made_for_it(holder)}
    more = [(*place, key) for place, item in around.items() for key in item if _plain(key) in _MORE]
    said = {keys: str(around[keys[:-1]][keys[-1]]).lower() for keys in more}
    if "false" in said.values():
        return ()
    found = next((keys for keys, value in said.items() if value == "true"), ())
    return found or next(
        ((*place, key) for place, item in around.items() for key, value in item.items() if names_next(key, value)),
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


def names_next(key: Any, value: Any) -> bool:
    """Whether a value is what names a next page, by the key that it is under."""
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
