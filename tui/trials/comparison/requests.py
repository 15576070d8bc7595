"""Requests of two trials that were made in one of them only, or were different: method, URL, headers, body, status.

What is compared is what people are shown of exchanges, where secrets are masked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from urllib.parse import urlsplit

from core.http.exchange import Exchange
from core.units import count
from tui.trials.comparison.report import Report, Stopped, body_lines, check, marked, name_of
from tui.trials.exchanges import ExchangeEntry
from tui.trials.trial import Trial
from tui.widgets.display_text import escape

MOST = 10_000
"""Requests of each trial that are compared."""
LISTED = 1_000
"""Lines of differences that are listed."""
_LONGEST_BODY = 50_000
"""Characters of a body that is compared line by line."""
_BODY_LINES = 60
_COMPUTED = frozenset({"content-length"})
"""Headers that follow from the body."""

Place = tuple[str, str, int | None, int | None]
"""What a request was for: its title, its partition, page and portion."""
Entries = Mapping[Place, Sequence[ExchangeEntry]]


def compare_requests(before: Trial, after: Trial, stopped: Stopped = lambda: False) -> Report:
    """Compare the requests of two trials, and how they were answered. Raises `ComparisonStopped` and `OSError`."""
    old, new = _by_place(before), _by_place(after)
    alike: dict[tuple[str, ...], list[str]] = {}
    compared = 0
    for place in dict.fromkeys([*new, *old]):
        check(stopped)
        for one, other in zip_longest(old.get(place, ()), new.get(place, ())):
            compared += 1
            found = tuple(_differences(before, after, one, other))
            if found:
                alike.setdefault(found, []).append(_name(place))
    differing = sum(map(len, alike.values()))
    remarks = []
    if max(len(before.exchanges), len(after.exchanges)) > MOST:
        remarks.append(f"Only the first {MOST:,} requests of each test were compared.")
    if not differing:
        return Report("=", " ".join([f"{count(compared, 'request')}, without a difference.", *remarks]))
    lines = [line for found, names in alike.items() for line in (f"  {_folded(names)}", *found)]
    if len(lines) > LISTED:
        remarks.append(f"The first {LISTED:,} lines are shown.")
    verb = "differs" if differing == 1 else "differ"
    summary = " ".join([f"{differing:,} of {count(compared, 'request')} {verb}.", *remarks])
    return Report(str(differing), summary, after.mask(before.mask("\n".join(lines[:LISTED]))))


def _by_place(trial: Trial) -> Entries:
    found: dict[Place, list[ExchangeEntry]] = {}
    for entry in trial.exchanges.entries[:MOST]:
        if entry.cancelled:
            continue
        partition = trial.state.numbered(entry.partition) if entry.partition is not None else None
        several = len(trial.state.partitions) > 1
        name = partition.name if partition is not None and several else ""
        found.setdefault((entry.title, name, entry.page, entry.event.portion), []).append(entry)
    return found


def _name(place: Place) -> str:
    title, partition, page, portion = place
    numbers = f" {page}" if page is not None else ""
    numbers += f", portion {portion}" if portion is not None else ""
    return escape(f"{title}{numbers}{f' · {partition}' if partition else ''}")


def _folded(names: Sequence[str]) -> str:
    return names[0] + (f" and {count(len(names) - 1, 'further request')}" if len(names) > 1 else "")


def _differences(before: Trial, after: Trial, one: ExchangeEntry | None, other: ExchangeEntry | None) -> Iterator[str]:
    if one is None or other is None:
        mark, entry, trial = ("+", other, after) if one is None else ("-", one, before)
        if entry is not None:
            yield f"{mark}   only in {name_of(trial)}: {entry.head.method} {escape(entry.head.url)}"
        return
    old, new = before.exchanges.exchange(one), after.exchanges.exchange(other)
    yield from _in_url(old, new)
    yield from marked(_headers(old), _headers(new))
    yield from _in_body(old.request_body or "", new.request_body or "")
    if old.status != new.status:
        yield f"-   answered {_status(old)}"
        yield f"+   answered {_status(new)}"


def _in_url(old: Exchange, new: Exchange) -> Iterator[str]:
    """The whole URL, or where that is all that differs, the parameters of its query."""
    one, other = urlsplit(old.url), urlsplit(new.url)
    if (old.method, one[:3], one.fragment) != (new.method, other[:3], other.fragment):
        yield f"-   {old.method} {escape(old.url)}"
        yield f"+   {new.method} {escape(new.url)}"
    elif one.query != other.query:
        yield from marked(
            [f"?{part}" for part in one.query.split("&")], [f"?{part}" for part in other.query.split("&")]
        )


def _headers(exchange: Exchange) -> Sequence[str]:
    headers = ((name.lower(), value) for name, value in exchange.request_headers)
    return sorted(f"{name}: {value}" for name, value in headers if name not in _COMPUTED)


def _in_body(old: str, new: str) -> Iterator[str]:
    if old == new:
        return
    if max(len(old), len(new)) > _LONGEST_BODY:
        yield f"-   body of {len(old):,} characters"
        yield f"+   body of {len(new):,} characters"
        return
    lines = list(marked(body_lines(old), body_lines(new)))
    yield from lines[:_BODY_LINES]
    if len(lines) > _BODY_LINES:
        yield f"    and {count(len(lines) - _BODY_LINES, 'further line')} of the body"


def _status(exchange: Exchange) -> str:
    if exchange.status is None:
        return f"with nothing: {escape(exchange.error or 'no answer')}"
    return escape(f"{exchange.status} {exchange.reason}".strip())
