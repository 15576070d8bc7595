"""Finds the download targets of a job that is complete: what is there, what is empty, and whether it is all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.errors import ReadError
from core.http.messages import shorten
from core.levels import Level
from core.runtime.answers import Answer, body_of, found_instead, place_of
from core.runtime.context import Context
from core.runtime.field_path import evaluated, is_empty
from core.runtime.page_progress import next_page_named
from core.runtime.roles import Extractor


def targets_in(answer: Answer, extractor: Extractor, context: Context, follows: Callable[[str], bool]) -> list[Any]:
    """The targets that an answer holds. None where nothing or an empty list is at their place: there is no data.

    What is not read is told: empty targets, and those of further pages unless the manifest `follows` the key that names
    the next one. Raises `ReadError` when there is no such place, or what is there is `false`.
    """
    places = answer.find_as_is(extractor, context.scope(extractor))
    found = [part for item in places for part in _flat(item)]
    if not found or any(item is False for item in found):
        request = answer.response.request
        raise ReadError(
            f"The job is complete, but there is no download target at {place_of(extractor)} in the answer to "
            f"{request.method} {shorten(str(request.url))}: {found_instead(answer, extractor)}."
        )
    targets = [item for item in found if not is_empty(item)]
    if not targets:
        several = any(isinstance(item, list) and item for item in places)
        reason = f"all that is at {place_of(extractor)} is empty" if several else found_instead(answer, extractor)
        context.log(Level.INFO, f"The job is complete and has no data to download: {reason}.")
    elif len(targets) < len(found):
        context.log(
            Level.INFO, f"{len(found) - len(targets)} of {len(found)} download targets are empty: they have no data."
        )
    _warn_of_pages(answer, extractor, context, follows)
    return targets


def _warn_of_pages(answer: Answer, extractor: Extractor, context: Context, follows: Callable[[str], bool]) -> None:
    """Say once in a run of a stream that there are more targets."""
    path = evaluated(extractor.keys, context.scope(extractor)) if extractor.keys is not None else ()
    named = next_page_named(answer.response, body_of(answer), path)
    told: set[str] = context.run.shared(_warn_of_pages, set)
    if named is None or context.stream in told or follows(named.rpartition(".")[2]):
        return
    told.add(context.stream)
    context.log(
        Level.WARNING,
        f"The answer that holds the download targets names a next page (`{named}`), and nothing in the manifest "
        "follows it: the targets on further pages are not downloaded.",
    )


def _flat(item: Any) -> Iterator[Any]:
    if isinstance(item, list) and item:
        for part in item:
            yield from _flat(part)
    else:
        yield item
