"""Requests of two trials that were made in one of them only, or were different: method, URL, headers, body, status.

What is compared is what people are shown of exchanges, where secrets are masked. What is different each time
(`EachTime`) is no difference, nor how often a job was polled and whether a token was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from urllib.parse import urlsplit

from core.http.exchange import Exchange, Role
from core.units import count
from tui.trials.comparison.each_time import EachTime, Part
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
_PASSED_OVER = "Ids and links that the answers of each test gave, signatures and the time of a request are passed over."

Place = tuple[str, str, int | None, int | None]
"""What a request was for: its title, its partition, page and portion."""
Entries = Mapping[Place, Sequence[ExchangeEntry]]


def compare_requests(before: Trial, after: Trial, stopped: Stopped = lambda: False) -> Report:
    """Compare the requests of two trials, and how they were answered. Raises `ComparisonStopped` and `OSError`."""
    old, new = _by_place(before), _by_place(after)
    finder = _Finder(before, after)
    alike: dict[tuple[str, ...], list[str]] = {}
    compared = 0
    for place in dict.fromkeys([*new, *old]):
        check(stopped)
        for one, other in zip_longest(old.get(place, ()), new.get(place, ())):
            compared += 1
            found = tuple(finder.differences(one, other))
            if found:
                alike.setdefault(found, []).append(_name(place))
        finder.learn_last(old.get(place, ()), new.get(place, ()))
    differing = sum(map(len, alike.values()))
    remarks = [_PASSED_OVER] if finder.passed_over else []
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


class _Finder:
    """Finds what differs in the requests of two trials, in the order in which they were made."""

    def __init__(self, before: Trial, after: Trial) -> None:
        self._before = before
        self._after = after
        self._each_time = EachTime()
        self.passed_over = False
        """Whether something was different that is so in each test."""

    def differences(self, one: ExchangeEntry | None, other: ExchangeEntry | None) -> Iterator[str]:
        """What differs in two requests that were for the same, one of which may be missing."""
        if one is None or other is None:
            yield from self._missing(one, other)
            return
        old, new = self._before.exchanges.exchange(one), self._after.exchanges.exchange(other)
        yield from self._in_url(old, new)
        yield from self._in_lines(Part.HEADER, old, new, _headers(old), _headers(new))
        yield from self._in_body(old, new)
        if old.status != new.status:
            yield f"-   answered {_status(old)}"
            yield f"+   answered {_status(new)}"
        self._each_time.learn(old, new)

    def learn_last(self, before: Sequence[ExchangeEntry], after: Sequence[ExchangeEntry]) -> None:
        """Take in what the last answers gave where there were more in one trial: a last poll says where results are."""
        if before and after and len(before) != len(after):
            old, new = self._before.exchanges.exchange(before[-1]), self._after.exchanges.exchange(after[-1])
            self._each_time.learn(old, new)

    def _missing(self, one: ExchangeEntry | None, other: ExchangeEntry | None) -> Iterator[str]:
        mark, entry, trial = ("+", other, self._after) if one is None else ("-", one, self._before)
        if entry is None:
            return
        if entry.head.role is Role.AUTH or (entry.head.role is Role.POLL and entry.repeat > 1):
            self.passed_over = True
        else:
            yield f"{mark}   only in {name_of(trial)}: {entry.head.method} {escape(entry.head.url)}"

    def _in_url(self, old: Exchange, new: Exchange) -> Iterator[str]:
        """The whole URL, or where that is all that differs, the parameters of its query."""
        if old.method == new.method and self._each_time.gave(old.url, new.url):
            self.passed_over = True
            return
        one, other = urlsplit(old.url), urlsplit(new.url)
        addresses = ([f"{exchange.method} {exchange.url.partition('?')[0]}"] for exchange in (old, new))
        if any(self._in_lines(Part.ADDRESS, old, new, *addresses)) or one.fragment != other.fragment:
            yield f"-   {old.method} {escape(old.url)}"
            yield f"+   {new.method} {escape(new.url)}"
        else:
            yield from self._in_lines(Part.PARAMETER, old, new, _parameters(one.query), _parameters(other.query))

    def _in_body(self, old: Exchange, new: Exchange) -> Iterator[str]:
        before, after = old.request_body or "", new.request_body or ""
        if before == after:
            return
        if max(len(before), len(after)) > _LONGEST_BODY:
            yield f"-   body of {len(before):,} characters"
            yield f"+   body of {len(after):,} characters"
            return
        lines = list(self._in_lines(Part.BODY, old, new, body_lines(before), body_lines(after)))
        yield from lines[:_BODY_LINES]
        if len(lines) > _BODY_LINES:
            yield f"    and {count(len(lines) - _BODY_LINES, 'further line')} of the body"

    def _in_lines(
        self, part: Part, old: Exchange, new: Exchange, before: Sequence[str], after: Sequence[str]
    ) -> Iterator[str]:
        settled, passed_over = self._each_time.settled(part, before, after, (old.started, new.started))
        self.passed_over = self.passed_over or passed_over
        return marked(before, settled)


def _parameters(query: str) -> Sequence[str]:
    return [f"?{part}" for part in query.split("&") if part]


def _headers(exchange: Exchange) -> Sequence[str]:
    headers = ((name.lower(), value) for name, value in exchange.request_headers)
    return sorted(f"{name}: {value}" for name, value in headers if name not in _COMPUTED)


def _status(exchange: Exchange) -> str:
    if exchange.status is None:
        return f"with nothing: {escape(exchange.error or 'no answer')}"
    return escape(f"{exchange.status} {exchange.reason}".strip())
