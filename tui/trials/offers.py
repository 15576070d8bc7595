"""What was seen in answers and records that a field is likely to want: statuses, links, ids, lists, unique keys.

What is offered is looked for in few levels and few values, so that a large answer takes no longer than a small one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from core.jobs.job import ID_KEYS, LESSER_KEYS
from core.units import count
from core.wording import one_line
from tui.forms.hints import Offer
from tui.model.field_paths import format_field_path
from tui.model.status_names import suggested_meaning
from tui.trials.trial import Trial

_DEPTH = 6
_MOST = 300
"""Values of an answer that are looked at."""
_MOST_LOOKED = 3_000
"""Keys and items of an answer that are looked at, be they values or not."""
_SHOWN = 60
"""Characters of a value that are shown."""
_STATUS_KEY = re.compile(
    r"(status|state|phase|progress)(_?(code|name|text|value))?$|percent|^(is_?)?(done|completed?|ready|finished)$", re.I
)
_LINK_KEY = re.compile(r"(url|uri|href|link|location|file)s?$", re.I)
_ADDRESS = re.compile(r"https?://\S+$|/\S+$")
_ID_KEY = re.compile(r"(^|_|-)(?i:id|uuid|guid|key|handle|token)$|[a-z](Id|ID|Uuid|Guid|Handle|Token)$")
_OF_THE_CALL = re.compile(r"(request|trace|correlation|transaction|session)[_-]?id$", re.I)
"""Ids that APIs give to each call rather than to a job, in most."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


class Look(StrEnum):
    """What a value looks like."""

    STATUS = "status"
    LINK = "link"
    ID = "id"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Seen:
    """A value of an answer; `path` has the index of an item of a list, of which only the first is looked at."""

    path: tuple[str | int, ...]
    value: Any

    @property
    def look(self) -> Look:
        """What it looks like, by its value and by what it is called."""
        name = next((str(step) for step in reversed(self.path) if isinstance(step, str)), "")
        text = str(self.value)
        if isinstance(self.value, str) and _ADDRESS.match(text) and (_LINK_KEY.search(name) or "://" in text):
            return Look.LINK
        if _STATUS_KEY.search(name):
            return Look.STATUS
        plain = name.lower().replace("_", "").replace("-", "")
        if not isinstance(self.value, (bool, float)) and (
            plain in (*ID_KEYS, *LESSER_KEYS) or _ID_KEY.search(name) or _UUID.fullmatch(text)
        ):
            return Look.ID
        if isinstance(self.value, str) and text.isupper() and suggested_meaning(text):
            return Look.STATUS
        return Look.OTHER

    @property
    def detail(self) -> str:
        """The value, in a few words."""
        return one_line(str(self.value), _SHOWN)

    def template(self, variable: str) -> str:
        """The template that gives it."""
        return f"{{{{ {self.lookup(variable)} }}}}"

    def lookup(self, variable: str) -> str:
        """How it is looked up in a template."""
        return variable + "".join(f"[{step!r}]" for step in self.path)

    @property
    def field_path(self) -> str:
        """The path that finds it, and what is beside it in the lists around it; a list of plain values as a whole."""
        steps = self.path[:-1] if isinstance(self.path[-1], int) else self.path
        return format_field_path(["*" if isinstance(step, int) else step for step in steps])


def seen_in(answer: Any) -> list[Seen]:
    """The plain values of an answer, those of the upper levels first."""
    found: list[Seen] = []
    waiting: deque[tuple[tuple[str | int, ...], Any]] = deque([((), answer)])
    looked = 0
    while waiting and len(found) < _MOST and looked < _MOST_LOOKED:
        path, value = waiting.popleft()
        looked += 1
        if isinstance(value, Mapping):
            below: Iterable[tuple[str | int, Any]] = ((str(key), item) for key, item in islice(value.items(), _MOST))
        elif isinstance(value, list):
            below = [(0, value[0])] if value else []
        elif value is not None and path:
            found.append(Seen(path, value))
            continue
        else:
            continue
        if len(path) < _DEPTH:
            waiting.extend(((*path, step), item) for step, item in below)
    return found


def path_offers(answer: Any, *looks: Look) -> list[Offer]:
    """Field paths of the values in an answer: those that look like the first of `looks`, then the others."""
    return _once(Offer(one.field_path, one.detail) for one in _ranked(seen_in(answer), looks))


def template_offers(answer: Any, variable: str, *looks: Look) -> list[Offer]:
    """Templates for the values in an answer, which is known as `variable`; only those that look like one of `looks`."""
    found = [one for one in _ranked(seen_in(answer), looks) if not looks or one.look in looks]
    return [Offer(one.template(variable), one.detail) for one in found]


def address_offers(answer: Any, variable: str, bases: Sequence[str]) -> list[Offer]:
    """Addresses made of an answer: its links as they are, its ids behind each of `bases`."""
    offers = template_offers(answer, variable, Look.LINK)
    ids = template_offers(answer, variable, Look.ID)
    return [*offers, *(Offer(f"{base.rstrip('/')}/{one.value}", one.detail) for base in bases if base for one in ids)]


def list_offers(records: Sequence[Mapping[str, Any]], path: Sequence[str]) -> list[Offer]:
    """Paths to the lists of objects in a record that is the only one, which was found at `path`; the longest first."""
    if len(records) != 1:
        return []
    found = sorted(_lists(records[0], ()), key=lambda one: -len(one[1]))
    return [
        Offer(format_field_path([*path, *below]), f"a list of {count(len(items), 'object')}") for below, items in found
    ]


def record_path(trial: Trial) -> list[str]:
    """Where the records of a trial were found in the answers, as far as it is a path."""
    selector = getattr(trial.declared.retriever, "record_selector", None) if trial.declared is not None else None
    keys = selector.extractor.path_keys if selector is not None else None
    return [key.source for key in keys or ()]


def key_offers(records: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> list[Offer]:
    """The fields of records: those first whose values are there and differ in all of them, ids before others."""
    values: dict[str, set[Any]] = {}
    total = 0
    broken: set[str] = set()
    for record in records:
        total += 1
        for name, value in record.items():
            seen = values.setdefault(name, set())
            if not isinstance(value, (str, int)) or isinstance(value, bool) or value == "" or value in seen:
                broken.add(name)
            else:
                seen.add(value)
    unique = {name for name, seen in values.items() if name not in broken and len(seen) == total > 1}

    def rank(name: str) -> tuple[bool, bool]:
        return (name not in unique, Seen((name,), "").look is not Look.ID)

    detail = f"differs in all {total:,} records"
    return [Offer(name, detail if name in unique else "") for name in sorted(columns, key=rank)]


def _ranked(found: Iterable[Seen], looks: Sequence[Look]) -> list[Seen]:
    """The values that look like the first of `looks`, then the others; ids of the call after those of things."""

    def rank(one: Seen) -> tuple[int, bool]:
        look = one.look
        of_the_call = look is Look.ID and _OF_THE_CALL.search(str(one.path[-1])) is not None
        return (looks.index(look) if look in looks else len(looks), of_the_call)

    return sorted(found, key=rank)


def _lists(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    for key, item in islice(value.items(), _MOST):
        if isinstance(item, list) and item and isinstance(item[0], Mapping):
            yield (*path, str(key)), item
        elif isinstance(item, Mapping) and len(path) < _DEPTH:
            yield from _lists(item, (*path, str(key)))


def _once(offers: Iterable[Offer]) -> list[Offer]:
    first: dict[str, Offer] = {}
    for offer in offers:
        first.setdefault(offer.value, offer)
    return list(first.values())
